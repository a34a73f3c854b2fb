//! Whose an email address is: showing it for a new account, and changing it.

pub mod graphql;
pub mod requested;
pub mod service;
