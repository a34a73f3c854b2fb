//! The end of an account: set for a day, taken back, carried out.
//!
//! Each of the three is one UPDATE or DELETE on the condition that the day is still set, or is not. So a change of mind
//! in the very moment of the erasure either comes before it, which then finds nothing to do, or finds no account.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, PaginatorTrait,
    QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, LockType, Order, Query},
};

use super::{User, UserStatus, credential::Credential, entity};
use crate::{
    auth::viewer::Role,
    error::{Error, Result},
    gateway::Gateway,
    id::UserId,
};

const LAST_ADMIN: Error =
    Error::Conflict("You are the last administrator: have somebody else become one first.");

/// Sets the day on which an account is erased; `None` where one is set already.
///
/// # Errors
/// `CONFLICT` for the last administrator who stays; `INVALID_CREDENTIALS` when password or status have changed since they
/// were checked.
pub async fn schedule(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    credential: &Credential,
    at: DateTime<Utc>,
) -> Result<Option<User>> {
    let id = credential.user.id;
    hold_admins(transaction).await?;
    let change = entity::ActiveModel {
        deletion_scheduled_at: Set(Some(at)),
        updated_at: Set(gateway.clock.now()),
        ..Default::default()
    };
    let updated = entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::Id.eq(id))
        .filter(entity::Column::Status.eq(UserStatus::Active))
        .filter(entity::Column::DeletionScheduledAt.is_null())
        .apply_if(credential.password_hash(), |update, hash| {
            update.filter(entity::Column::PasswordHash.eq(hash))
        })
        .exec_with_returning(transaction)
        .await?;
    let Some(row) = updated.into_iter().next() else {
        let row = entity::Entity::find_by_id(id).one(transaction).await?;
        let is_set = row.is_some_and(|row| row.deletion_scheduled_at.is_some());
        return if is_set { Ok(None) } else { Err(Error::InvalidCredentials) };
    };
    let staying = other_admins(id).add(entity::Column::DeletionScheduledAt.is_null());
    if row.role == Role::Admin && is_none(transaction, staying).await? {
        return Err(LAST_ADMIN);
    }
    Ok(Some(row.into()))
}

/// Takes that day back; `None` where none is set.
///
/// # Errors
/// Internal only.
pub async fn cancel(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    id: UserId,
) -> Result<Option<User>> {
    let change = entity::ActiveModel {
        deletion_scheduled_at: Set(None),
        updated_at: Set(gateway.clock.now()),
        ..Default::default()
    };
    let updated = entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::Id.eq(id))
        .filter(entity::Column::DeletionScheduledAt.is_not_null())
        .exec_with_returning(transaction)
        .await?;
    Ok(updated.into_iter().next().map(User::from))
}

/// Whether an account may be erased now.
#[derive(Debug)]
pub enum Claim {
    /// It may, and nobody changes its row until the transaction ends.
    Due(Box<User>),
    /// There is none, or its day was taken back or is still to come.
    NotDue,
    /// It may not: it is the last administrator's.
    LastAdmin(UserId),
}

/// Claims an account whose day has come.
///
/// # Errors
/// Internal only.
pub async fn claim(gateway: &Gateway, transaction: &DatabaseTransaction, id: UserId) -> Result<Claim> {
    hold_admins(transaction).await?;
    let held = entity::Entity::update_many()
        .col_expr(entity::Column::UpdatedAt, Expr::val(gateway.clock.now()))
        .filter(entity::Column::Id.eq(id))
        .filter(entity::Column::DeletionScheduledAt.lte(gateway.clock.now()))
        .exec_with_returning(transaction)
        .await?;
    let Some(row) = held.into_iter().next() else { return Ok(Claim::NotDue) };
    let is_admin = row.role == Role::Admin && row.status == UserStatus::Active;
    if is_admin && is_none(transaction, other_admins(id)).await? {
        return Ok(Claim::LastAdmin(id));
    }
    Ok(Claim::Due(Box::new(row.into())))
}

/// Removes an account that was claimed, and with it all that belongs to it.
///
/// # Errors
/// Internal only.
pub async fn remove(transaction: &DatabaseTransaction, id: UserId) -> Result<()> {
    entity::Entity::delete_by_id(id).exec(transaction).await?;
    Ok(())
}

/// The accounts whose day has come: at most so many, in no particular order.
///
/// # Errors
/// Internal only.
pub async fn list_due(gateway: &Gateway, most: u64) -> Result<Vec<(UserId, DateTime<Utc>)>> {
    let due = entity::Entity::find()
        .filter(entity::Column::DeletionScheduledAt.lte(gateway.clock.now()))
        .limit(most)
        .all(&gateway.db)
        .await?;
    Ok(due.into_iter().filter_map(|row| Some((row.id, row.deletion_scheduled_at?))).collect())
}

/// Has those who may take an administrator away wait for each other until the transaction ends: each of the last two
/// would count the other one otherwise. On SQLite, which locks no rows, the UPDATE makes this transaction the one writer.
pub(super) async fn hold_admins(transaction: &DatabaseTransaction) -> Result<()> {
    let mut admins = Query::select()
        .column(entity::Column::Id)
        .from(entity::Entity)
        .cond_where(active_admins())
        .order_by(entity::Column::Id, Order::Asc)
        .to_owned();
    if transaction.get_database_backend() == DbBackend::Postgres {
        admins.lock(LockType::Update);
    }
    entity::Entity::update_many()
        .col_expr(entity::Column::UpdatedAt, Expr::col(entity::Column::UpdatedAt))
        .filter(Expr::col(entity::Column::Id).in_subquery(admins))
        .exec(transaction)
        .await?;
    Ok(())
}

fn active_admins() -> Condition {
    Condition::all()
        .add(entity::Column::Role.eq(Role::Admin))
        .add(entity::Column::Status.eq(UserStatus::Active))
}

pub(super) fn other_admins(than: UserId) -> Condition {
    active_admins().add(entity::Column::Id.ne(than))
}

pub(super) async fn is_none(transaction: &DatabaseTransaction, which: Condition) -> Result<bool> {
    Ok(entity::Entity::find().filter(which).count(transaction).await? == 0)
}
