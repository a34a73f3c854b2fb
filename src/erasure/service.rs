//! Asking for erasure, thinking again, and erasing.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{GRACE, PUT_OFF};
use crate::{
    audit::{self, Entry, Kind},
    auth::{RecentlyAuthenticated, SignedInViewer},
    error::{Error, Result, Rule},
    gateway::Gateway,
    id::UserId,
    invitation,
    job::{
        self, Job, JobKind,
        service::{NewJob, Outcome},
    },
    mail::{self, Letter, MailKind},
    one_time_token,
    session::{self, EndReason, start::Origin},
    store::rate_limit::Quota,
    throttle::{self, Guess},
    user::{self, User, credential, deletion, deletion::Claim},
};

/// How often an hour one may ask for it, and think again.
pub const SCHEDULED_AN_HOUR: u32 = 10;
/// When the record is looked through once more: what somebody did in the very moment was written after the first look.
const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(1);
/// Accounts that the hourly look finds at most.
const AT_ONCE: u64 = 1000;

/// Has the viewer's account erased in two weeks, and ends the other sessions. Where that is so already, nothing changes.
///
/// # Errors
/// `INVALID_INPUT` for a missing or wrong password; `CONFLICT` for the last administrator; `RATE_LIMITED`.
pub async fn schedule(
    gateway: &Gateway,
    viewer: &RecentlyAuthenticated,
    password: Option<&str>,
    origin: &Origin,
) -> Result<User> {
    let quota = Quota::per_hour(SCHEDULED_AN_HOUR);
    gateway.limit(&format!("delete-account:{}", viewer.user_id()), quota).await?;
    let own = user::service::load_own(gateway, viewer.viewer()).await?;
    let guess = Guess::at_account(gateway, &own.email, origin).await?;
    let guess = guess.on_device(session::service::device_of(gateway, viewer.signed_in()).await?);
    if password.is_some() {
        throttle::service::attempt(gateway, &guess).await?;
    }
    let credential = match credential::check_own(gateway, viewer, "input.password", password).await {
        Ok(credential) => credential,
        Err(error) => {
            note_failure(gateway, viewer, &error, origin).await?;
            return Err(error);
        }
    };
    throttle::service::clear(gateway, &guess).await;

    let at = gateway.clock.now() + GRACE;
    let transaction = gateway.begin().await?;
    let Some(user) = deletion::schedule(gateway, &transaction, &credential, at).await? else {
        transaction.rollback().await?;
        return load(gateway, viewer.user_id()).await;
    };
    let spared = Some(viewer.signed_in().session_id());
    let ended =
        session::service::end_all_in(gateway, &transaction, user.id, spared, EndReason::EndedByUser).await?;
    let letter = Letter::to(&user, MailKind::DeletionScheduled)
        .with("at", at.format("%Y-%m-%d %H:%M UTC").to_string());
    mail::service::send(gateway, &transaction, letter).await?;
    enqueue(gateway, &transaction, user.id, at).await?;
    let entry = Entry::by(viewer.viewer(), Kind::DeletionScheduled).from(&origin.client);
    let entry = entry.with("at", at.to_rfc3339());
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    user::service::announce_change(gateway, user.id).await;
    session::service::announce_ended(gateway, ended).await;
    recorded.announce(gateway);
    job::service::wake(gateway);
    Ok(user)
}

async fn note_failure(
    gateway: &Gateway,
    viewer: &RecentlyAuthenticated,
    error: &Error,
    origin: &Origin,
) -> Result<()> {
    let is_wrong = |error: &Error| match error {
        Error::InvalidInput(violations) => {
            violations.iter().any(|violation| violation.rule == Rule::Mismatch)
        }
        _ => false,
    };
    if is_wrong(error) {
        let entry = Entry::by(viewer.viewer(), Kind::ReauthenticationFailed).from(&origin.client);
        audit::service::record_now(gateway, entry.with("method", "PASSWORD")).await?;
    }
    Ok(())
}

async fn load(gateway: &Gateway, id: UserId) -> Result<User> {
    user::service::list_by_ids(&gateway.db, &[id]).await?.pop().ok_or(Error::NotFound("user"))
}

/// Keeps the viewer's account. Where it was not to be erased, nothing changes.
///
/// # Errors
/// `NOT_FOUND` when it was erased in this very moment.
pub async fn cancel(gateway: &Gateway, viewer: &SignedInViewer, origin: &Origin) -> Result<User> {
    let transaction = gateway.begin().await?;
    let Some(user) = deletion::cancel(gateway, &transaction, viewer.user_id()).await? else {
        transaction.rollback().await?;
        return load(gateway, viewer.user_id()).await;
    };
    let entry = Entry::by(viewer.viewer(), Kind::DeletionCanceled).from(&origin.client);
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    user::service::announce_change(gateway, user.id).await;
    recorded.announce(gateway);
    Ok(user)
}

/// One job for one day: one that was taken back and set again waits for the other.
async fn enqueue(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
    at: DateTime<Utc>,
) -> Result<()> {
    let job = NewJob {
        kind: JobKind::EraseAccount,
        payload: json!({ "userId": user_id }),
        run_at: at,
        unique_key: Some(format!("erase:{user_id}:{}", at.timestamp_micros())),
    };
    job::service::enqueue(db, &gateway.clock, job).await
}

/// Queues the erasure of accounts whose day has come, and that no job waits for.
///
/// # Errors
/// Internal only.
pub async fn queue_due(gateway: &Gateway) -> Result<()> {
    for (user_id, at) in deletion::list_due(gateway, AT_ONCE).await? {
        enqueue(gateway, &gateway.db, user_id, at).await?;
    }
    Ok(())
}

/// Does a job of the kind `ERASE_ACCOUNT`.
///
/// # Errors
/// Internal only.
pub async fn perform(gateway: &Gateway, job: &Job) -> Result<Outcome> {
    let id: Option<UserId> = serde_json::from_value(job.payload["userId"].clone()).ok();
    let Some(id) = id else { return Ok(Outcome::Failed("no account is named".into())) };
    let transaction = gateway.begin().await?;
    let now = gateway.clock.now();
    match deletion::claim(gateway, &transaction, id).await? {
        Claim::Due(user) => {
            erase(gateway, transaction, *user).await?;
            Ok(Outcome::Again(now + LOOK_AGAIN))
        }
        Claim::NotDue => {
            if user::service::list_by_ids(&transaction, &[id]).await?.is_empty() {
                audit::forget::forget_person(&transaction, id).await?;
                transaction.commit().await?;
            }
            Ok(Outcome::Done)
        }
        Claim::LastAdmin(id) => {
            tracing::warn!(user = %id, "the last administrator is not erased: have somebody else become one first");
            Ok(Outcome::Again(now + PUT_OFF))
        }
    }
}

async fn erase(gateway: &Gateway, transaction: sea_orm::DatabaseTransaction, user: User) -> Result<()> {
    let now = gateway.clock.now();
    // They go with the account, and those who use them have to hear of it.
    let ended =
        session::service::end_all_in(gateway, &transaction, user.id, None, EndReason::EndedByUser).await?;
    let mut addresses = invitation::service::forget_person(&transaction, user.id, &user.email).await?;
    addresses.push((user.email.clone(), now));
    for (address, until) in &addresses {
        mail::service::forget_address(&transaction, address, *until).await?;
        one_time_token::service::forget_address(&transaction, address, *until).await?;
        audit::forget::forget_address(&transaction, address, *until).await?;
        job::service::forget_address(&transaction, address).await?;
    }
    audit::forget::forget_person(&transaction, user.id).await?;
    deletion::remove(&transaction, user.id).await?;
    let letter = Letter::to_address(&user.email, user.locale, MailKind::AccountErased);
    mail::service::send(gateway, &transaction, letter.with("name", user.name)).await?;
    let entry = Entry::by_system(Kind::AccountErased).about(user.id);
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    session::service::announce_ended(gateway, ended).await;
    user::service::announce_change(gateway, user.id).await;
    recorded.announce(gateway);
    throttle::service::forget_account(gateway, &user.email).await;
    job::service::wake(gateway);
    tracing::info!(user = %user.id, "an account was erased, as its owner had asked");
    Ok(())
}
