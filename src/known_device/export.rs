//! Devices in the copy of a person's data.

use sea_orm::{ColumnTrait, Condition, ConnectionTrait};
use serde_json::json;
use uuid::Uuid;

use super::entity;
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
    let tell = |row: entity::Model| Row {
        id: row.id.into(),
        content: json!({
            "id": row.id.to_wire(),
            "userAgent": row.user_agent,
            "createdAt": row.created_at,
            "lastSeenAt": row.last_seen_at,
            "rememberedUntil": row.remembered_until,
        }),
    };
    Ok(rows.into_iter().map(tell).collect())
}
