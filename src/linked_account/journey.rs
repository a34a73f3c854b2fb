//! The way to a provider and back: a one-time token that only the browser it was given to can use.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    auth::secrets::{SessionKey, equal, random_bytes},
    error::{Error, Result},
    gateway::Gateway,
    id::{OneTimeTokenId, SessionId, UserId},
    identity_provider::{IdentityProvider, Journey},
    one_time_token::{self, Form, Purpose, service::NewToken},
};

/// How long one may be away.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);

const SECRET_BYTES: usize = 32;
/// The longest text that is looked at as a browser's secret.
const MAX_SECRET_CHARS: usize = 64;

/// What a browser keeps while it is away, for all the journeys of its tabs.
#[derive(Debug, Clone)]
pub struct BrowserSecret(SecretString);

impl BrowserSecret {
    /// The secret that the browser has, or a new one.
    #[must_use]
    pub fn presented_or_new(presented: Option<&SecretString>) -> Self {
        presented.and_then(Self::presented).unwrap_or_else(|| {
            let secret = URL_SAFE_NO_PAD.encode(random_bytes::<SECRET_BYTES>());
            Self(secret.into())
        })
    }

    /// The secret that a browser presents; `None` for what cannot be one.
    #[must_use]
    pub fn presented(text: &SecretString) -> Option<Self> {
        let exposed = text.expose_secret();
        let fits = exposed.len() <= MAX_SECRET_CHARS
            && URL_SAFE_NO_PAD.decode(exposed).is_ok_and(|bytes| bytes.len() == SECRET_BYTES);
        fits.then(|| Self(text.clone()))
    }

    /// The text that the browser keeps.
    #[must_use]
    pub fn text(&self) -> &SecretString {
        &self.0
    }

    /// What is kept here to know it again.
    fn mark(&self, key: &SessionKey) -> String {
        hex::encode(key.mac("provider-browser", &[self.0.expose_secret().as_bytes()]))
    }

    /// A secret of one journey: made again when it ends, and so never stored.
    fn derive(&self, key: &SessionKey, what: &str, id: OneTimeTokenId) -> SecretString {
        let (id, own) = (Uuid::from(id), self.0.expose_secret().as_bytes());
        URL_SAFE_NO_PAD.encode(key.mac(what, &[id.as_bytes(), own])).into()
    }
}

/// What is to come of a journey.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Where to.
    pub(super) provider: String,
    /// Where people go afterwards: a local path.
    pub(super) next: String,
    /// Whose account is to be linked; `None`: somebody wants to sign in.
    pub(super) link: Option<Link>,
}

/// Who links, and in which session.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) user_id: UserId,
    pub(super) session_id: SessionId,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    plan: Plan,
    browser: String,
}

/// Notes that a browser leaves.
pub(super) async fn begin(gateway: &Gateway, browser: &BrowserSecret, plan: Plan) -> Result<Journey> {
    let user_id = plan.link.map(|link| link.user_id);
    let new = NewToken {
        purpose: Purpose::Provider,
        user_id,
        email: None,
        data: json!(Stored { plan, browser: browser.mark(&gateway.session_key) }),
        lifetime: LIFETIME,
    };
    let issued = one_time_token::service::issue(gateway, &gateway.db, new).await?;
    Ok(secrets(gateway, browser, issued.id, issued.challenge(&gateway.session_key)))
}

/// Takes a journey to its end, once, and only in the browser that it was begun in.
///
/// # Errors
/// `INVALID_TOKEN`, the same whatever is wrong.
pub(super) async fn end(
    gateway: &Gateway,
    provider: &IdentityProvider,
    browser: Option<&BrowserSecret>,
    state: &SecretString,
) -> Result<(Plan, Journey)> {
    let browser = browser.ok_or(Error::InvalidToken)?;
    let text = state.expose_secret();
    let token = one_time_token::service::look_at(gateway, Purpose::Provider, Form::Challenge, text).await?;
    let stored: Stored = serde_json::from_value(token.data).map_err(|_| Error::InvalidToken)?;
    let is_same = equal(stored.browser.as_bytes(), browser.mark(&gateway.session_key).as_bytes());
    if !is_same || stored.plan.provider != provider.id {
        return Err(Error::InvalidToken);
    }
    one_time_token::service::use_up(gateway, &gateway.db, token.id).await?;
    Ok((stored.plan, secrets(gateway, browser, token.id, state.clone())))
}

fn secrets(gateway: &Gateway, browser: &BrowserSecret, id: OneTimeTokenId, state: SecretString) -> Journey {
    let derive = |what| browser.derive(&gateway.session_key, what, id);
    Journey { state, nonce: derive("provider-nonce"), pkce_verifier: derive("provider-pkce") }
}
