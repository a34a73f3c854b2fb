//! Making recovery codes, and taking each once.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    sea_query::Expr,
};

use super::{COUNT, RecoveryCode, entity};
use crate::{
    audit::{self, Entry, Kind},
    auth::{Client, RecentlyAuthenticated},
    error::{Error, Result},
    gateway::Gateway,
    id::{RecoveryCodeId, TypedId, UserId},
    job,
    mail::{self, Letter, MailKind},
    owned::select_counts,
    store::rate_limit::Quota,
    user,
};

/// How often an hour an account may have new ones.
pub const GENERATED_AN_HOUR: u32 = 10;

/// Makes ten new codes in the place of those that are there, and shows them once.
///
/// # Errors
/// `CONFLICT` for an account without a second factor.
pub async fn generate(
    gateway: &Gateway,
    viewer: &RecentlyAuthenticated,
    client: &Client,
) -> Result<Vec<String>> {
    let quota = Quota::per_hour(GENERATED_AN_HOUR);
    gateway.limit(&format!("recovery-codes:{}", viewer.user_id()), quota).await?;
    let transaction = gateway.begin().await?;
    let user = user::service::hold(gateway, &transaction, viewer.user_id()).await?;
    if !user.has_second_factor {
        return Err(Error::Conflict("Set up an authenticator app or a passkey first."));
    }
    let codes = replace(gateway, &transaction, user.id).await?;
    let letter = Letter::to(&user, MailKind::SecondFactorsChanged);
    mail::service::send(gateway, &transaction, letter).await?;
    let entry = Entry::by(viewer.viewer(), Kind::RecoveryCodesGenerated).from(client);
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    job::service::wake(gateway);
    Ok(codes)
}

/// Puts ten new codes in the place of those that are there.
pub(in crate::second_factor) async fn replace(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
) -> Result<Vec<String>> {
    remove(db, user_id).await?;
    let codes: Vec<RecoveryCode> = (0..COUNT).map(|_| RecoveryCode::generate()).collect();
    let row = |code: &RecoveryCode| entity::ActiveModel {
        id: Set(RecoveryCodeId::generate()),
        user_id: Set(user_id),
        code_hash: Set(code.hash(&gateway.session_key, user_id)),
        created_at: Set(gateway.clock.now()),
        used_at: Set(None),
    };
    entity::Entity::insert_many(codes.iter().map(row)).exec_without_returning(db).await?;
    Ok(codes.iter().map(RecoveryCode::for_reading).collect())
}

/// Removes a user's codes.
pub(in crate::second_factor) async fn remove(db: &impl ConnectionTrait, user_id: UserId) -> Result<()> {
    entity::Entity::delete_many().filter(entity::Column::UserId.eq(user_id)).exec(db).await?;
    Ok(())
}

/// How many codes a user has left.
///
/// # Errors
/// Internal only.
pub async fn count_left(db: &impl ConnectionTrait, user_id: UserId) -> Result<u64> {
    Ok(entity::Entity::find().filter(left_of(&[user_id])).count(db).await?)
}

/// How many codes each of these users has left; users without any are left out.
///
/// # Errors
/// Internal only.
pub async fn count_left_of(gateway: &Gateway, user_ids: &[UserId]) -> Result<HashMap<UserId, u64>> {
    select_counts::<entity::Entity>(gateway, entity::Column::UserId, left_of(user_ids)).await
}

fn left_of(user_ids: &[UserId]) -> Condition {
    Condition::all()
        .add(entity::Column::UserId.is_in(user_ids.iter().copied()))
        .add(entity::Column::UsedAt.is_null())
}

/// Looks at a code. It counts once [`use_up`] has used it up.
///
/// # Errors
/// `INVALID_CODE`.
pub(in crate::second_factor) async fn check(
    gateway: &Gateway,
    user_id: UserId,
    code: &str,
) -> Result<RecoveryCodeId> {
    let code = RecoveryCode::parse(code).ok_or(Error::InvalidCode)?;
    let found = entity::Entity::find()
        .filter(left_of(&[user_id]))
        .filter(entity::Column::CodeHash.eq(code.hash(&gateway.session_key, user_id)))
        .one(&gateway.db)
        .await?;
    Ok(found.ok_or(Error::InvalidCode)?.id)
}

/// Uses a code up, and tells how many are left.
///
/// # Errors
/// `INVALID_CODE` when that has happened meanwhile.
pub(in crate::second_factor) async fn use_up(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
    id: RecoveryCodeId,
) -> Result<u64> {
    let used = entity::Entity::update_many()
        .col_expr(entity::Column::UsedAt, Expr::val(gateway.clock.now()))
        .filter(entity::Column::Id.eq(id))
        .filter(left_of(&[user_id]))
        .exec(db)
        .await?;
    if used.rows_affected == 1 { count_left(db, user_id).await } else { Err(Error::InvalidCode) }
}
