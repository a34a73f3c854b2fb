//! Table `one_time_tokens`.

use sea_orm::entity::prelude::*;

use super::{OneTimeToken, Purpose};
use crate::id::{OneTimeTokenId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "one_time_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OneTimeTokenId,
    pub purpose: Purpose,
    pub user_id: Option<UserId>,
    pub email: Option<String>,
    /// JSON.
    pub data: String,
    pub salt: Vec<u8>,
    /// Codes that were tried.
    pub attempts: i32,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub used_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for OneTimeToken {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            purpose: row.purpose,
            user_id: row.user_id,
            email: row.email,
            data: serde_json::from_str(&row.data).unwrap_or_default(),
            expires_at: row.expires_at,
        }
    }
}
