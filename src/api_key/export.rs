//! API keys in the copy of a person's data.

use sea_orm::{ColumnTrait, Condition, ConnectionTrait};
use serde_json::json;
use uuid::Uuid;

use super::{ApiKey, entity};
use crate::{
    data_export::rows::{self, Row},
    error::Result,
    id::{TypedId, UserId},
};

pub(crate) async fn next_rows(
    db: &impl ConnectionTrait,
    user_id: UserId,
    after: Option<Uuid>,
) -> Result<Vec<Row>> {
    let own = Condition::all().add(entity::Column::UserId.eq(user_id));
    let rows = rows::next::<entity::Entity>(db, own, entity::Column::Id, after).await?;
    let tell = |row: entity::Model| {
        let key = ApiKey::from(row);
        Row {
            id: key.id.into(),
            content: json!({
                "id": key.id.to_wire(),
                "name": key.name,
                "prefix": key.prefix,
                "scopes": key.scopes.to_text(),
                "budgetPerMinute": key.budget_per_minute,
                "createdAt": key.created_at,
                "expiresAt": key.expires_at,
                "revokedAt": key.revoked_at,
                "lastUsedAt": key.last_used_at,
            }),
        }
    };
    Ok(rows.into_iter().map(tell).collect())
}
