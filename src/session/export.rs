//! Sessions in the copy of a person's data.

use sea_orm::{ActiveEnum, ColumnTrait, Condition, ConnectionTrait};
use serde_json::json;
use uuid::Uuid;

use super::{device::Device, entity};
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
            "device": Device::parse(&row.user_agent).label(),
            "userAgent": row.user_agent,
            "ip": row.ip,
            "createdAt": row.created_at,
            "authenticatedAt": row.authenticated_at,
            "lastActiveAt": row.last_active_at,
            "refreshedAt": row.refreshed_at,
            "expiresAt": row.expires_at,
            "endedAt": row.ended_at,
            "endReason": row.end_reason.map(|reason| reason.to_value()),
        }),
    };
    Ok(rows.into_iter().map(tell).collect())
}
