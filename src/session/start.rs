//! Beginning sessions, and giving them new tokens.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, EntityTrait};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Session, entity,
    events::{self, SessionChange},
    happenings::Happenings,
    new_device,
    refresh::{self, RefreshToken},
};
use crate::{
    audit::{self, Entry, Kind},
    auth::{Client, Viewer, access_token::IssuedToken, viewer::LiveSession},
    error::{Error, Result},
    gateway::Gateway,
    id::{OneTimeTokenId, SessionId, TypedId},
    job,
    known_device::{self, service::DeviceToken},
    linked_account,
    metrics::count,
    one_time_token::{
        self, Purpose,
        service::{Issued, NewToken},
    },
    second_factor::{Shown, service as second_factor},
    throttle::{self, Guess},
    user::{
        self, User, UserStatus,
        credential::{self, Credential, SuspendedCredential},
    },
    verification,
};

/// How long the second step of a sign-in may take.
pub const SECOND_STEP: TimeDelta = TimeDelta::minutes(10);

/// Where a sign-in comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The request.
    pub client: Client,
    /// The secret of the device, where it has one already.
    pub device: Option<DeviceToken>,
}

/// How somebody has shown who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    /// By the password.
    Password,
    /// By an account at an identity provider.
    Provider,
    /// By a passkey, which is two factors in one.
    Passkey,
    /// By a code sent to the address of a new account.
    EmailCode,
}

/// What comes of the first step.
#[derive(Debug)]
pub enum FirstStep {
    /// Nothing more is asked for.
    SignedIn(Box<SignedIn>),
    /// A second factor is asked for; the challenge stands for the first step.
    SecondFactorRequired(Issued),
}

/// What the first step leaves for the second.
#[derive(Debug, Serialize, Deserialize)]
pub struct PendingSignIn {
    /// Who has shown what.
    pub credential: SuspendedCredential,
    /// How.
    pub method: Method,
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
    /// The device's secret, for its next sign-in; `None` where the session goes on.
    pub device: Option<DeviceToken>,
}

/// Signs in with email address and password.
///
/// # Errors
/// `INVALID_CREDENTIALS`, `FORBIDDEN` for an account that may not sign in, `EMAIL_NOT_VERIFIED`, `RATE_LIMITED`.
pub async fn sign_in(gateway: &Gateway, email: &str, password: &str, origin: &Origin) -> Result<FirstStep> {
    let outcome = async {
        let guess = Guess::at_account(gateway, email, origin).await?;
        throttle::service::attempt(gateway, &guess).await?;
        let credential = match credential::verify_credentials(gateway, email, password).await {
            Ok(credential) => credential,
            Err(error) => {
                note_failure(gateway, email, &error, &origin.client).await?;
                return Err(error);
            }
        };
        throttle::service::clear(gateway, &guess).await;
        if gateway.config.registration.requires_email_verification && !credential.user.email_verified {
            verification::service::send_again(gateway, &credential.user).await?;
            return Err(Error::EmailNotVerified);
        }
        first_step_done(gateway, credential, Method::Password, origin).await
    };
    let outcome = outcome.await;
    count(&gateway.happenings.sign_ins, Happenings::outcome(&outcome));
    outcome
}

/// Recorded for an unknown account as well: the time that it takes must tell nothing.
async fn note_failure(gateway: &Gateway, email: &str, error: &Error, client: &Client) -> Result<()> {
    let reason = match error {
        Error::InvalidCredentials => "WRONG_PASSWORD",
        Error::Forbidden(_) => "ACCOUNT_SUSPENDED",
        _ => return Ok(()),
    };
    let entry = Entry::by_anonymous(Kind::SignInFailed).from(client).with("reason", reason);
    let user = user::service::find_by_email(&gateway.db, email).await?;
    let entry = match user {
        Some(user) => entry.about(user.id),
        None => entry,
    };
    audit::service::record_now(gateway, entry).await
}

/// Goes on after somebody has shown who it is: begins the session, or asks for the second factor.
///
/// A passkey is both factors, and a remembered device stands for the second.
///
/// # Errors
/// `INVALID_CREDENTIALS` when account or password have changed meanwhile; `CONFLICT` as [`begin`].
pub async fn first_step_done(
    gateway: &Gateway,
    credential: Credential,
    method: Method,
    origin: &Origin,
) -> Result<FirstStep> {
    if credential.user.has_second_factor && method != Method::Passkey {
        let device = known_device::service::find(gateway, credential.user.id, origin.device.as_ref()).await?;
        if !device.is_some_and(|device| device.is_remembered(gateway.clock.now())) {
            let user_id = Some(credential.user.id);
            let pending = PendingSignIn { credential: credential.suspend(), method };
            let new = NewToken {
                purpose: Purpose::SecondFactor,
                user_id,
                email: None,
                data: json!(pending),
                lifetime: SECOND_STEP,
            };
            let issued = one_time_token::service::issue(gateway, &gateway.db, new).await?;
            return Ok(FirstStep::SecondFactorRequired(issued));
        }
    }
    let signed_in = begin(gateway, credential, method, origin, Begin::default()).await?;
    Ok(FirstStep::SignedIn(Box::new(signed_in)))
}

/// What else happens as a session begins.
#[derive(Debug, Clone, Default)]
pub struct Begin {
    /// Whether the device stands for the second factor for a while.
    pub remember_device: bool,
    /// The challenge that is used up by it.
    pub redeems: Option<OneTimeTokenId>,
    /// The second factor that is used up by it.
    pub shown: Option<Shown>,
}

/// Begins a session of somebody who has shown everything that is asked for.
///
/// # Errors
/// `INVALID_CREDENTIALS` when account or password have changed meanwhile, `INVALID_TOKEN` when the challenge was used,
/// `INVALID_CODE` when the second factor was; `CONFLICT` for an account at a provider that cannot be linked any more.
pub async fn begin(
    gateway: &Gateway,
    credential: Credential,
    method: Method,
    origin: &Origin,
    options: Begin,
) -> Result<SignedIn> {
    let now = gateway.clock.now();
    let id = SessionId::generate();
    let token = RefreshToken::first(id);
    // What stands for a factor is a secret that nobody can have known before.
    let device = match &origin.device {
        Some(device) if !options.remember_device => device.clone(),
        _ => DeviceToken::generate(),
    };
    let client = &origin.client;
    let is_new_device = new_device::is_new(gateway, &credential.user, origin).await?;
    let provider = credential.provider().map(str::to_owned);
    let link = credential.link().cloned();
    // A factor is shown in this very moment.
    let authenticated_at = if options.shown.is_some() { now } else { credential.authenticated_at(now) };

    let transaction = gateway.begin().await?;
    if let Some(challenge) = options.redeems {
        one_time_token::service::use_up(gateway, &transaction, challenge).await?;
    }
    let user = credential::record_sign_in(&transaction, credential, now).await?;
    let (user, mut recorded) = match &link {
        Some(link) => linked_account::service::join(gateway, &transaction, user.id, link, client).await?,
        None => (user, Vec::new()),
    };
    if options.remember_device
        && let Some(earlier) = &origin.device
    {
        known_device::service::replace_token(gateway, &transaction, earlier, &device).await?;
    }
    let device_id = known_device::service::note(gateway, &transaction, user.id, &device, client).await?;
    let row = entity::ActiveModel {
        id: Set(id),
        user_id: Set(user.id),
        user_agent: Set(client.user_agent.clone()),
        ip: Set(client.ip.clone()),
        created_at: Set(now),
        last_active_at: Set(now),
        expires_at: Set(now + gateway.config.lifetimes.session),
        refresh_hash: Set(token.hash(&gateway.session_key)),
        refreshed_at: Set(now),
        authenticated_at: Set(Some(authenticated_at)),
        known_device_id: Set(Some(device_id)),
        ..Default::default()
    };
    let session: Session = entity::Entity::insert(row).exec_with_returning(&transaction).await?.into();
    let entry = |kind| Entry::by_user(user.id, kind).from(client).with("sessionId", id.to_wire());
    let name: &str = method.into();
    let mut signed_in = entry(Kind::SignedIn).with("method", name);
    if let Some(provider) = provider {
        signed_in = signed_in.with("provider", provider);
    }
    if let Some(shown) = options.shown {
        if method != Method::Passkey {
            let factor: &str = shown.method().into();
            signed_in = signed_in.with("secondFactor", factor);
        }
        recorded.extend(second_factor::use_up(gateway, &transaction, user.id, shown, client).await?);
    }
    recorded.push(audit::service::record(&transaction, &gateway.clock, signed_in).await?);
    if options.remember_device {
        known_device::service::remember(gateway, &transaction, device_id).await?;
        let entry = Entry::by_user(user.id, Kind::DeviceRemembered).from(client);
        recorded.push(audit::service::record(&transaction, &gateway.clock, entry).await?);
    }
    if is_new_device {
        new_device::send_alert(gateway, &transaction, &user, &session).await?;
        let entry = entry(Kind::SignedInFromNewDevice);
        recorded.push(audit::service::record(&transaction, &gateway.clock, entry).await?);
    }
    transaction.commit().await?;

    user::service::announce_change(gateway, user.id).await;
    events::announce(gateway, SessionChange::Started, &session).await;
    recorded.into_iter().for_each(|recorded| recorded.announce(gateway));
    if is_new_device || link.is_some() {
        job::service::wake(gateway);
    }
    hand_over(gateway, &session, user, &token, Some(device))
}

/// Exchanges a refresh token for a new pair of tokens.
///
/// # Errors
/// `UNAUTHENTICATED` for a token that is not good (see [`refresh::rotate`]) or an account that may not sign in.
pub async fn refresh(gateway: &Gateway, token: &SecretString, client: &Client) -> Result<SignedIn> {
    let refreshed = refresh::rotate(gateway, token, client).await;
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
    hand_over(gateway, &refreshed.session, user, &refreshed.token, None)
}

fn hand_over(
    gateway: &Gateway,
    session: &Session,
    user: User,
    token: &RefreshToken,
    device: Option<DeviceToken>,
) -> Result<SignedIn> {
    let live = LiveSession {
        user_id: user.id,
        role: user.role,
        authenticated_at: session.authenticated_at,
        lacks_second_factor: user.lacks_second_factor(&gateway.config),
    };
    let (viewer, access_token) =
        Viewer::establish(&gateway.access_tokens, session.id, live, session.expires_at)?;
    Ok(SignedIn {
        viewer,
        user,
        access_token,
        refresh_token: token.to_wire(&gateway.session_key),
        session_expires_at: session.expires_at,
        device,
    })
}
