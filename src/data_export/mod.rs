//! Copies of everything that is kept about a person, for that person: a ZIP of JSON files.
//!
//! A job makes the copy ([`make`]), a page of rows at a time, and stores it in the database in chunks, since replicas share
//! no disk. It can be downloaded for a day by a link that the database alone cannot make. What is in it is told by
//! [`Subject`]; `erasure::TABLES` lists what is not, and why.

mod archive;
mod entity;
pub mod graphql;
mod link;
pub mod make;
pub mod rows;
pub mod service;
mod subject;
pub mod watch;

use async_graphql::Enum;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{DeriveActiveEnum, EnumIter};

pub use subject::Subject;

use crate::id::{DataExportId, UserId};

/// How long a copy can be downloaded.
pub const KEPT_FOR: TimeDelta = TimeDelta::days(1);
/// Copies that somebody may ask for within a day.
pub const REQUESTS_PER_DAY: u64 = 3;
/// Times that a copy may be downloaded within an hour.
pub const DOWNLOADS_PER_HOUR: u32 = 30;
/// The greatest copy, in bytes.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A copy of a person's data, or one in the making.
#[derive(Debug, Clone, PartialEq)]
pub struct DataExport {
    /// Identifier.
    pub id: DataExportId,
    /// Whose data it is.
    pub user_id: UserId,
    /// What has become of it.
    pub state: DataExportState,
    /// How much of it is made, from 0 to 1.
    pub progress: f64,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it was made, or given up.
    pub finished_at: Option<DateTime<Utc>>,
    /// Bytes of the archive; `None` where there is none.
    pub size_bytes: Option<u64>,
    /// When the download goes away, or went.
    pub expires_at: Option<DateTime<Utc>>,
    salt: Vec<u8>,
}

/// What has become of a copy of a person's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DataExportState {
    /// It waits for a worker.
    Queued,
    /// A worker is at it.
    Running,
    /// It can be downloaded.
    Ready,
    /// It could not be made.
    Failed,
    /// It was made, and is gone by now.
    Expired,
}
