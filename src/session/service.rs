//! What can be done with sessions.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, Query},
};
use secrecy::SecretString;

use super::{
    EndReason, Session, entity,
    events::{self, SessionChange},
    start::Origin,
};
use crate::{
    audit::{self, Entry, Kind},
    auth::{Client, Operator, SignedInViewer, Viewer, viewer::RECENT},
    data_export,
    error::{Error, Result, Rule},
    gateway::Gateway,
    id::{KnownDeviceId, SessionId, TypedId, UserId},
    job, known_device,
    mail::{self, Letter, MailKind},
    metrics::count,
    throttle::{self, Guess},
    user::{
        self, User,
        credential::{self, NewPassword},
    },
};

/// How long sessions are remembered after the latest time at which they can have ended.
pub const KEPT_FOR: TimeDelta = TimeDelta::days(90);
/// Sessions that one statement forgets.
const REMOVED_AT_ONCE: u64 = 5000;

/// Ends the session the viewer uses.
///
/// # Errors
/// Internal only.
pub async fn sign_out(gateway: &Gateway, viewer: &SignedInViewer, client: &Client) -> Result<()> {
    let id = viewer.session_id();
    let entry = Entry::by(viewer.viewer(), Kind::SignedOut).from(client).with("sessionId", id.to_wire());
    let it = Condition::all().add(entity::Column::Id.eq(id));
    end_recorded(gateway, it, EndReason::SignedOut, |_| entry).await?;
    Ok(())
}

/// Ends one session: an own one, or any when the viewer is an administrator. Ending it again changes nothing.
///
/// # Errors
/// `NOT_FOUND` for another person's session.
pub async fn end(gateway: &Gateway, viewer: &Viewer, id: SessionId, client: &Client) -> Result<Session> {
    let session = find(gateway, viewer, id).await?.ok_or(Error::NotFound("session"))?;
    let (reason, entry) = if session.user_id == viewer.user_id() {
        (EndReason::EndedByUser, Entry::by(viewer, Kind::SessionEnded))
    } else {
        (EndReason::EndedByAdmin, Entry::by_admin(&viewer.admin()?, Kind::SessionEnded))
    };
    let entry = entry.about(session.user_id).from(client).with("sessionId", id.to_wire());
    let it = Condition::all().add(entity::Column::Id.eq(id));
    end_recorded(gateway, it, reason, |_| entry).await?;
    find(gateway, viewer, id).await?.ok_or(Error::NotFound("session"))
}

/// Ends all of the viewer's sessions but the one in use, and tells how many those were.
///
/// # Errors
/// Internal only.
pub async fn end_others(gateway: &Gateway, viewer: &Viewer, client: &Client) -> Result<usize> {
    let all = all_of(viewer.user_id());
    let others = match viewer.session_id() {
        Some(own) => all.add(entity::Column::Id.ne(own)),
        None => all,
    };
    let entry = Entry::by(viewer, Kind::SessionEnded).from(client);
    end_recorded(gateway, others, EndReason::EndedByUser, |count| entry.with("count", count)).await
}

/// Ends sessions and records it, and makes both known; tells how many those were.
async fn end_recorded(
    gateway: &Gateway,
    which: Condition,
    reason: EndReason,
    entry: impl FnOnce(usize) -> Entry,
) -> Result<usize> {
    let transaction = gateway.begin().await?;
    let ended = end_where(gateway, &transaction, which, reason).await?;
    let recorded = match ended.len() {
        0 => None,
        count => Some(audit::service::record(&transaction, &gateway.clock, entry(count)).await?),
    };
    transaction.commit().await?;
    if let Some(recorded) = recorded {
        recorded.announce(gateway);
    }
    Ok(announce_ended(gateway, ended).await)
}

/// Ends a session whose used refresh token came back.
pub(super) async fn end_for_reuse(gateway: &Gateway, session: &Session, client: &Client) -> Result<()> {
    let entry = Entry::by_anonymous(Kind::RefreshTokenReused).about(session.user_id).from(client);
    let entry = entry.with("sessionId", session.id.to_wire());
    let it = Condition::all().add(entity::Column::Id.eq(session.id));
    end_recorded(gateway, it, EndReason::RefreshTokenReused, |_| entry).await?;
    Ok(())
}

/// Ends one session as part of something else; [`announce_ended`] comes after the commit.
pub(crate) async fn end_in(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    id: SessionId,
    reason: EndReason,
) -> Result<Vec<Session>> {
    end_where(gateway, db, Condition::all().add(entity::Column::Id.eq(id)), reason).await
}

/// Replaces the viewer's password and, in one step with it, ends all other sessions.
///
/// # Errors
/// As [`credential::check_new_password`]; `RATE_LIMITED` for guesses at the current password.
pub async fn change_password(
    gateway: &Gateway,
    viewer: &SignedInViewer,
    current: &str,
    new: &str,
    origin: &Origin,
) -> Result<User> {
    let own = user::service::load_own(gateway, viewer.viewer()).await?;
    let guess = Guess::at_account(gateway, &own.email, origin).await?;
    let guess = guess.on_device(device_of(gateway, viewer).await?);
    throttle::service::attempt(gateway, &guess).await?;
    let new = credential::check_new_password(gateway, viewer.viewer(), current, new).await;
    if !new.as_ref().is_err_and(is_wrong_guess) {
        throttle::service::clear(gateway, &guess).await;
    }
    let new = new?;
    let entry = Entry::by(viewer.viewer(), Kind::PasswordChanged).from(&origin.client);
    let (user, _) = replace_password(gateway, new, Some(viewer.session_id()), entry).await?;
    Ok(user)
}

/// Whether the current password was wrong, or not looked at; that the new one breaks a rule is no guess.
fn is_wrong_guess(error: &Error) -> bool {
    match error {
        Error::InvalidInput(violations) => {
            violations.iter().any(|violation| violation.rule == Rule::Mismatch)
        }
        _ => true,
    }
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
    let entry = Entry::by_operator(Kind::PasswordChanged).about(new.user_id());
    let (_, ended) = replace_password(gateway, new, None, entry).await?;
    Ok(ended)
}

async fn replace_password(
    gateway: &Gateway,
    new: NewPassword,
    spared: Option<SessionId>,
    entry: Entry,
) -> Result<(User, usize)> {
    let transaction = gateway.begin().await?;
    let (user, ended) = replace_password_in(gateway, &transaction, new, spared).await?;
    known_device::service::forget_all(gateway, &transaction, user.id).await?;
    mail::service::send(gateway, &transaction, Letter::to(&user, MailKind::PasswordChanged)).await?;
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    user::service::announce_change(gateway, user.id).await;
    recorded.announce(gateway);
    job::service::wake(gateway);
    Ok((user, announce_ended(gateway, ended).await))
}

/// Replaces a password as part of something else, ends the sessions but `spared`, and takes links to copies of the data
/// away; [`announce_ended`] comes after the commit.
pub(crate) async fn replace_password_in(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    new: NewPassword,
    spared: Option<SessionId>,
) -> Result<(User, Vec<Session>)> {
    let user = credential::replace_password(gateway, transaction, new).await?;
    data_export::service::withdraw(transaction, user.id).await?;
    let ended = end_all_in(gateway, transaction, user.id, spared, EndReason::PasswordChanged).await?;
    Ok((user, ended))
}

/// Ends all sessions of a user but `spared` as part of something else; [`announce_ended`] comes after the commit.
pub(crate) async fn end_all_in(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    user_id: UserId,
    spared: Option<SessionId>,
    reason: EndReason,
) -> Result<Vec<Session>> {
    let sessions = match spared {
        Some(spared) => all_of(user_id).add(entity::Column::Id.ne(spared)),
        None => all_of(user_id),
    };
    end_where(gateway, transaction, sessions, reason).await
}

/// The device that the viewer's session was begun on.
///
/// # Errors
/// Internal only.
pub(crate) async fn device_of(gateway: &Gateway, viewer: &SignedInViewer) -> Result<Option<KnownDeviceId>> {
    let row = entity::Entity::find_by_id(viewer.session_id()).one(&gateway.db).await?;
    Ok(row.and_then(|row| row.known_device_id))
}

/// Takes the viewer's password once more, and tells until when that counts as recent.
///
/// # Errors
/// `INVALID_CREDENTIALS`, `RATE_LIMITED`.
pub async fn reauthenticate(
    gateway: &Gateway,
    viewer: &SignedInViewer,
    password: &str,
    origin: &Origin,
) -> Result<DateTime<Utc>> {
    let user = user::service::load_own(gateway, viewer.viewer()).await?;
    let guess = Guess::at_account(gateway, &user.email, origin).await?;
    let guess = guess.on_device(device_of(gateway, viewer).await?);
    throttle::service::attempt(gateway, &guess).await?;
    if let Err(error) = credential::verify_credentials(gateway, &user.email, password).await {
        if matches!(error, Error::InvalidCredentials) {
            let entry = Entry::by(viewer.viewer(), Kind::ReauthenticationFailed).from(&origin.client);
            audit::service::record_now(gateway, entry.with("method", "PASSWORD")).await?;
        }
        return Err(error);
    }
    throttle::service::clear(gateway, &guess).await;
    note_authentication(gateway, viewer, "PASSWORD", &origin.client).await
}

/// Notes that the viewer has shown once more who it is: that counts as recent from now on, on every replica.
///
/// # Errors
/// `UNAUTHENTICATED` when the session has ended meanwhile.
pub async fn note_authentication(
    gateway: &Gateway,
    viewer: &SignedInViewer,
    method: &'static str,
    client: &Client,
) -> Result<DateTime<Utc>> {
    let now = gateway.clock.now();
    let it = entity::Column::Id.eq(viewer.session_id());
    let change = entity::ActiveModel { authenticated_at: Set(Some(now)), ..Default::default() };
    let updated = entity::Entity::update_many()
        .set(change)
        .filter(it)
        .filter(is_active(gateway))
        .exec_with_returning(&gateway.db)
        .await?;
    let session: Session =
        updated.into_iter().next().ok_or(Error::Unauthenticated("The session has ended."))?.into();
    events::announce(gateway, SessionChange::Reauthenticated, &session).await;
    let entry = Entry::by(viewer.viewer(), Kind::Reauthenticated).from(client).with("method", method);
    audit::service::record_now(gateway, entry).await?;
    Ok(now + RECENT)
}

/// Ends all sessions of a user on the operator's word, and tells how many those were.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn end_all(gateway: &Gateway, operator: &Operator, email: &str) -> Result<usize> {
    let user = user::service::load_by_email(gateway, operator, email).await?;
    let entry = Entry::by_operator(Kind::SessionEnded).about(user.id);
    let count = |count| entry.with("count", count);
    end_recorded(gateway, all_of(user.id), EndReason::EndedByAdmin, count).await
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

/// Forgets sessions that would have ended long ago at the latest, a part at a time. Tells how many those were.
///
/// # Errors
/// Internal only.
pub async fn remove_old(gateway: &Gateway) -> Result<u64> {
    let mut total = 0;
    loop {
        let some = Query::select()
            .column(entity::Column::Id)
            .from(entity::Entity)
            .and_where(entity::Column::ExpiresAt.lt(gateway.clock.now() - KEPT_FOR))
            .limit(REMOVED_AT_ONCE)
            .to_owned();
        let some = Expr::col(entity::Column::Id).in_subquery(some);
        let removed = entity::Entity::delete_many().filter(some).exec(&gateway.db).await?.rows_affected;
        total += removed;
        if removed < REMOVED_AT_ONCE {
            return Ok(total);
        }
    }
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
pub(crate) async fn announce_ended(gateway: &Gateway, ended: Vec<Session>) -> usize {
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

/// Whether a user's session may be used now.
pub(crate) async fn is_live(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    id: SessionId,
    user_id: UserId,
) -> Result<bool> {
    let it = all_of(user_id).add(entity::Column::Id.eq(id)).add(is_active(gateway));
    Ok(entity::Entity::find().filter(it).one(db).await?.is_some())
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
