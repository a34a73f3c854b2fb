//! The ends of journeys: who came back, and to which account.

use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use secrecy::SecretString;

use super::{
    super::{
        ProviderAccount, entity,
        journey::{self, BrowserSecret, Link, Plan},
        service::{FASTER, find_row, follow_role, insert, limit, note_trouble, tell},
    },
    Outcome, Reason, Returned,
};
use crate::{
    audit::{self, Entry, Kind, service::Recorded},
    auth::Client,
    email::Email,
    error::{Error, Result},
    gateway::Gateway,
    id::UserId,
    identity_provider::{Answer, Identity, IdentityProvider, Journey, ProviderError},
    job,
    mail::MailKind,
    registration,
    session::{
        self,
        start::{self, FirstStep, Method, Origin},
    },
    user::{self, User, UserStatus, credential::Credential},
};

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
    // Of two who do the same at once, the slower finds it done when it looks again.
    for _ in 0..2 {
        match try_sign_in(gateway, provider, identity, origin).await {
            Err(Error::Conflict(_)) => {}
            done => return done?,
        }
    }
    try_sign_in(gateway, provider, identity, origin).await?
}

async fn try_sign_in(
    gateway: &Gateway,
    provider: &IdentityProvider,
    identity: &Identity,
    origin: &Origin,
) -> Result<Result<FirstStep, Refusal>> {
    let client = &origin.client;
    let came = match find_row(&gateway.db, &ProviderAccount::new(provider, identity)).await? {
        Some(row) => come_back(gateway, provider, identity, row, client).await?,
        None => come_first(gateway, provider, identity, client).await?,
    };
    match came {
        Ok(credential) => start::first_step_done(gateway, credential, Method::Provider, origin).await.map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// With an account that is linked.
async fn come_back(
    gateway: &Gateway,
    provider: &IdentityProvider,
    identity: &Identity,
    row: entity::Model,
    client: &Client,
) -> Result<Result<Credential, Refusal>> {
    let transaction = gateway.begin().await?;
    let account = ProviderAccount::new(provider, identity);
    let used_at = Set(Some(gateway.clock.now()));
    let change = entity::ActiveModel { last_used_at: used_at, ..entity::ActiveModel::from(&account) };
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
    let user = commit(gateway, transaction, user, &account, Vec::new(), client).await?;
    Ok(Ok(vouched_for(user, provider, identity)))
}

/// With an account that is not: only an address that the provider has verified leads further.
async fn come_first(
    gateway: &Gateway,
    provider: &IdentityProvider,
    identity: &Identity,
    client: &Client,
) -> Result<Result<Credential, Refusal>> {
    let Some(email) = identity.email.as_ref().filter(|_| identity.email_verified) else {
        return Ok(Err(Reason::EmailUnverified.into()));
    };
    match user::service::find_by_email(&gateway.db, email.as_str()).await? {
        Some(user) if user.status != UserStatus::Active => Ok(Err(suspended(user.id))),
        // Somebody may have signed up with an address that is not theirs, and wait for its owner.
        Some(user) if !user.email_verified => {
            Ok(Err(Refusal { reason: Reason::EmailTaken, about: Some(user.id) }))
        }
        // Linked once the sign-in is complete: whoever has no second factor of the account adds no way in to it.
        Some(user) => {
            let link = Some(ProviderAccount::new(provider, identity));
            Ok(Ok(Credential::by_provider(user, &provider.id, identity.authenticated_at, link)))
        }
        None => sign_up(gateway, provider, identity, email.clone(), client).await,
    }
}

fn vouched_for(user: User, provider: &IdentityProvider, identity: &Identity) -> Credential {
    Credential::by_provider(user, &provider.id, identity.authenticated_at, None)
}

/// Creates an account, where the rules of registration allow it.
async fn sign_up(
    gateway: &Gateway,
    provider: &IdentityProvider,
    identity: &Identity,
    email: Email,
    client: &Client,
) -> Result<Result<Credential, Refusal>> {
    let name = identity.name.as_deref().unwrap_or_default();
    let vouched = registration::service::prepare_vouched(gateway, email, name, identity.role, client).await;
    let vouched = match vouched {
        Ok(vouched) => vouched,
        Err(error) => return Ok(Err(error.into())),
    };
    let transaction = gateway.begin().await?;
    let (user, mut recorded) =
        registration::service::create_vouched(gateway, &transaction, vouched, &provider.id, client).await?;
    let account = ProviderAccount::new(provider, identity);
    recorded.push(insert(gateway, &transaction, &account, user.id, Some(gateway.clock.now()), client).await?);
    let user = commit(gateway, transaction, user, &account, recorded, client).await?;
    gateway.happenings.sign_ups.inc();
    Ok(Ok(vouched_for(user, provider, identity)))
}

/// Gives the role that the provider says, commits, and makes everything known.
async fn commit(
    gateway: &Gateway,
    transaction: DatabaseTransaction,
    user: User,
    account: &ProviderAccount,
    mut recorded: Vec<Recorded>,
    client: &Client,
) -> Result<User> {
    let user = follow_role(gateway, &transaction, user, account, client, &mut recorded).await?;
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
    let account = ProviderAccount::new(provider, identity);
    match find_row(&transaction, &account).await? {
        Some(row) if row.user_id == user.id => {}
        Some(_) => return Ok(Err(Reason::AlreadyLinked.into())),
        None => {
            let linked = insert(gateway, &transaction, &account, user.id, None, client).await?;
            tell(gateway, &transaction, &user, MailKind::AccountLinked, &provider.id).await?;
            transaction.commit().await?;
            linked.announce(gateway);
            job::service::wake(gateway);
        }
    }
    Ok(Ok(()))
}

fn suspended(user_id: UserId) -> Refusal {
    Refusal { reason: Reason::AccountSuspended, about: Some(user_id) }
}
