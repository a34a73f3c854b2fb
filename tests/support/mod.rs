//! What a test starts with: a platform of its own, and people who talk to it over HTTP.
//!
//! ```ignore
//! let app = TestApp::start().await;
//! let zhang = app.with_user("张三").await;
//! assert_eq!(zhang.query("{ viewer { name } }").await.at("/viewer/name"), "张三");
//! ```

pub(crate) mod app;
pub(crate) mod authenticator;
pub(crate) mod backend;
pub(crate) mod client;
pub(crate) mod factors;
pub(crate) mod front;
pub(crate) mod github;
pub(crate) mod identity_provider;
pub(crate) mod introspection;
pub(crate) mod mailbox;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod response;
pub(crate) mod smtp;
pub(crate) mod socket;
pub(crate) mod source;

pub(crate) use app::{ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD, TestApp, email_of};
pub(crate) use client::Client;
pub(crate) use response::Response;
