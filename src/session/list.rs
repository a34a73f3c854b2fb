//! Lists of sessions, latest first, for one user or many at once.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, Condition};

use super::{Session, SessionState, entity, service};
use crate::{
    error::Result,
    gateway::Gateway,
    id::UserId,
    owned::{Columns, OwnedList, OwnedPage, select_counts, select_pages},
    store::page::Slice,
};

/// Each user's sessions: those that live, those that are over, or both.
#[derive(Debug)]
pub struct UserSessions;

impl OwnedList for UserSessions {
    type Item = Session;
    type Filter = Option<SessionState>;

    async fn pages(
        gateway: &Gateway,
        user_ids: &[UserId],
        state: Self::Filter,
        page: &OwnedPage,
    ) -> Result<HashMap<UserId, Slice<Session>>> {
        let columns = Columns {
            owner: entity::Column::UserId,
            time: entity::Column::CreatedAt,
            id: entity::Column::Id,
        };
        let which = of_users(gateway, user_ids, state);
        select_pages::<entity::Entity, _>(gateway, columns, which, page, |row| Some(row.user_id)).await
    }

    async fn counts(
        gateway: &Gateway,
        user_ids: &[UserId],
        state: Self::Filter,
    ) -> Result<HashMap<UserId, u64>> {
        let which = of_users(gateway, user_ids, state);
        select_counts::<entity::Entity>(gateway, entity::Column::UserId, which).await
    }
}

fn of_users(gateway: &Gateway, user_ids: &[UserId], state: Option<SessionState>) -> Condition {
    let of_users = Condition::all().add(entity::Column::UserId.is_in(user_ids.iter().copied()));
    match state {
        None => of_users,
        Some(SessionState::Active) => of_users.add(service::is_active(gateway)),
        Some(SessionState::Ended) => of_users.add(service::is_active(gateway).not()),
    }
}
