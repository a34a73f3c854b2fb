//! Table `jobs`.

use sea_orm::entity::prelude::*;

use super::{Job, JobKind, JobState};
use crate::id::JobId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    pub kind: JobKind,
    /// JSON.
    pub payload: String,
    /// Of jobs that are not finished, one has it.
    pub unique_key: Option<String>,
    pub state: JobState,
    pub created_at: DateTimeUtc,
    pub run_at: DateTimeUtc,
    pub attempts: i32,
    /// Whose attempt is under way.
    pub lease_id: Option<Uuid>,
    pub lease_expires_at: Option<DateTimeUtc>,
    pub last_error: Option<String>,
    pub finished_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Job {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            payload: serde_json::from_str(&row.payload).unwrap_or_default(),
            attempts: row.attempts,
        }
    }
}
