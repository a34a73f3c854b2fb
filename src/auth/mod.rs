//! Who is calling, and the proofs of it.

pub mod access_token;
pub mod operator;
pub mod password;
pub mod principal;
pub mod secrets;
pub mod viewer;

pub use operator::Operator;
pub use principal::Principal;
pub use viewer::{Admin, Viewer};
