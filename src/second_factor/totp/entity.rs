//! Table `totp_secrets`.

use sea_orm::entity::prelude::*;

use super::Totp;
use crate::id::UserId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "totp_secrets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// Encrypted, for this account alone.
    pub sealed: Vec<u8>,
    pub last_used_step: i64,
    pub enabled_at: DateTimeUtc,
    pub last_used_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Totp {
    fn from(row: Model) -> Self {
        Self { enabled_at: row.enabled_at, last_used_at: row.last_used_at }
    }
}
