//! The outbox, the latest mail first.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryTrait,
    sea_query::{Expr, Order},
};

use super::{Mail, MailState, entity};
use crate::{
    auth::Admin,
    error::Result,
    gateway::Gateway,
    id::MailId,
    store::page::{Page, Slice},
};

/// A page of the outbox.
///
/// # Errors
/// Internal only.
pub async fn list_page(
    gateway: &Gateway,
    _: &Admin,
    state: Option<MailState>,
    page: &Page<DateTime<Utc>>,
) -> Result<Slice<Mail>> {
    let (key, id) = (Expr::col(entity::Column::CreatedAt), Expr::col(entity::Column::Id));
    let mut select = in_state(state);
    page.order(QueryTrait::query(&mut select), &Order::Desc, key, id);
    let rows = select.all(&gateway.db).await?;
    Ok(page.slice(rows.into_iter().map(Mail::from).collect()))
}

/// How many mails there are.
///
/// # Errors
/// Internal only.
pub async fn count(gateway: &Gateway, _: &Admin, state: Option<MailState>) -> Result<u64> {
    Ok(in_state(state).count(&gateway.db).await?)
}

/// One mail.
///
/// # Errors
/// Internal only.
pub async fn find(gateway: &Gateway, _: &Admin, id: MailId) -> Result<Option<Mail>> {
    Ok(entity::Entity::find_by_id(id).one(&gateway.db).await?.map(Mail::from))
}

fn in_state(state: Option<MailState>) -> sea_orm::Select<entity::Entity> {
    entity::Entity::find().apply_if(state, |select, state| select.filter(entity::Column::State.eq(state)))
}
