//! Table `data_exports`.

use sea_orm::entity::prelude::*;

use super::{DataExport, DataExportState};
use crate::id::{DataExportId, UserId};

pub(super) mod chunk;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "data_exports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DataExportId,
    pub user_id: UserId,
    pub state: DataExportState,
    pub progress: f64,
    /// Whose attempt is under way.
    pub run_id: Option<Uuid>,
    pub salt: Vec<u8>,
    /// Of the chunks that there are.
    pub size_bytes: i64,
    pub requested_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    pub expires_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A row as it is at a time: what has run out by then has expired, whether or not it was removed already.
impl From<(Model, DateTimeUtc)> for DataExport {
    fn from((row, now): (Model, DateTimeUtc)) -> Self {
        let has_run_out = row.expires_at.is_some_and(|at| at <= now);
        let state = match row.state {
            DataExportState::Ready if has_run_out => DataExportState::Expired,
            state => state,
        };
        Self {
            id: row.id,
            user_id: row.user_id,
            state,
            progress: row.progress,
            requested_at: row.requested_at,
            finished_at: row.finished_at,
            size_bytes: (state == DataExportState::Ready).then_some(row.size_bytes.unsigned_abs()),
            expires_at: row.expires_at,
            salt: row.salt,
        }
    }
}
