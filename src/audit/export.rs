//! What happened, in the copy of a person's data: to the account, and what its owner did elsewhere.

use sea_orm::{ActiveEnum, ColumnTrait, Condition, ConnectionTrait};
use serde_json::{Value, json};
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
    let own =
        Condition::any().add(entity::Column::SubjectId.eq(user_id)).add(entity::Column::ActorId.eq(user_id));
    let rows = rows::next::<entity::Entity>(db, own, entity::Column::Id, after).await?;
    Ok(rows.into_iter().map(|row| Row { id: row.id.into(), content: tell(row, user_id) }).collect())
}

/// What tells of somebody else is left out: where an administrator was, and what was done to others' accounts.
fn tell(row: entity::Model, user_id: UserId) -> Value {
    let is_about_others = row.subject_id != Some(user_id);
    let is_by_others = row.actor_id.is_some_and(|actor| actor != user_id);
    let details: Value = serde_json::from_str(&row.details).unwrap_or_default();
    json!({
        "id": row.id.to_wire(),
        "kind": row.kind,
        "occurredAt": row.occurred_at,
        "actor": row.actor.to_value(),
        "account": if is_about_others { "OTHER" } else { "OWN" },
        "ip": row.ip.filter(|_| !is_by_others),
        "userAgent": row.user_agent.filter(|_| !is_by_others),
        "requestId": row.request_id.filter(|_| !is_by_others),
        "details": if is_about_others { Value::Null } else { details },
    })
}
