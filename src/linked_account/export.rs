//! Linked accounts in the copy of a person's data.

use sea_orm::{ColumnTrait, Condition, ConnectionTrait};
use serde_json::json;
use uuid::Uuid;

use super::{LinkedAccount, entity};
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
    Ok(rows.into_iter().map(tell).collect())
}

fn tell(row: entity::Model) -> Row {
    let subject = row.subject.clone();
    let account = LinkedAccount::from(row);
    Row {
        id: account.id.into(),
        content: json!({
            "id": account.id.to_wire(),
            "provider": account.provider,
            "subject": subject,
            "email": account.email,
            "groups": account.groups,
            "linkedAt": account.linked_at,
            "lastUsedAt": account.last_used_at,
        }),
    }
}
