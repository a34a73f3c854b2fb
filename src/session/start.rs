//! Beginning sessions, and giving them new tokens.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, EntityTrait, TransactionTrait};
use secrecy::SecretString;

use super::{
    Session, entity,
    events::{self, SessionChange},
    happenings::Happenings,
    refresh::{self, RefreshToken},
};
use crate::{
    auth::{Viewer, access_token::IssuedToken, secrets::fingerprint, viewer::LiveSession},
    email::Email,
    error::{Error, Result},
    gateway::Gateway,
    id::{SessionId, TypedId},
    metrics::count,
    store::rate_limit::Quota,
    user::{
        self, User, UserStatus,
        credential::{self, Credential},
        service::NewUser,
    },
};

/// Longest User-Agent header kept, in bytes.
const MAX_USER_AGENT_BYTES: usize = 512;

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Client {
    /// Address, as far as trusted proxies vouch for it.
    pub ip: String,
    /// User-Agent header.
    pub user_agent: String,
}

impl Client {
    /// What counts as one client for limits: an IPv4 address, or the /64 that an IPv6 subscriber has to choose from.
    #[must_use]
    pub fn network(&self) -> String {
        match self.ip.parse() {
            Ok(IpAddr::V6(ip)) => {
                let [a, b, c, d, ..] = ip.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            _ => self.ip.clone(),
        }
    }
}

/// A session that someone may use from now on.
#[derive(Debug)]
pub struct SignedIn {
    /// Who, and in which session.
    pub viewer: Viewer,
    /// The account.
    pub user: User,
    /// For requests.
    pub access_token: IssuedToken,
    /// For the next access token.
    pub refresh_token: SecretString,
    /// When the session ends at the latest.
    pub session_expires_at: DateTime<Utc>,
}

/// Creates an account and signs it in.
///
/// # Errors
/// `INVALID_INPUT`, `CONFLICT`, `RATE_LIMITED`.
pub async fn sign_up(gateway: &Gateway, new: NewUser, client: &Client) -> Result<SignedIn> {
    let new = user::service::check_new(gateway, &new).await?;
    let quota = Quota::per_hour(gateway.config.sign_ups_per_hour);
    gateway.limit(&format!("sign-up:{}", client.network()), quota).await?;
    let credential = user::service::register(gateway, new).await?;
    gateway.happenings.sign_ups.inc();
    start(gateway, credential, client).await
}

/// Signs in with email address and password.
///
/// # Errors
/// `INVALID_CREDENTIALS`, `FORBIDDEN` for an account that may not sign in, `RATE_LIMITED`.
pub async fn sign_in(gateway: &Gateway, email: &str, password: &str, client: &Client) -> Result<SignedIn> {
    let outcome = async {
        limit_attempts(gateway, email, client).await?;
        let credential = credential::verify_credentials(gateway, email, password).await?;
        start(gateway, credential, client).await
    };
    let outcome = outcome.await;
    count(&gateway.happenings.sign_ins, Happenings::outcome(&outcome));
    outcome
}

/// Bounds guesses: at one account from one address, from one address at all, and at one account from everywhere,
/// the last so wide that a stranger cannot easily lock somebody out.
async fn limit_attempts(gateway: &Gateway, account: &str, client: &Client) -> Result<()> {
    let attempts = gateway.config.sign_in_attempts_per_minute;
    // All spellings of an address are one account. A key is of bounded length and holds no address in clear.
    let account = Email::parse(account).map_or_else(|_| account.to_owned(), Email::into_string);
    let (account, network) = (fingerprint(&account), client.network());
    gateway.limit(&format!("sign-in:{account}:{network}"), Quota::per_minute(attempts)).await?;
    gateway.limit(&format!("sign-in-from:{network}"), Quota::per_minute(attempts.saturating_mul(3))).await?;
    gateway.limit(&format!("sign-in-to:{account}"), Quota::per_minute(attempts.saturating_mul(10))).await
}

async fn start(gateway: &Gateway, credential: Credential, client: &Client) -> Result<SignedIn> {
    let now = gateway.clock.now();
    let id = SessionId::generate();
    let token = RefreshToken::first(id);
    let row = entity::ActiveModel {
        id: Set(id),
        user_id: Set(credential.user.id),
        user_agent: Set(cut(&client.user_agent)),
        ip: Set(client.ip.clone()),
        created_at: Set(now),
        last_active_at: Set(now),
        expires_at: Set(now + gateway.config.lifetimes.session),
        refresh_hash: Set(token.hash(&gateway.session_key)),
        refreshed_at: Set(now),
        ..Default::default()
    };
    let transaction = gateway.db.begin().await?;
    let user = credential::record_sign_in(&transaction, credential, now).await?;
    let session: Session = entity::Entity::insert(row).exec_with_returning(&transaction).await?.into();
    transaction.commit().await?;
    user::service::announce_change(gateway, user.id).await;
    events::announce(gateway, SessionChange::Started, &session).await;
    hand_over(gateway, &session, user, &token)
}

/// The first characters of a header that anyone can make as long as they like.
fn cut(user_agent: &str) -> String {
    let end = user_agent.floor_char_boundary(MAX_USER_AGENT_BYTES);
    user_agent[..end].to_owned()
}

/// Exchanges a refresh token for a new pair of tokens.
///
/// # Errors
/// `UNAUTHENTICATED` for a token that is not good (see [`refresh::rotate`]) or an account that may not sign in.
pub async fn refresh(gateway: &Gateway, token: &SecretString, client: &Client) -> Result<SignedIn> {
    let refreshed = refresh::rotate(gateway, token, &client.ip).await;
    count(&gateway.happenings.refreshes, Happenings::outcome(&refreshed));
    let refreshed = refreshed?;
    let user = user::service::list_by_ids(&gateway.db, &[refreshed.session.user_id]).await?.pop();
    let user = user
        .filter(|user| user.status == UserStatus::Active)
        .ok_or(Error::Unauthenticated("This account may not sign in. Ask an administrator."))?;
    // The new token must be good for the very next request, also where no event told of a change of role.
    gateway.users.invalidate(user.id.into()).await;
    if refreshed.replaced {
        events::announce(gateway, SessionChange::Refreshed, &refreshed.session).await;
    }
    hand_over(gateway, &refreshed.session, user, &refreshed.token)
}

fn hand_over(gateway: &Gateway, session: &Session, user: User, token: &RefreshToken) -> Result<SignedIn> {
    let live = LiveSession { user_id: user.id, role: user.role };
    let (viewer, access_token) =
        Viewer::establish(&gateway.access_tokens, session.id, live, session.expires_at)?;
    Ok(SignedIn {
        viewer,
        user,
        access_token,
        refresh_token: token.to_wire(&gateway.session_key),
        session_expires_at: session.expires_at,
    })
}
