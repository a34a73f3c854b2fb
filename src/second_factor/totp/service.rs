//! Setting up an authenticator app, and taking its codes.

use std::collections::HashMap;

use anyhow::anyhow;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Totp, TotpSecret, entity};
use crate::{
    audit::{Entry, Kind},
    auth::{Client, RecentlyAuthenticated, secrets::SessionKey},
    error::{Error, Result},
    gateway::Gateway,
    id::UserId,
    known_device,
    one_time_token::{
        self, Form, Purpose,
        service::{CODE_TRIES, Issued, NewToken},
    },
    second_factor::service::{self as second_factor, Enrolled},
    store::rate_limit::Quota,
    user::{self, User},
};

/// How long setting up an authenticator app may take.
pub const ENROLLMENT: TimeDelta = TimeDelta::minutes(10);
/// Each is a row until it runs out.
pub const ENROLLMENTS_PER_MINUTE: u32 = 10;
/// What secrets are sealed for.
const SEAL: &str = "totp-secret";
/// Of an app whose codes were not taken yet.
const NO_STEP: i64 = 0;

/// An authenticator app that is being set up.
#[derive(Debug)]
pub struct Enrollment {
    /// For [`confirm_enrollment`].
    pub challenge: Issued,
    /// Base32, for typing.
    pub secret: SecretString,
    /// For a QR code.
    pub uri: SecretString,
}

/// Begins to set up an authenticator app, which takes the place of one that is there.
///
/// # Errors
/// `RATE_LIMITED`.
pub async fn start_enrollment(gateway: &Gateway, viewer: &RecentlyAuthenticated) -> Result<Enrollment> {
    let user_id = viewer.user_id();
    let quota = Quota::per_minute(ENROLLMENTS_PER_MINUTE);
    gateway.limit(&format!("totp-enrollment:{user_id}"), quota).await?;
    let user = user::service::load_own(gateway, viewer.viewer()).await?;
    let secret = TotpSecret::generate();
    let sealed = secret.seal(&gateway.session_key, user_id)?;
    let transaction = gateway.begin().await?;
    one_time_token::service::revoke_all(gateway, &transaction, user_id, &[Purpose::TotpEnrollment]).await?;
    let new = NewToken {
        purpose: Purpose::TotpEnrollment,
        user_id: Some(user_id),
        email: None,
        data: json!({ "sealed": STANDARD_NO_PAD.encode(sealed) }),
        lifetime: ENROLLMENT,
    };
    let challenge = one_time_token::service::issue(gateway, &transaction, new).await?;
    transaction.commit().await?;
    Ok(Enrollment { challenge, secret: secret.base32()?, uri: secret.uri(&user.email)? })
}

/// Takes the first code of an app: from now on the account has it.
///
/// # Errors
/// `INVALID_TOKEN`, also after five wrong codes; `INVALID_CODE`.
pub async fn confirm_enrollment(
    gateway: &Gateway,
    viewer: &RecentlyAuthenticated,
    challenge: &str,
    code: &str,
    client: &Client,
) -> Result<Enrolled> {
    let user_id = viewer.user_id();
    let purpose = Purpose::TotpEnrollment;
    let token = one_time_token::service::look_at(gateway, purpose, Form::Challenge, challenge).await?;
    if token.user_id != Some(user_id) {
        return Err(Error::InvalidToken);
    }
    one_time_token::service::count_try(gateway, token.id, CODE_TRIES).await?;
    let sealed = sealed_in(&token.data)?;
    let secret = TotpSecret::open(&gateway.session_key, user_id, &sealed)?;
    let now = gateway.clock.now();
    let step = secret.step_of(code, now, NO_STEP)?.ok_or(Error::InvalidCode)?;

    let transaction = gateway.begin().await?;
    one_time_token::service::use_up(gateway, &transaction, token.id).await?;
    let user = user::service::hold(gateway, &transaction, user_id).await?;
    if find(&transaction, user_id).await?.is_some() {
        // Devices were remembered for a code of the app that goes.
        known_device::service::forget_all(gateway, &transaction, user_id).await?;
    }
    put(&transaction, user_id, sealed, step, now).await?;
    let entry = Entry::by(viewer.viewer(), Kind::TotpEnabled).from(client);
    second_factor::finish_adding(gateway, transaction, user, entry).await
}

fn sealed_in(data: &Value) -> Result<Vec<u8>> {
    let sealed = data["sealed"].as_str().and_then(|sealed| STANDARD_NO_PAD.decode(sealed).ok());
    sealed.ok_or(Error::InvalidToken)
}

async fn put(
    db: &impl ConnectionTrait,
    user_id: UserId,
    sealed: Vec<u8>,
    step: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    use entity::Column;
    let row = entity::ActiveModel {
        user_id: Set(user_id),
        sealed: Set(sealed),
        last_used_step: Set(step),
        enabled_at: Set(now),
        last_used_at: Set(None),
    };
    let instead = OnConflict::column(Column::UserId)
        .update_columns([Column::Sealed, Column::LastUsedStep, Column::EnabledAt, Column::LastUsedAt])
        .to_owned();
    entity::Entity::insert(row).on_conflict(instead).exec_without_returning(db).await?;
    Ok(())
}

/// Removes the viewer's authenticator app.
///
/// # Errors
/// `CONFLICT` where there is none.
pub async fn disable(gateway: &Gateway, viewer: &RecentlyAuthenticated, client: &Client) -> Result<User> {
    let user_id = viewer.user_id();
    let transaction = gateway.begin().await?;
    let user = user::service::hold(gateway, &transaction, user_id).await?;
    if !remove(&transaction, user_id).await? {
        return Err(Error::Conflict("No authenticator app is set up."));
    }
    let entry = Entry::by(viewer.viewer(), Kind::TotpDisabled).from(client);
    second_factor::finish_removing(gateway, transaction, user, entry).await
}

/// Removes a user's authenticator app, and tells whether there was one.
pub(in crate::second_factor) async fn remove(db: &impl ConnectionTrait, user_id: UserId) -> Result<bool> {
    Ok(entity::Entity::delete_by_id(user_id).exec(db).await?.rows_affected > 0)
}

/// A user's authenticator app.
///
/// # Errors
/// Internal only.
pub async fn find(db: &impl ConnectionTrait, user_id: UserId) -> Result<Option<Totp>> {
    Ok(entity::Entity::find_by_id(user_id).one(db).await?.map(Totp::from))
}

/// The authenticator apps of these users, who need not have one.
///
/// # Errors
/// Internal only.
pub async fn list_of(db: &impl ConnectionTrait, user_ids: &[UserId]) -> Result<HashMap<UserId, Totp>> {
    let of_users = entity::Column::UserId.is_in(user_ids.iter().copied());
    let rows = entity::Entity::find().filter(of_users).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.into())).collect())
}

/// A code that was shown and is right.
#[derive(Debug, Clone, Copy)]
pub struct ShownCode {
    /// The step of time that it is of.
    step: i64,
    /// Tells the app from one that has taken its place.
    enabled_at: DateTime<Utc>,
}

/// Looks at a code. It counts once [`use_up`] has used its step of time up.
///
/// # Errors
/// `INVALID_CODE`, also where no app is set up.
pub(in crate::second_factor) async fn check(
    gateway: &Gateway,
    user_id: UserId,
    code: &str,
) -> Result<ShownCode> {
    let row = entity::Entity::find_by_id(user_id).one(&gateway.db).await?.ok_or(Error::InvalidCode)?;
    let secret = TotpSecret::open(&gateway.session_key, user_id, &row.sealed)?;
    let step = secret.step_of(code, gateway.clock.now(), row.last_used_step)?.ok_or(Error::InvalidCode)?;
    Ok(ShownCode { step, enabled_at: row.enabled_at })
}

/// Uses the step of time of a code up: no code of it, or of an earlier one, is taken again.
///
/// # Errors
/// `INVALID_CODE` when that has happened meanwhile, or another app has taken the place of this one.
pub(in crate::second_factor) async fn use_up(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
    shown: ShownCode,
) -> Result<()> {
    let used = entity::Entity::update_many()
        .col_expr(entity::Column::LastUsedStep, Expr::val(shown.step))
        .col_expr(entity::Column::LastUsedAt, Expr::val(gateway.clock.now()))
        .filter(entity::Column::UserId.eq(user_id))
        .filter(entity::Column::EnabledAt.eq(shown.enabled_at))
        .filter(entity::Column::LastUsedStep.lt(shown.step))
        .exec(db)
        .await?;
    if used.rows_affected == 1 { Ok(()) } else { Err(Error::InvalidCode) }
}

impl TotpSecret {
    fn seal(&self, key: &SessionKey, user_id: UserId) -> Result<Vec<u8>> {
        Ok(key.seal(SEAL, Uuid::from(user_id).as_bytes(), self.0.expose_secret())?)
    }

    fn open(key: &SessionKey, user_id: UserId, sealed: &[u8]) -> Result<Self> {
        let opened = key.open(SEAL, Uuid::from(user_id).as_bytes(), sealed);
        let changed =
            || anyhow!("a TOTP secret was sealed under another SESSION_SECRET than the present one");
        Ok(Self(opened.ok_or_else(changed)?))
    }
}
