//! The second step of a sign-in.

use super::{Proof, passkey::service::BoundTo, service};
use crate::{
    audit::{self, Entry, Kind},
    error::{Error, Result},
    gateway::Gateway,
    metrics::count,
    one_time_token::{self, Form, OneTimeToken, Purpose, service::CODE_TRIES},
    session::{
        happenings::Happenings,
        start::{self, Begin, Method, Origin, PendingSignIn, SignedIn},
    },
    throttle::{self, Guess},
    user::credential,
};

/// Completes a sign-in whose first step is done.
///
/// Tries are counted before they are looked at, and the challenge is used up in the transaction that begins the session.
///
/// # Errors
/// `INVALID_TOKEN` for a challenge that is not good, five tries included, or not any more, since the account at a provider
/// cannot be linked now; `INVALID_CODE`; `RATE_LIMITED`.
pub async fn complete(
    gateway: &Gateway,
    challenge: &str,
    proof: &Proof,
    remember_device: bool,
    origin: &Origin,
) -> Result<SignedIn> {
    let outcome = try_complete(gateway, challenge, proof, remember_device, origin).await;
    count(&gateway.happenings.second_steps, Happenings::outcome(&outcome));
    outcome
}

async fn try_complete(
    gateway: &Gateway,
    challenge: &str,
    proof: &Proof,
    remember_device: bool,
    origin: &Origin,
) -> Result<SignedIn> {
    let purpose = Purpose::SecondFactor;
    let token = one_time_token::service::look_at(gateway, purpose, Form::Challenge, challenge).await?;
    let pending = pending_in(&token)?;
    let credential = credential::resume(gateway, &pending.credential).await?;
    let user_id = credential.user.id;
    let guess = Guess::at_second_factor(gateway, user_id, origin).await?;
    throttle::service::attempt(gateway, &guess).await?;
    one_time_token::service::count_try(gateway, token.id, CODE_TRIES).await?;
    let shown = match service::check(gateway, user_id, proof, BoundTo::SignIn(token.id)).await {
        Ok(shown) => shown,
        Err(error) => {
            if matches!(error, Error::InvalidCode) {
                let method: &'static str = proof.method().into();
                let entry = Entry::by_anonymous(Kind::SecondFactorFailed).about(user_id);
                let entry = entry.from(&origin.client).with("method", method);
                audit::service::record_now(gateway, entry).await?;
            }
            return Err(error);
        }
    };
    let options = Begin { remember_device, redeems: Some(token.id), shown: Some(shown) };
    let signed_in = match start::begin(gateway, credential, pending.method, origin, options).await {
        Err(Error::Conflict(_)) => {
            let entry = Entry::by_anonymous(Kind::SignInFailed).about(user_id).from(&origin.client);
            audit::service::record_now(gateway, entry.with("reason", "STATE_EXPIRED")).await?;
            return Err(Error::InvalidToken);
        }
        begun => begun?,
    };
    throttle::service::clear(gateway, &guess).await;
    Ok(signed_in)
}

fn pending_in(token: &OneTimeToken) -> Result<PendingSignIn> {
    let pending: PendingSignIn =
        serde_json::from_value(token.data.clone()).map_err(|_| Error::InvalidToken)?;
    // Another version may have written a word that cannot be read, and what it restricts must not be lost with it.
    if pending.method == Method::Provider && !pending.credential.is_by_provider() {
        return Err(Error::InvalidToken);
    }
    Ok(pending)
}
