//! Table `linked_accounts`.

use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{LinkedAccount, ProviderAccount};
use crate::id::{LinkedAccountId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "linked_accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LinkedAccountId,
    pub user_id: UserId,
    pub provider: String,
    /// Who it is at the provider.
    pub subject: String,
    pub email: Option<String>,
    /// A JSON list.
    pub group_names: Option<String>,
    pub linked_at: DateTimeUtc,
    pub last_used_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for LinkedAccount {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            provider: row.provider,
            email: row.email,
            groups: row.group_names.and_then(|groups| serde_json::from_str(&groups).ok()),
            linked_at: row.linked_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// What is kept of what the provider says, which may be another thing each time.
impl From<&ProviderAccount> for ActiveModel {
    fn from(account: &ProviderAccount) -> Self {
        Self {
            email: Set(account.email.clone()),
            group_names: Set(account.groups.as_ref().map(|groups| serde_json::json!(groups).to_string())),
            ..Default::default()
        }
    }
}
