//! The FastGPT third-party platform: accounts, sessions, administration and a console in front of FastGPT.
//!
//! The map of the house, from the street to the cellar; dependencies point down only:
//!
//! - [`cli`]: the commands of the binary, `serve` above all.
//! - [`backup`]: archives of everything that an installation cannot make again, and the way back.
//! - [`http`]: addresses, transports (HTTP, WebSocket), cookies, health, the embedded console.
//! - [`graphql`]: the schema, what every resolver uses (request, errors, pages, loaders), and the limits on documents.
//! - [`doctor`]: what is wrong with an installation, seen from outside, and what mends it.
//! - [`user`], [`session`], [`second_factor`], [`verification`], [`recovery`], [`registration`], [`log_level`] …: a folder a feature: its model, services, loaders and its part of the schema.
//! - [`gateway`]: everything a service needs, connected once; it keeps the features' models in memory and calls none
//!   of their services.
//! - [`auth`]: who is calling, as values that cannot be made up.
//! - [`identity_provider`]: who somebody is by the word of Google, GitHub, or a company's own directory.
//! - [`config`], [`telemetry`]: environment → settings, log and traces.
//! - [`store`]: database, cache, event bus and rate limits, on one laptop or on many replicas.
//! - [`error`], [`id`], [`email`], [`clock`], [`metrics`]: what everything stands on.

// The roots of the schema are merged one inside the other, which the compiler follows to the end.
#![recursion_limit = "256"]

pub mod api_key;
pub mod audit;
pub mod auth;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod data_export;
pub mod doctor;
pub mod email;
pub mod erasure;
pub mod error;
pub mod gateway;
pub mod graphql;
pub mod http;
pub mod id;
pub mod identity_provider;
pub mod invitation;
pub mod job;
pub mod known_device;
pub mod limits;
pub mod linked_account;
pub mod locale;
pub mod log_level;
pub mod mail;
pub mod metrics;
pub mod one_time_token;
pub mod owned;
pub mod recovery;
pub mod registration;
pub mod second_factor;
pub mod session;
pub mod store;
pub mod telemetry;
pub mod throttle;
pub mod user;
pub mod verification;
pub mod worker;
