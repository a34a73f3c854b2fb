//! What happened to accounts, the latest first.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, Condition};

use super::{AuditEvent, entity};
use crate::{
    error::Result,
    gateway::Gateway,
    id::UserId,
    owned::{Columns, OwnedList, OwnedPage, select_counts, select_pages},
    store::page::Slice,
};

/// What happened to each user's account.
#[derive(Debug)]
pub struct UserActivity;

impl OwnedList for UserActivity {
    type Item = AuditEvent;
    type Filter = ();

    async fn pages(
        gateway: &Gateway,
        user_ids: &[UserId],
        (): (),
        page: &OwnedPage,
    ) -> Result<HashMap<UserId, Slice<AuditEvent>>> {
        let columns = Columns {
            owner: entity::Column::SubjectId,
            time: entity::Column::OccurredAt,
            id: entity::Column::Id,
        };
        let which = about(user_ids);
        select_pages::<entity::Entity, _>(gateway, columns, which, page, |row| row.subject_id).await
    }

    async fn counts(gateway: &Gateway, user_ids: &[UserId], (): ()) -> Result<HashMap<UserId, u64>> {
        select_counts::<entity::Entity>(gateway, entity::Column::SubjectId, about(user_ids)).await
    }
}

fn about(user_ids: &[UserId]) -> Condition {
    Condition::all().add(entity::Column::SubjectId.is_in(user_ids.iter().copied()))
}
