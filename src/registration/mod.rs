//! How people come to an account.

pub mod graphql;
pub mod service;
