//! Erasing accounts: asked for by their owners, put off by two weeks in which they may think again, and then done by a job,
//! as a whole or not at all.
//!
//! What belongs to an account goes with its row, by its foreign key. What is left is here: the record of what happened keeps
//! no personal data, and what was sent to the person's address before there was an account goes as well. [`TABLES`] lists
//! everything that tells of people, and a test holds the list against the database.

pub mod graphql;
pub mod service;
mod tables;

use chrono::TimeDelta;

pub use tables::{Copied, Erased, PersonalTable, TABLES};

/// How long an account that is to be erased may still be kept.
pub const GRACE: TimeDelta = TimeDelta::days(14);
/// How long the last administrator's account is kept before it is looked at again.
pub const PUT_OFF: TimeDelta = TimeDelta::days(1);
