//! Sign-in by identity providers, against some on loopback.

mod accounts;
mod github;
mod journeys;
mod linking;
mod providers;
mod recency;
mod roles;
mod sign_in;
mod tokens;
