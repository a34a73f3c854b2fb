//! Invitations in the copy of a person's data: those that it got, and those that it sent.

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
    let own = Condition::any()
        .add(entity::Column::AcceptedBy.eq(user_id))
        .add(entity::Column::InvitedBy.eq(user_id));
    let rows = rows::next::<entity::Entity>(db, own, entity::Column::Id, after).await?;
    let tell = |row: entity::Model| {
        let is_own = row.accepted_by == Some(user_id);
        Row {
            id: row.id.into(),
            content: json!({
                "id": row.id.to_wire(),
                "direction": if is_own { "RECEIVED" } else { "SENT" },
                // Whom somebody invited is another person.
                "email": is_own.then_some(row.email),
                "role": row.role.to_value(),
                "locale": row.locale,
                "createdAt": row.created_at,
                "lastSentAt": row.last_sent_at,
                "expiresAt": row.expires_at,
                "acceptedAt": row.accepted_at,
                "withdrawnAt": row.withdrawn_at,
            }),
        }
    };
    Ok(rows.into_iter().map(tell).collect())
}
