//! API keys, the latest first: of one user, of many at once, of everybody.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryTrait,
    sea_query::{Expr, ExprTrait, Order},
};

use super::{ApiKey, ApiKeyState, entity};
use crate::{
    auth::Admin,
    error::Result,
    gateway::Gateway,
    id::UserId,
    owned::{Columns, OwnedList, OwnedPage, select_counts, select_pages},
    store::page::{Page, Slice},
};

/// Each user's keys.
#[derive(Debug)]
pub struct UserApiKeys;

impl OwnedList for UserApiKeys {
    type Item = ApiKey;
    type Filter = Option<ApiKeyState>;

    async fn pages(
        gateway: &Gateway,
        user_ids: &[UserId],
        state: Self::Filter,
        page: &OwnedPage,
    ) -> Result<HashMap<UserId, Slice<ApiKey>>> {
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

fn of_users(gateway: &Gateway, user_ids: &[UserId], state: Option<ApiKeyState>) -> Condition {
    in_state(state, gateway.clock.now()).add(entity::Column::UserId.is_in(user_ids.iter().copied()))
}

/// A page of everybody's keys.
///
/// # Errors
/// Internal only.
pub async fn list_page(
    gateway: &Gateway,
    _: &Admin,
    state: Option<ApiKeyState>,
    page: &Page<DateTime<Utc>>,
) -> Result<Slice<ApiKey>> {
    let (key, id) = (Expr::col(entity::Column::CreatedAt), Expr::col(entity::Column::Id));
    let mut select = entity::Entity::find().filter(in_state(state, gateway.clock.now()));
    page.order(QueryTrait::query(&mut select), &Order::Desc, key, id);
    let rows = select.all(&gateway.db).await?;
    Ok(page.slice(rows.into_iter().map(ApiKey::from).collect()))
}

/// How many keys there are of everybody's.
///
/// # Errors
/// Internal only.
pub async fn count(gateway: &Gateway, _: &Admin, state: Option<ApiKeyState>) -> Result<u64> {
    Ok(entity::Entity::find().filter(in_state(state, gateway.clock.now())).count(&gateway.db).await?)
}

/// [`ApiKey::state`] in SQL.
pub(super) fn in_state(state: Option<ApiKeyState>, now: DateTime<Utc>) -> Condition {
    use entity::Column;
    let unrevoked = Condition::all().add(Column::RevokedAt.is_null());
    match state {
        None => Condition::all(),
        Some(ApiKeyState::Revoked) => Condition::all().add(Column::RevokedAt.is_not_null()),
        Some(ApiKeyState::Expired) => unrevoked.add(Column::ExpiresAt.lte(now)),
        Some(ApiKeyState::Active) => unrevoked.add(Column::ExpiresAt.is_null().or(Column::ExpiresAt.gt(now))),
    }
}
