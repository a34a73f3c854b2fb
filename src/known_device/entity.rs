//! Table `known_devices`.

use sea_orm::entity::prelude::*;

use super::KnownDevice;
use crate::id::{KnownDeviceId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "known_devices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: KnownDeviceId,
    pub user_id: UserId,
    pub token_hash: Vec<u8>,
    pub user_agent: String,
    pub created_at: DateTimeUtc,
    pub last_seen_at: DateTimeUtc,
    pub remembered_until: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for KnownDevice {
    fn from(row: Model) -> Self {
        Self { id: row.id, user_id: row.user_id, remembered_until: row.remembered_until }
    }
}
