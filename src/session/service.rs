//! What can be done with sessions.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, TransactionTrait,
};
use secrecy::SecretString;

use super::{
    EndReason, Session, entity,
    events::{self, SessionChange},
};
use crate::{
    auth::{Operator, Viewer},
    error::{Error, Result},
    gateway::Gateway,
    id::{SessionId, UserId},
    metrics::count,
    store::rate_limit::Quota,
    user::{
        self, User,
        credential::{self, NewPassword},
    },
};

/// Ends the session the viewer uses.
///
/// # Errors
/// Internal only.
pub async fn sign_out(gateway: &Gateway, viewer: &Viewer) -> Result<()> {
    end_at_once(gateway, viewer.session_id(), EndReason::SignedOut).await
}

/// Ends one session: an own one, or any when the viewer is an administrator. Ending it again changes nothing.
///
/// # Errors
/// `NOT_FOUND` for another person's session.
pub async fn end(gateway: &Gateway, viewer: &Viewer, id: SessionId) -> Result<Session> {
    let session = find(gateway, viewer, id).await?.ok_or(Error::NotFound("session"))?;
    let reason =
        if session.user_id == viewer.user_id() { EndReason::EndedByUser } else { EndReason::EndedByAdmin };
    end_at_once(gateway, id, reason).await?;
    find(gateway, viewer, id).await?.ok_or(Error::NotFound("session"))
}

/// Ends all of the viewer's sessions but the one in use, and tells how many those were.
///
/// # Errors
/// Internal only.
pub async fn end_others(gateway: &Gateway, viewer: &Viewer) -> Result<usize> {
    let others = all_of(viewer.user_id()).add(entity::Column::Id.ne(viewer.session_id()));
    let ended = end_where(gateway, &gateway.db, others, EndReason::EndedByUser).await?;
    Ok(announce_ended(gateway, ended).await)
}

/// Replaces the viewer's password and, in one step with it, ends all other sessions.
///
/// # Errors
/// As [`credential::check_new_password`]; `RATE_LIMITED` for guesses at the current password.
pub async fn change_password(gateway: &Gateway, viewer: &Viewer, current: &str, new: &str) -> Result<User> {
    let attempts = Quota::per_minute(gateway.config.sign_in_attempts_per_minute);
    gateway.limit(&format!("change-password:{}", viewer.user_id()), attempts).await?;
    let new = credential::check_new_password(gateway, viewer, current, new).await?;
    let (user, _) = replace_password(gateway, new, Some(viewer.session_id())).await?;
    Ok(user)
}

/// Sets a user's password on the operator's word and, in one step with it, ends all of the user's sessions.
/// Tells how many those were.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn reset_password(
    gateway: &Gateway,
    operator: &Operator,
    email: &str,
    new: &SecretString,
) -> Result<usize> {
    let new = credential::prepare_password(gateway, operator, email, new).await?;
    let (_, ended) = replace_password(gateway, new, None).await?;
    Ok(ended)
}

async fn replace_password(
    gateway: &Gateway,
    new: NewPassword,
    spared: Option<SessionId>,
) -> Result<(User, usize)> {
    let transaction = gateway.db.begin().await?;
    let user = credential::replace_password(gateway, &transaction, new).await?;
    let sessions = match spared {
        Some(spared) => all_of(user.id).add(entity::Column::Id.ne(spared)),
        None => all_of(user.id),
    };
    let ended = end_where(gateway, &transaction, sessions, EndReason::PasswordChanged).await?;
    transaction.commit().await?;
    Ok((user, announce_ended(gateway, ended).await))
}

/// Ends all sessions of a user on the operator's word, and tells how many those were.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn end_all(gateway: &Gateway, operator: &Operator, email: &str) -> Result<usize> {
    let user = user::service::load_by_email(gateway, operator, email).await?;
    let ended = end_where(gateway, &gateway.db, all_of(user.id), EndReason::EndedByAdmin).await?;
    Ok(announce_ended(gateway, ended).await)
}

/// Ends every session of everyone on the operator's word, and tells how many those were. No replica is told: this is
/// for a database that no server uses.
///
/// # Errors
/// Internal only.
pub async fn end_all_of_everyone(
    db: &impl ConnectionTrait,
    _: &Operator,
    now: DateTime<Utc>,
    idle: Duration,
) -> Result<u64> {
    let ended = entity::Entity::update_many()
        .set(ending(now, EndReason::EndedByAdmin))
        .filter(is_active_at(now, idle))
        .exec(db)
        .await?;
    Ok(ended.rows_affected)
}

/// Ends one session, whoever asks.
pub(super) async fn end_at_once(gateway: &Gateway, id: SessionId, reason: EndReason) -> Result<()> {
    let it = Condition::all().add(entity::Column::Id.eq(id));
    let ended = end_where(gateway, &gateway.db, it, reason).await?;
    announce_ended(gateway, ended).await;
    Ok(())
}

/// Ends those of these sessions that still live, and returns them; [`announce_ended`] comes after the commit.
async fn end_where(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    which: Condition,
    reason: EndReason,
) -> Result<Vec<Session>> {
    let ended = entity::Entity::update_many()
        .set(ending(gateway.clock.now(), reason))
        .filter(which)
        .filter(is_active(gateway))
        .exec_with_returning(db)
        .await?;
    Ok(ended.into_iter().map(Session::from).collect())
}

fn ending(at: DateTime<Utc>, reason: EndReason) -> entity::ActiveModel {
    entity::ActiveModel { ended_at: Set(Some(at)), end_reason: Set(Some(reason)), ..Default::default() }
}

/// Makes the end of sessions hold on every replica, and counts them.
async fn announce_ended(gateway: &Gateway, ended: Vec<Session>) -> usize {
    for session in &ended {
        if let Some(reason) = session.end_reason {
            count(&gateway.happenings.ends, reason.into());
        }
        events::announce(gateway, SessionChange::Ended, session).await;
    }
    ended.len()
}

fn all_of(user_id: UserId) -> Condition {
    Condition::all().add(entity::Column::UserId.eq(user_id))
}

/// One session: an own one, or any when the viewer is an administrator.
///
/// # Errors
/// Internal only.
pub async fn find(gateway: &Gateway, viewer: &Viewer, id: SessionId) -> Result<Option<Session>> {
    let mut visible = Condition::all().add(entity::Column::Id.eq(id));
    if viewer.admin().is_err() {
        visible = visible.add(entity::Column::UserId.eq(viewer.user_id()));
    }
    Ok(entity::Entity::find().filter(visible).one(&gateway.db).await?.map(Session::from))
}

/// The sessions with these identifiers, as they are in the database now, in no particular order.
pub(super) async fn list_by_ids(db: &impl ConnectionTrait, ids: &[SessionId]) -> Result<Vec<Session>> {
    let rows = entity::Entity::find().filter(entity::Column::Id.is_in(ids.iter().copied())).all(db).await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// The condition of a session that may be used: [`Session::ending`] in SQL.
pub(super) fn is_active(gateway: &Gateway) -> Condition {
    is_active_at(gateway.clock.now(), gateway.config.lifetimes.session_idle)
}

fn is_active_at(now: DateTime<Utc>, idle: Duration) -> Condition {
    Condition::all()
        .add(entity::Column::EndedAt.is_null())
        .add(entity::Column::ExpiresAt.gt(now))
        .add(entity::Column::LastActiveAt.gt(now - idle))
}
