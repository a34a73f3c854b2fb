//! Table `api_keys`.

use sea_orm::entity::prelude::*;

use super::{ApiKey, StoredApiKey};
use crate::{
    auth::api_key_scopes::Scopes,
    id::{ApiKeyId, UserId},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    pub user_id: UserId,
    pub name: String,
    /// How the key begins; no part of its secret.
    pub prefix: String,
    /// MAC of the key.
    pub secret_hash: Vec<u8>,
    /// Names with spaces between.
    pub scopes: String,
    pub budget_per_minute: Option<i32>,
    pub created_at: DateTimeUtc,
    pub expires_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
    pub last_used_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for ApiKey {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            name: row.name,
            prefix: row.prefix,
            scopes: Scopes::parse(&row.scopes),
            budget_per_minute: row.budget_per_minute.and_then(|points| u32::try_from(points).ok()),
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
        }
    }
}

impl From<Model> for StoredApiKey {
    fn from(row: Model) -> Self {
        Self { secret_hash: row.secret_hash.clone(), key: row.into() }
    }
}
