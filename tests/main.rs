//! The integration suite: one binary, one file a subject. See `support/mod.rs` for what a test starts with.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "an `.unwrap()` in a test is its assertion")]

mod support;

mod activity;
mod answers;
mod api_keys;
mod authz;
mod backup;
mod breached_passwords;
mod budget;
mod check_health;
mod config;
mod connections;
mod data_export;
mod docs;
mod doctor;
mod documents;
mod erasure;
mod errors;
mod graphql_over_http;
mod hostile;
mod http;
mod identity_docs;
mod invitations;
mod jobs;
mod layering;
mod limits;
mod live_sockets;
mod log_level;
mod mail;
mod metrics;
mod monitoring;
mod oauth;
mod paging;
mod processes;
mod reauthentication;
mod recovery;
mod refresh;
mod registration;
mod replicas;
mod schema;
mod second_factors;
mod sessions;
mod shutdown;
mod sign_in;
mod statements;
mod throttling;
mod traces;
mod upgrade;
mod users;
mod variables;
mod verification;
mod ways_in;
mod websocket;
mod workers;
