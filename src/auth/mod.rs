//! Who is calling, and the proofs of it.

pub mod access_token;
pub mod api_key_scopes;
pub mod breach;
pub mod client;
pub mod operator;
pub mod password;
pub mod principal;
pub mod relying_party;
pub mod secrets;
pub mod viewer;

pub use client::Client;
pub use operator::Operator;
pub use principal::Principal;
pub use relying_party::{NoPasskeys, RelyingParty};
pub use viewer::{Admin, RecentlyAuthenticated, SignedInViewer, Viewer};
