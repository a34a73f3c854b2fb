//! Table `sessions`.

use sea_orm::entity::prelude::*;

use super::{EndReason, Session};
use crate::id::{KnownDeviceId, SessionId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    pub user_id: UserId,
    pub user_agent: String,
    pub ip: String,
    pub created_at: DateTimeUtc,
    pub last_active_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    pub end_reason: Option<EndReason>,
    /// MAC of the refresh token that is good now.
    pub refresh_hash: Vec<u8>,
    /// MAC of the token it replaced.
    pub previous_refresh_hash: Option<Vec<u8>>,
    /// With the replaced token it makes the present one again, for a caller who missed the answer.
    pub refresh_salt: Option<Vec<u8>>,
    /// When the token was last replaced.
    pub refreshed_at: DateTimeUtc,
    /// When its user last showed who it is; none where an older release began it.
    pub authenticated_at: Option<DateTimeUtc>,
    /// The device that it was begun on.
    pub known_device_id: Option<KnownDeviceId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Session {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            user_agent: row.user_agent,
            ip: row.ip,
            created_at: row.created_at,
            last_active_at: row.last_active_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            end_reason: row.end_reason,
            authenticated_at: row.authenticated_at.unwrap_or(row.created_at),
        }
    }
}
