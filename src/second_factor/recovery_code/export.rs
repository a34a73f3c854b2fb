//! Recovery codes in the copy of a person's data: that there are some, and not which.

use sea_orm::{ColumnTrait, Condition, ConnectionTrait};
use serde_json::json;
use uuid::Uuid;

use super::entity;
use crate::{
    data_export::rows::{self, Row},
    error::Result,
    id::UserId,
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
            "createdAt": row.created_at,
            "usedAt": row.used_at,
        }),
    };
    Ok(rows.into_iter().map(tell).collect())
}
