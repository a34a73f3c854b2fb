//! Lists of sessions, latest first, for one user or many at once.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::{Alias, Asterisk, Expr, ExprTrait, Order, Query, WindowStatement},
};

use super::{Session, SessionState, entity, service};
use crate::{
    error::Result,
    gateway::Gateway,
    id::UserId,
    store::page::{Page, Slice},
};

/// A page of a list ordered by time of sign-in.
pub type SessionPage = Page<DateTime<Utc>>;

/// The order of the lists: latest first.
const ORDER: Order = Order::Desc;

/// The same page of each of these users' sessions, in one statement: rows are numbered within each user.
pub(super) async fn pages(
    gateway: &Gateway,
    user_ids: &[UserId],
    state: Option<SessionState>,
    page: &SessionPage,
) -> Result<HashMap<UserId, Slice<Session>>> {
    let (key, id) = (Expr::col(entity::Column::CreatedAt), Expr::col(entity::Column::Id));
    let reading_order = page.reading_order(&ORDER);
    let place = Alias::new("place");
    let within_user = WindowStatement::partition_by(entity::Column::UserId)
        .order_by_expr(key.clone(), reading_order.clone())
        .order_by_expr(id.clone(), reading_order)
        .to_owned();

    let mut numbered = Query::select()
        .column(Asterisk)
        .expr_window_as(Expr::cust("ROW_NUMBER()"), within_user, place.clone())
        .from(entity::Entity)
        .cond_where(of_users(gateway, user_ids, state))
        .to_owned();
    page.narrow(&mut numbered, &ORDER, &key, &id);
    let statement = Query::select()
        .column(Asterisk)
        .from_subquery(numbered, Alias::new("numbered"))
        .and_where(Expr::col(place.clone()).lte(page.limit()))
        .order_by(place, Order::Asc)
        .to_owned();

    let rows = entity::Model::find_by_statement(gateway.db.get_database_backend().build(&statement))
        .all(&gateway.db)
        .await?;
    let mut of_user: HashMap<UserId, Vec<Session>> = HashMap::new();
    for row in rows {
        of_user.entry(row.user_id).or_default().push(row.into());
    }
    Ok(of_user.into_iter().map(|(user_id, sessions)| (user_id, page.slice(sessions))).collect())
}

/// How many sessions each of these users has; users without any are left out.
pub(super) async fn counts(
    gateway: &Gateway,
    user_ids: &[UserId],
    state: Option<SessionState>,
) -> Result<HashMap<UserId, u64>> {
    let counts: Vec<(UserId, i64)> = entity::Entity::find()
        .select_only()
        .column(entity::Column::UserId)
        .column_as(entity::Column::Id.count(), "count")
        .filter(of_users(gateway, user_ids, state))
        .group_by(entity::Column::UserId)
        .into_tuple()
        .all(&gateway.db)
        .await?;
    Ok(counts.into_iter().map(|(user_id, count)| (user_id, count.unsigned_abs())).collect())
}

fn of_users(gateway: &Gateway, user_ids: &[UserId], state: Option<SessionState>) -> Condition {
    let of_users = Condition::all().add(entity::Column::UserId.is_in(user_ids.iter().copied()));
    match state {
        None => of_users,
        Some(SessionState::Active) => of_users.add(service::is_active(gateway)),
        Some(SessionState::Ended) => of_users.add(service::is_active(gateway).not()),
    }
}
