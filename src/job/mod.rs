//! Work behind the answers: a durable queue in the database, shared by all replicas.
//!
//! A job is written in the transaction of the change that needs it, so that neither is without the other. A worker
//! takes it under a lease: a worker that dies is followed by another once its lease has run out. So a job may be run
//! more than once, and each kind has to bear that.

mod entity;
pub mod service;
pub mod worker;

use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde_json::Value;

use crate::id::JobId;

/// A piece of work that a worker has taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Identifier.
    pub id: JobId,
    /// What is to be done.
    pub kind: JobKind,
    /// With what.
    pub payload: Value,
    /// How often it was begun, this time included.
    pub attempts: i32,
}

impl Job {
    /// Whether a failure of this attempt is the last.
    #[must_use]
    pub fn is_last_attempt(&self) -> bool {
        self.attempts >= self.kind.most_attempts()
    }
}

/// What workers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum JobKind {
    /// Sends a mail.
    SendMail,
    /// Writes the mail that a request asked for which may not tell whether there is such an account.
    WriteMail,
    /// Removes what has run out, and comes back an hour later.
    CleanUp,
    /// Erases an account whose day has come.
    EraseAccount,
    /// Makes a copy of a person's data.
    ExportData,
}

impl JobKind {
    /// How often a job is tried.
    #[must_use]
    pub fn most_attempts(self) -> i32 {
        match self {
            // With the pauses below, for a day and a half.
            Self::SendMail | Self::WriteMail => 12,
            Self::ExportData => 5,
            Self::CleanUp | Self::EraseAccount => i32::MAX,
        }
    }

    /// How long a worker may take before another one does it again.
    #[must_use]
    pub fn lease(self) -> Duration {
        match self {
            Self::SendMail | Self::WriteMail => Duration::from_secs(90),
            Self::CleanUp | Self::EraseAccount => Duration::from_secs(300),
            Self::ExportData => Duration::from_secs(600),
        }
    }
}

/// The pause before a job that has failed `attempts` times is tried again: 10 s, doubled each time, 6 h at most.
#[must_use]
pub fn pause_after(attempts: i32) -> TimeDelta {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or_default().min(16);
    TimeDelta::seconds((10_i64 << doublings).min(6 * 3600))
}

/// Whether a job waits, runs, or is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobState {
    /// Waits for its time or a worker.
    Queued,
    /// A worker has it.
    Running,
    /// Done.
    Succeeded,
    /// Given up.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_six_hours() {
        let pauses: Vec<i64> = [1, 2, 3, 12, 40, i32::MAX].map(|n| pause_after(n).num_seconds()).into();
        assert_eq!(pauses, [10, 20, 40, 20_480, 21_600, 21_600]);
        let tried_for: i64 = (1..JobKind::SendMail.most_attempts()).map(|n| pause_after(n).num_hours()).sum();
        assert!(tried_for < 48, "{tried_for} h");
    }
}
