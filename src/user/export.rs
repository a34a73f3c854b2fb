//! The account in the copy of a person's data.

use sea_orm::{ActiveEnum, ColumnTrait, Condition, ConnectionTrait};
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
    let own = Condition::all().add(entity::Column::Id.eq(user_id));
    let rows = rows::next::<entity::Entity>(db, own, entity::Column::Id, after).await?;
    let tell = |row: entity::Model| Row {
        id: row.id.into(),
        content: json!({
            "id": row.id.to_wire(),
            "email": row.email,
            "emailVerified": row.email_verified,
            "name": row.name,
            "role": row.role.to_value(),
            "status": row.status.to_value(),
            "locale": row.locale,
            "hasPassword": row.has_password,
            "hasSecondFactor": row.has_second_factor,
            "createdAt": row.created_at,
            "updatedAt": row.updated_at,
            "lastSignInAt": row.last_sign_in_at,
            "deletionScheduledAt": row.deletion_scheduled_at,
        }),
    };
    Ok(rows.into_iter().map(tell).collect())
}
