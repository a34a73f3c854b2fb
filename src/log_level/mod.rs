//! The log level, changed by an administrator for a while, on every replica.

pub mod graphql;
pub mod service;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{store::bus::Topic, telemetry::LogLevel};

/// A level that holds for a while in place of the configured one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLevelChange {
    /// How much the platform logs.
    pub level: LogLevel,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// What holds from now on; `None`: what is configured.
const LOG_LEVEL_CHANGED: Topic<Option<LogLevelChange>> = Topic::new("log-level");
