//! What all second factors have in common.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::{
    Proof, ReauthenticationMethod, SecondFactorMethod, Shown, passkey, passkey::service::BoundTo,
    recovery_code, totp,
};
use crate::{
    audit::{self, Entry, Kind, service::Recorded},
    auth::{Admin, Client, Operator, RecentlyAuthenticated, SignedInViewer, Viewer},
    error::{Error, Result},
    gateway::Gateway,
    id::UserId,
    job, known_device, linked_account,
    mail::{self, Letter, MailKind},
    one_time_token::{self, Form, Purpose},
    session::{self, EndReason, start::Origin},
    throttle::{self, Guess},
    user::{self, User},
};

/// What an account can be asked for, as far as this installation can ask for it.
async fn methods_of(gateway: &Gateway, user_id: UserId) -> Result<Vec<SecondFactorMethod>> {
    let mut methods = Vec::new();
    if totp::service::find(&gateway.db, user_id).await?.is_some() {
        methods.push(SecondFactorMethod::Totp);
    }
    if gateway.relying_party.is_ok() && passkey::service::count(&gateway.db, user_id).await? > 0 {
        methods.push(SecondFactorMethod::Passkey);
    }
    if recovery_code::service::count_left(&gateway.db, user_id).await? > 0 {
        methods.push(SecondFactorMethod::RecoveryCode);
    }
    Ok(methods)
}

/// The challenge of a sign-in's second step.
#[derive(Debug)]
pub struct SecondStep {
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
    /// What can be shown.
    pub methods: Vec<SecondFactorMethod>,
}

/// Looks at the challenge of a sign-in's second step, which uses nothing up.
///
/// # Errors
/// `INVALID_TOKEN`.
pub async fn look_at_challenge(gateway: &Gateway, challenge: &str) -> Result<SecondStep> {
    let purpose = Purpose::SecondFactor;
    let token = one_time_token::service::look_at(gateway, purpose, Form::Challenge, challenge).await?;
    let user_id = token.user_id.ok_or(Error::InvalidToken)?;
    Ok(SecondStep { expires_at: token.expires_at, methods: methods_of(gateway, user_id).await? })
}

/// What the viewer can show to prove once more who it is.
///
/// # Errors
/// Internal only.
pub async fn reauthentication_methods(
    gateway: &Gateway,
    viewer: &Viewer,
) -> Result<Vec<ReauthenticationMethod>> {
    let user = user::service::load_own(gateway, viewer).await?;
    let password = user.has_password.then_some(ReauthenticationMethod::Password);
    let factors = methods_of(gateway, user.id).await?.into_iter().filter_map(|method| match method {
        SecondFactorMethod::Totp => Some(ReauthenticationMethod::Totp),
        SecondFactorMethod::Passkey => Some(ReauthenticationMethod::Passkey),
        SecondFactorMethod::RecoveryCode => None,
    });
    let provider = linked_account::service::has_usable(gateway, &gateway.db, user.id).await?;
    let provider = provider.then_some(ReauthenticationMethod::Provider);
    Ok(password.into_iter().chain(factors).chain(provider).collect())
}

/// Looks at a factor that somebody shows. It counts once [`use_up`] has used it up.
///
/// # Errors
/// `INVALID_CODE`; for a passkey also `INVALID_TOKEN` and `INVALID_INPUT`.
pub(super) async fn check(
    gateway: &Gateway,
    user_id: UserId,
    proof: &Proof,
    bound_to: BoundTo,
) -> Result<Shown> {
    match proof {
        Proof::Totp(code) => Ok(Shown::Totp(totp::service::check(gateway, user_id, code).await?)),
        Proof::Passkey(assertion) => {
            let shown = passkey::service::check(gateway, Some(user_id), assertion, bound_to).await?;
            Ok(Shown::Passkey(shown))
        }
        Proof::RecoveryCode(code) => {
            Ok(Shown::RecoveryCode(recovery_code::service::check(gateway, user_id, code).await?))
        }
    }
}

/// Uses a factor up, in the transaction of what it is good for: of several callers with the same, one gets past here.
///
/// # Errors
/// `INVALID_CODE` or `INVALID_TOKEN` when it was used up or removed meanwhile.
pub(crate) async fn use_up(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
    shown: Shown,
    client: &Client,
) -> Result<Option<Recorded>> {
    match shown {
        Shown::Totp(shown) => totp::service::use_up(gateway, db, user_id, shown).await?,
        Shown::Passkey(shown) => passkey::service::use_up(gateway, db, shown).await?,
        Shown::RecoveryCode(id) => {
            let left = recovery_code::service::use_up(gateway, db, user_id, id).await?;
            let entry = Entry::by_user(user_id, Kind::RecoveryCodeUsed).from(client).with("left", left);
            return Ok(Some(audit::service::record(db, &gateway.clock, entry).await?));
        }
    }
    Ok(None)
}

/// Takes a factor in a session that goes on, and tells until when that counts as recent.
///
/// # Errors
/// `INVALID_CODE`, `RATE_LIMITED`; for a passkey also `INVALID_TOKEN` and `INVALID_INPUT`.
pub async fn reauthenticate(
    gateway: &Gateway,
    viewer: &SignedInViewer,
    proof: &Proof,
    origin: &Origin,
) -> Result<DateTime<Utc>> {
    let user_id = viewer.user_id();
    let guess = Guess::at_second_factor(gateway, user_id, origin).await?;
    let guess = guess.on_device(session::service::device_of(gateway, viewer).await?);
    throttle::service::attempt(gateway, &guess).await?;
    let method: &'static str = proof.method().into();
    let taken = async {
        let shown = check(gateway, user_id, proof, BoundTo::Session(viewer.session_id())).await?;
        let transaction = gateway.begin().await?;
        let recorded = use_up(gateway, &transaction, user_id, shown, &origin.client).await?;
        transaction.commit().await?;
        Ok(recorded)
    };
    match taken.await {
        Ok(recorded) => recorded.into_iter().for_each(|recorded| recorded.announce(gateway)),
        Err(error) => {
            if matches!(error, Error::InvalidCode) {
                let entry = Entry::by(viewer.viewer(), Kind::ReauthenticationFailed).from(&origin.client);
                audit::service::record_now(gateway, entry.with("method", method)).await?;
            }
            return Err(error);
        }
    }
    throttle::service::clear(gateway, &guess).await;
    session::service::note_authentication(gateway, viewer, method, &origin.client).await
}

/// What comes of adding a factor.
pub struct Enrolled {
    /// The account.
    pub user: User,
    /// Recovery codes, to be shown once; `None` where the account has some.
    pub recovery_codes: Option<Vec<String>>,
}

/// Ends the transaction in which a factor was added to an account that is held.
pub(super) async fn finish_adding(
    gateway: &Gateway,
    transaction: DatabaseTransaction,
    user: User,
    entry: Entry,
) -> Result<Enrolled> {
    user::service::set_second_factor(&transaction, user.id, true).await?;
    let mut recorded = vec![audit::service::record(&transaction, &gateway.clock, entry.clone()).await?];
    let recovery_codes = match recovery_code::service::count_left(&transaction, user.id).await? {
        0 => {
            let entry = entry.as_kind(Kind::RecoveryCodesGenerated);
            recorded.push(audit::service::record(&transaction, &gateway.clock, entry).await?);
            Some(recovery_code::service::replace(gateway, &transaction, user.id).await?)
        }
        _ => None,
    };
    finish(gateway, transaction, &user, recorded).await?;
    Ok(Enrolled { user: User { has_second_factor: true, ..user }, recovery_codes })
}

/// Ends the transaction in which a factor of an account that is held was removed: with the last one go the recovery
/// codes, and no device stands for a factor any more.
pub(super) async fn finish_removing(
    gateway: &Gateway,
    transaction: DatabaseTransaction,
    user: User,
    entry: Entry,
) -> Result<User> {
    let has_second_factor = settle_removal(&transaction, user.id).await?;
    known_device::service::forget_all(gateway, &transaction, user.id).await?;
    let recorded = vec![audit::service::record(&transaction, &gateway.clock, entry).await?];
    finish(gateway, transaction, &user, recorded).await?;
    Ok(User { has_second_factor, ..user })
}

/// Notes whether a factor is left; with the last one go the recovery codes.
async fn settle_removal(db: &impl ConnectionTrait, user_id: UserId) -> Result<bool> {
    let has_second_factor =
        totp::service::find(db, user_id).await?.is_some() || passkey::service::count(db, user_id).await? > 0;
    if !has_second_factor {
        recovery_code::service::remove(db, user_id).await?;
    }
    user::service::set_second_factor(db, user_id, has_second_factor).await?;
    Ok(has_second_factor)
}

/// Removes the factors of an account that is held which were added at `since` or later; `entry` says by whom.
///
/// # Errors
/// Internal only.
pub async fn remove_added_since(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
    since: DateTime<Utc>,
    entry: &Entry,
) -> Result<Vec<Recorded>> {
    let mut entries: Vec<Entry> = passkey::service::remove_added_since(db, user_id, since)
        .await?
        .into_iter()
        .map(|passkey| entry.clone().as_kind(Kind::PasskeyRemoved).with("name", passkey.name))
        .collect();
    let totp = totp::service::find(db, user_id).await?;
    if totp.is_some_and(|totp| totp.enabled_at >= since) {
        totp::service::remove(db, user_id).await?;
        entries.push(entry.clone().as_kind(Kind::TotpDisabled));
    }
    if !entries.is_empty() {
        settle_removal(db, user_id).await?;
    }
    let mut recorded = Vec::new();
    for entry in entries {
        recorded.push(audit::service::record(db, &gateway.clock, entry).await?);
    }
    Ok(recorded)
}

async fn finish(
    gateway: &Gateway,
    transaction: DatabaseTransaction,
    user: &User,
    recorded: Vec<Recorded>,
) -> Result<()> {
    mail::service::send(gateway, &transaction, Letter::to(user, MailKind::SecondFactorsChanged)).await?;
    transaction.commit().await?;
    user::service::announce_change(gateway, user.id).await;
    recorded.into_iter().for_each(|recorded| recorded.announce(gateway));
    job::service::wake(gateway);
    Ok(())
}

/// Has all devices of the viewer's asked for a second factor again, and tells how many those were.
///
/// # Errors
/// Internal only.
pub async fn forget_remembered_devices(
    gateway: &Gateway,
    viewer: &SignedInViewer,
    client: &Client,
) -> Result<u64> {
    let transaction = gateway.begin().await?;
    let count = known_device::service::forget_all(gateway, &transaction, viewer.user_id()).await?;
    let recorded = match count {
        0 => None,
        count => {
            let entry = Entry::by(viewer.viewer(), Kind::DeviceForgotten).from(client).with("count", count);
            Some(audit::service::record(&transaction, &gateway.clock, entry).await?)
        }
    };
    transaction.commit().await?;
    recorded.into_iter().for_each(|recorded| recorded.announce(gateway));
    Ok(count)
}

/// Removes all second factors of a user who has lost them, and ends all sessions of the account. Where there are none
/// nothing happens.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn reset(
    gateway: &Gateway,
    admin: &Admin,
    _: &RecentlyAuthenticated,
    user_id: UserId,
    client: &Client,
) -> Result<User> {
    let entry = Entry::by_admin(admin, Kind::SecondFactorsReset).about(user_id).from(client);
    let (user, _) = remove_all(gateway, user_id, entry).await?;
    Ok(user)
}

/// As [`reset`], on the operator's word; tells how many sessions were ended, if there was a factor.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn reset_by_operator(gateway: &Gateway, operator: &Operator, email: &str) -> Result<Option<usize>> {
    let user = user::service::load_by_email(gateway, operator, email).await?;
    let entry = Entry::by_operator(Kind::SecondFactorsReset).about(user.id);
    let (_, ended) = remove_all(gateway, user.id, entry).await?;
    Ok(ended)
}

async fn remove_all(gateway: &Gateway, user_id: UserId, entry: Entry) -> Result<(User, Option<usize>)> {
    let transaction = gateway.begin().await?;
    let user = user::service::hold(gateway, &transaction, user_id).await?;
    if !user.has_second_factor {
        return Ok((user, None));
    }
    totp::service::remove(&transaction, user_id).await?;
    passkey::service::remove_all(&transaction, user_id).await?;
    let ended =
        session::service::end_all_in(gateway, &transaction, user_id, None, EndReason::EndedByAdmin).await?;
    let user = finish_removing(gateway, transaction, user, entry).await?;
    Ok((user, Some(session::service::announce_ended(gateway, ended).await)))
}
