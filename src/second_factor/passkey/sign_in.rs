//! Signing in with a passkey alone.

use super::{
    PasskeyAssertion, PasskeyChallenge,
    service::{self, BoundTo, ShownPasskey},
};
use crate::{
    audit::{self, Entry, Kind},
    auth::Client,
    error::{Error, Result},
    gateway::Gateway,
    metrics::count,
    second_factor::Shown,
    session::{
        happenings::Happenings,
        start::{self, Begin, Method, Origin, SignedIn},
    },
    store::rate_limit::Quota,
    user::{self, UserStatus, credential::Credential},
    verification,
};

/// Begins a sign-in with whatever passkey the browser has for this site.
///
/// # Errors
/// `CONFLICT` where there can be none; `RATE_LIMITED`.
pub async fn start(gateway: &Gateway, client: &Client) -> Result<PasskeyChallenge> {
    service::start_alone(gateway, client).await
}

/// Signs in with a passkey, which is two factors in one.
///
/// # Errors
/// `INVALID_INPUT` for what is no credential, `INVALID_TOKEN`, `INVALID_CODE`; `FORBIDDEN` for an account that may not
/// sign in; `EMAIL_NOT_VERIFIED`, `RATE_LIMITED`.
pub async fn sign_in(gateway: &Gateway, assertion: &PasskeyAssertion, origin: &Origin) -> Result<SignedIn> {
    let outcome = try_sign_in(gateway, assertion, origin).await;
    count(&gateway.happenings.sign_ins, Happenings::outcome(&outcome));
    outcome
}

async fn try_sign_in(gateway: &Gateway, assertion: &PasskeyAssertion, origin: &Origin) -> Result<SignedIn> {
    let quota = Quota::per_minute(gateway.config.sign_in_attempts_per_minute.saturating_mul(3));
    gateway.limit(&format!("passkey-sign-in:{}", origin.client.network()), quota).await?;
    let failed = || Entry::by_anonymous(Kind::SignInFailed).from(&origin.client);
    let shown: ShownPasskey = match service::check(gateway, None, assertion, BoundTo::Nothing).await {
        Ok(shown) => shown,
        Err(error) => {
            if matches!(error, Error::InvalidCode) {
                audit::service::record_now(gateway, failed().with("reason", "WRONG_PASSKEY")).await?;
            }
            return Err(error);
        }
    };
    let user = user::service::list_by_ids(&gateway.db, &[shown.user_id]).await?.pop();
    let user = user.ok_or(Error::InvalidCode)?;
    if user.status != UserStatus::Active {
        let entry = failed().about(user.id).with("reason", "ACCOUNT_SUSPENDED");
        audit::service::record_now(gateway, entry).await?;
        return Err(Error::Forbidden("This account may not sign in. Ask an administrator."));
    }
    if gateway.config.registration.requires_email_verification && !user.email_verified {
        verification::service::send_again(gateway, &user).await?;
        return Err(Error::EmailNotVerified);
    }
    let credential = Credential::by_other_means(user);
    let options = Begin { shown: Some(Shown::Passkey(shown)), ..Begin::default() };
    start::begin(gateway, credential, Method::Passkey, origin, options).await
}
