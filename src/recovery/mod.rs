//! Ways back into an account, and out of somebody else's hands.

pub mod graphql;
pub mod service;
