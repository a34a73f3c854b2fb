//! Invitations, the latest first.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryTrait,
    sea_query::{Expr, Order},
};

use super::{Invitation, InvitationState, entity};
use crate::{
    auth::Admin,
    error::Result,
    gateway::Gateway,
    id::InvitationId,
    store::page::{Page, Slice},
};

/// A page of invitations.
///
/// # Errors
/// Internal only.
pub async fn list_page(
    gateway: &Gateway,
    _: &Admin,
    state: Option<InvitationState>,
    page: &Page<DateTime<Utc>>,
) -> Result<Slice<Invitation>> {
    let (key, id) = (Expr::col(entity::Column::CreatedAt), Expr::col(entity::Column::Id));
    let mut select = in_state(state, gateway.clock.now());
    page.order(QueryTrait::query(&mut select), &Order::Desc, key, id);
    let rows = select.all(&gateway.db).await?;
    Ok(page.slice(rows.into_iter().map(Invitation::from).collect()))
}

/// How many invitations there are.
///
/// # Errors
/// Internal only.
pub async fn count(gateway: &Gateway, _: &Admin, state: Option<InvitationState>) -> Result<u64> {
    Ok(in_state(state, gateway.clock.now()).count(&gateway.db).await?)
}

/// One invitation.
///
/// # Errors
/// Internal only.
pub async fn find(gateway: &Gateway, _: &Admin, id: InvitationId) -> Result<Option<Invitation>> {
    Ok(entity::Entity::find_by_id(id).one(&gateway.db).await?.map(Invitation::from))
}

/// [`Invitation::state`] in SQL.
fn in_state(state: Option<InvitationState>, now: DateTime<Utc>) -> sea_orm::Select<entity::Entity> {
    use entity::Column;
    let open = Condition::all().add(Column::AcceptedAt.is_null()).add(Column::WithdrawnAt.is_null());
    let condition = match state {
        None => Condition::all(),
        Some(InvitationState::Accepted) => Condition::all().add(Column::AcceptedAt.is_not_null()),
        Some(InvitationState::Withdrawn) => {
            Condition::all().add(Column::AcceptedAt.is_null()).add(Column::WithdrawnAt.is_not_null())
        }
        Some(InvitationState::Pending) => open.add(Column::ExpiresAt.gt(now)),
        Some(InvitationState::Expired) => open.add(Column::ExpiresAt.lte(now)),
    };
    entity::Entity::find().filter(condition)
}
