//! The ends of journeys: who came back, and to which account.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
};
use secrecy::SecretString;

use super::{
    super::{
        entity,
        journey::{self, BrowserSecret, Link, Plan},
        service::{limit, note_trouble, tell},
    },
    Outcome, Reason, Returned,
};
use crate::{
    audit::{self, Entry, Kind, service::Recorded},
    auth::Client,
    email::Email,
    error::{Error, Result},
    gateway::Gateway,
    id::{LinkedAccountId, TypedId, UserId},
    identity_provider::{Answer, Identity, IdentityProvider, Journey, ProviderError},
    job,
    mail::MailKind,
    registration,
    session::{
        self,
        start::{self, FirstStep, Method, Origin},
    },
    store::database::is_unique_violation,
    user::{self, User, UserStatus, credential::Credential},
};

const FASTER: Error = Error::Conflict("Somebody else did the same at this moment.");

/// Why nothing comes of a journey, and whose account that is about.
#[derive(Debug)]
struct Refusal {
    reason: Reason,
    about: Option<UserId>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, about: None }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Reason::of(&error).into()
    }
}

/// Ends the journey of a browser that came back.
pub async fn finish(
    gateway: &Gateway,
    provider: &IdentityProvider,
    returned: Returned,
    browser: Option<&BrowserSecret>,
    origin: &Origin,
) -> Outcome {
    let outcome = match arrive(gateway, provider, &returned, browser, origin).await {
        Ok((plan, journey)) => go_on(gateway, provider, plan, journey, returned, origin).await,
        Err(refusal) => fail(gateway, provider, refusal, None, "/".into(), &origin.client).await,
    };
    gateway.identity_providers.count(provider.kind, outcome.word());
    outcome
}

/// The journey that ends here, if it is one that this browser began.
async fn arrive(
    gateway: &Gateway,
    provider: &IdentityProvider,
    returned: &Returned,
    browser: Option<&BrowserSecret>,
    origin: &Origin,
) -> Result<(Plan, Journey), Refusal> {
    limit(gateway, "provider-callback", &origin.client).await?;
    let state = returned.state.as_ref().ok_or(Reason::StateExpired)?;
    Ok(journey::end(gateway, provider, browser, state).await?)
}

async fn go_on(
    gateway: &Gateway,
    provider: &IdentityProvider,
    plan: Plan,
    journey: Journey,
    returned: Returned,
    origin: &Origin,
) -> Outcome {
    let next = plan.next;
    let ended = match identify(provider, &journey, returned).await {
        Ok(identity) => match plan.link {
            None => sign_in(gateway, provider, &identity, origin).await.map(Some),
            Some(link) => link_to(gateway, provider, &identity, link, &origin.client).await.map(|()| None),
        },
        Err(refusal) => Err(refusal),
    };
    match ended {
        Ok(None) => Outcome::Linked { provider: provider.id.clone(), next },
        Ok(Some(FirstStep::SignedIn(signed_in))) => Outcome::SignedIn { signed_in, next },
        Ok(Some(FirstStep::SecondFactorRequired(challenge))) => {
            Outcome::SecondFactorRequired { challenge, next }
        }
        Err(refusal) => fail(gateway, provider, refusal, plan.link, next, &origin.client).await,
    }
}

/// Records that nothing came of a journey. What cannot be recorded is no reason to leave the browser where it is.
async fn fail(
    gateway: &Gateway,
    provider: &IdentityProvider,
    refusal: Refusal,
    link: Option<Link>,
    next: String,
    client: &Client,
) -> Outcome {
    let reason = refusal.reason;
    if reason != Reason::RateLimited {
        let word: &'static str = reason.into();
        let entry = match (link, refusal.about) {
            // Nobody tried to get in: somebody who is in, or was a moment ago, tried to add a way.
            (Some(link), _) => Entry::by_user(link.user_id, Kind::AccountLinkFailed),
            (None, Some(user_id)) => Entry::by_anonymous(Kind::SignInFailed).about(user_id),
            (None, None) => Entry::by_anonymous(Kind::SignInFailed),
        };
        let entry = entry.from(client).with("reason", word).with("provider", provider.id.clone());
        if let Err(error) = audit::service::record_now(gateway, entry).await {
            tracing::error!(error = format!("{error:#?}"), "a journey that failed could not be recorded");
        }
    }
    Outcome::Failed { provider: provider.id.clone(), reason, next }
}

/// Who came back (RFC 6749, section 4.1.2, and its errors).
async fn identify(
    provider: &IdentityProvider,
    journey: &Journey,
    returned: Returned,
) -> Result<Identity, Refusal> {
    if !provider.may_be_from(returned.issuer.as_deref()) {
        return Err(Reason::StateExpired.into());
    }
    let code: SecretString = match (returned.code, returned.error.as_deref()) {
        (Some(code), None) => code,
        (None, Some(error)) => return Err(reason_of(provider, error).into()),
        _ => return Err(Reason::StateExpired.into()),
    };
    let answer = Answer { code, issuer: returned.issuer };
    provider.identify(&answer, journey).await.map_err(|error| {
        note_trouble(provider, &error);
        match error {
            ProviderError::NotGood(_) => Reason::StateExpired.into(),
            ProviderError::Unavailable(_) => Reason::ProviderUnavailable.into(),
        }
    })
}

fn reason_of(provider: &IdentityProvider, error: &str) -> Reason {
    match error {
        "access_denied" | "login_required" | "consent_required" | "interaction_required" => {
            Reason::AccessDenied
        }
        _ => {
            let words: String = error.chars().take(100).filter(|c| !c.is_control()).collect();
            tracing::warn!(provider = provider.id, error = words, "an identity provider sent somebody back");
            Reason::ProviderUnavailable
        }
    }
}

/// Signs in to the account that is linked, or that may be linked or created by what the provider says.
async fn sign_in(
    gateway: &Gateway,
    provider: &IdentityProvider,
    identity: &Identity,
    origin: &Origin,
) -> Result<FirstStep, Refusal> {
    let client = &origin.client;
    // Of two who do the same at once, the slower finds it done when it looks again.
    for try_again in [true, true, false] {
        let came = match find_row(&gateway.db, provider, identity).await? {
            Some(row) => come_back(gateway, provider, identity, row, client).await,
            None => come_first(gateway, provider, identity, client).await,
        };
        match came {
            Err(Error::Conflict(_)) if try_again => {}
            came => {
                let credential = Credential::by_provider(came??, &provider.id, identity.authenticated_at);
                return Ok(start::first_step_done(gateway, credential, Method::Provider, origin).await?);
            }
        }
    }
    Err(FASTER.into())
}

async fn find_row(
    db: &impl ConnectionTrait,
    provider: &IdentityProvider,
    identity: &Identity,
) -> Result<Option<entity::Model>> {
    let it = entity::Entity::find()
        .filter(entity::Column::Provider.eq(&provider.id))
        .filter(entity::Column::Subject.eq(&identity.subject));
    Ok(it.one(db).await?)
}

/// With an account that is linked.
async fn come_back(
    gateway: &Gateway,
    provider: &IdentityProvider,
    identity: &Identity,
    row: entity::Model,
    client: &Client,
) -> Result<Result<User, Refusal>> {
    let transaction = gateway.begin().await?;
    let change = entity::ActiveModel { last_used_at: Set(Some(gateway.clock.now())), ..told(identity) };
    let changed = entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::Id.eq(row.id))
        .exec(&transaction)
        .await?;
    if changed.rows_affected == 0 {
        return Err(FASTER);
    }
    let Some(user) = user::service::load_active(&transaction, row.user_id).await? else {
        return Ok(Err(suspended(row.user_id)));
    };
    commit(gateway, transaction, user, provider, identity, Vec::new(), client).await.map(Ok)
}

/// With an account that is not: only an address that the provider has verified leads further.
async fn come_first(
    gateway: &Gateway,
    provider: &IdentityProvider,
    identity: &Identity,
    client: &Client,
) -> Result<Result<User, Refusal>> {
    let Some(email) = identity.email.as_ref().filter(|_| identity.email_verified) else {
        return Ok(Err(Reason::EmailUnverified.into()));
    };
    match user::service::find_by_email(&gateway.db, email.as_str()).await? {
        Some(user) if user.status != UserStatus::Active => Ok(Err(suspended(user.id))),
        // Somebody may have signed up with an address that is not theirs, and wait for its owner.
        Some(user) if !user.email_verified => {
            Ok(Err(Refusal { reason: Reason::EmailTaken, about: Some(user.id) }))
        }
        Some(user) => join(gateway, provider, identity, &user, client).await.map(Ok),
        None => sign_up(gateway, provider, identity, email.clone(), client).await,
    }
}

/// Links to the account with the same address, which both sides have verified.
async fn join(
    gateway: &Gateway,
    provider: &IdentityProvider,
    identity: &Identity,
    user: &User,
    client: &Client,
) -> Result<User> {
    let transaction = gateway.begin().await?;
    // Keeps the account's row: it has this address until the commit.
    let user = user::service::mark_verified(gateway, &transaction, user.id, &user.email).await;
    let user = user.map_err(|error| if matches!(error, Error::InvalidToken) { FASTER } else { error })?;
    let used_at = Some(gateway.clock.now());
    let linked = insert(gateway, &transaction, provider, identity, user.id, used_at, client).await?;
    tell(gateway, &transaction, &user, MailKind::AccountLinked, &provider.id).await?;
    let user = commit(gateway, transaction, user, provider, identity, vec![linked], client).await?;
    job::service::wake(gateway);
    Ok(user)
}

/// Creates an account, where the rules of registration allow it.
async fn sign_up(
    gateway: &Gateway,
    provider: &IdentityProvider,
    identity: &Identity,
    email: Email,
    client: &Client,
) -> Result<Result<User, Refusal>> {
    let name = identity.name.as_deref().unwrap_or_default();
    let vouched = registration::service::prepare_vouched(gateway, email, name, identity.role, client).await;
    let vouched = match vouched {
        Ok(vouched) => vouched,
        Err(error) => return Ok(Err(error.into())),
    };
    let transaction = gateway.begin().await?;
    let (user, mut recorded) =
        registration::service::create_vouched(gateway, &transaction, vouched, &provider.id, client).await?;
    let used_at = Some(gateway.clock.now());
    recorded.push(insert(gateway, &transaction, provider, identity, user.id, used_at, client).await?);
    let user = commit(gateway, transaction, user, provider, identity, recorded, client).await?;
    gateway.happenings.sign_ups.inc();
    Ok(Ok(user))
}

/// Gives the role that the provider says, commits, and makes everything known.
async fn commit(
    gateway: &Gateway,
    transaction: DatabaseTransaction,
    user: User,
    provider: &IdentityProvider,
    identity: &Identity,
    mut recorded: Vec<Recorded>,
    client: &Client,
) -> Result<User> {
    let changed = match identity.role {
        Some(role) => {
            user::role::follow_provider(gateway, &transaction, &user, role, &provider.id, client).await?
        }
        None => None,
    };
    let user = match changed {
        Some((user, change)) => {
            recorded.push(change);
            user
        }
        None => user,
    };
    transaction.commit().await?;
    user::service::announce_change(gateway, user.id).await;
    recorded.into_iter().for_each(|recorded| recorded.announce(gateway));
    Ok(user)
}

/// Links to the account of somebody who is signed in, and still is.
async fn link_to(
    gateway: &Gateway,
    provider: &IdentityProvider,
    identity: &Identity,
    link: Link,
    client: &Client,
) -> Result<(), Refusal> {
    match link_once(gateway, provider, identity, link, client).await {
        // Somebody else linked it at this moment, and is found now.
        Err(Error::Conflict(_)) => link_once(gateway, provider, identity, link, client).await?,
        linked => linked?,
    }
}

async fn link_once(
    gateway: &Gateway,
    provider: &IdentityProvider,
    identity: &Identity,
    link: Link,
    client: &Client,
) -> Result<Result<(), Refusal>> {
    let transaction = gateway.begin().await?;
    let user = user::service::hold(gateway, &transaction, link.user_id).await?;
    if user.status != UserStatus::Active {
        return Ok(Err(suspended(user.id)));
    }
    if !session::service::is_live(gateway, &transaction, link.session_id, user.id).await? {
        return Ok(Err(Reason::StateExpired.into()));
    }
    match find_row(&transaction, provider, identity).await? {
        Some(row) if row.user_id == user.id => {}
        Some(_) => return Ok(Err(Reason::AlreadyLinked.into())),
        None => {
            let linked = insert(gateway, &transaction, provider, identity, user.id, None, client).await?;
            tell(gateway, &transaction, &user, MailKind::AccountLinked, &provider.id).await?;
            transaction.commit().await?;
            linked.announce(gateway);
            job::service::wake(gateway);
        }
    }
    Ok(Ok(()))
}

async fn insert(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    provider: &IdentityProvider,
    identity: &Identity,
    user_id: UserId,
    used_at: Option<DateTime<Utc>>,
    client: &Client,
) -> Result<Recorded> {
    let row = entity::ActiveModel {
        id: Set(LinkedAccountId::generate()),
        user_id: Set(user_id),
        provider: Set(provider.id.clone()),
        subject: Set(identity.subject.clone()),
        linked_at: Set(gateway.clock.now()),
        last_used_at: Set(used_at),
        ..told(identity)
    };
    match entity::Entity::insert(row).exec_without_returning(transaction).await {
        Ok(_) => {}
        Err(error) if is_unique_violation(&error) => return Err(FASTER),
        Err(error) => return Err(error.into()),
    }
    let entry =
        Entry::by_user(user_id, Kind::AccountLinked).from(client).with("provider", provider.id.clone());
    audit::service::record(transaction, &gateway.clock, entry).await
}

/// What is kept of what the provider says.
fn told(identity: &Identity) -> entity::ActiveModel {
    entity::ActiveModel {
        email: Set(identity.email.as_ref().map(|email| email.as_str().to_owned())),
        group_names: Set(identity.groups.as_ref().map(|groups| serde_json::json!(groups).to_string())),
        ..Default::default()
    }
}

fn suspended(user_id: UserId) -> Refusal {
    Refusal { reason: Reason::AccountSuspended, about: Some(user_id) }
}
