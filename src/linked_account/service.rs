//! Linked accounts, and the beginnings of journeys to identity providers.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder,
};
use url::Url;

use super::{
    LinkedAccount, ProviderAccount,
    answer::{Outcome, Reason},
    entity,
    journey::{self, BrowserSecret, Link, Plan},
    next,
};
use crate::{
    audit::{self, Entry, Kind, service::Recorded},
    auth::{Client, RecentlyAuthenticated, Viewer},
    error::{Error, Result},
    gateway::Gateway,
    id::{LinkedAccountId, TypedId, UserId},
    identity_provider::{IdentityProvider, Prompt, ProviderError},
    job,
    mail::{self, Letter, MailKind},
    store::{database::is_unique_violation, rate_limit::Quota},
    user::{self, User},
};

/// How many accounts at providers one account may have.
pub const MOST: u64 = 20;
/// How many times `SIGN_IN_ATTEMPTS_PER_MINUTE` one network may begin journeys a minute, and end them.
pub const JOURNEYS_FACTOR: u32 = 3;
/// Where linking ends, unless something else is asked for.
const SECURITY: &str = "/security";

const NONE_SUCH: Error = Error::NotFound("linked account");
pub(super) const FASTER: Error = Error::Conflict("Somebody else did the same at this moment.");

/// Where to send a browser that wants to sign in at a provider; or what becomes of it where that is not possible.
///
/// # Errors
/// The outcome of a journey that ends before it begins.
pub async fn start_sign_in(
    gateway: &Gateway,
    provider: &IdentityProvider,
    browser: &BrowserSecret,
    next: Option<&str>,
    prompt: Prompt,
    client: &Client,
) -> Result<Url, Outcome> {
    let next = next::local(next, "/");
    let plan = Plan { provider: provider.id.clone(), next: next.clone(), link: None };
    let started = start(gateway, provider, browser, plan, prompt, client).await;
    started.map_err(|refusal| {
        gateway.identity_providers.count(provider.kind, refusal.into());
        Outcome::Failed { provider: provider.id.clone(), reason: refusal, next }
    })
}

/// Where to send a browser whose user wants to link an account at a provider.
///
/// # Errors
/// `NOT_FOUND` for a provider that is not configured; `CONFLICT` where it does not answer, or too many are linked;
/// `RATE_LIMITED`.
pub async fn start_link(
    gateway: &Gateway,
    recent: &RecentlyAuthenticated,
    provider: &str,
    browser: &BrowserSecret,
    next: Option<&str>,
    client: &Client,
) -> Result<Url> {
    let provider = gateway.identity_providers.find(provider).ok_or(Error::NotFound("identity provider"))?;
    if count(&gateway.db, recent.user_id()).await? >= MOST {
        return Err(Error::Conflict("So many accounts are linked already: unlink one first."));
    }
    limit(gateway, "provider-start", client).await?;
    let link = Link { user_id: recent.user_id(), session_id: recent.signed_in().session_id() };
    let plan = Plan { provider: provider.id.clone(), next: next::local(next, SECURITY), link: Some(link) };
    let journey = journey::begin(gateway, browser, plan).await?;
    provider.authorization_url(&journey, Prompt::Usual).await.map_err(|error| {
        note_trouble(provider, &error);
        Error::Conflict("The identity provider does not answer. Try again later.")
    })
}

async fn start(
    gateway: &Gateway,
    provider: &IdentityProvider,
    browser: &BrowserSecret,
    plan: Plan,
    prompt: Prompt,
    client: &Client,
) -> Result<Url, Reason> {
    limit(gateway, "provider-start", client).await.map_err(|error| Reason::of(&error))?;
    let journey = journey::begin(gateway, browser, plan).await.map_err(|error| Reason::of(&error))?;
    provider.authorization_url(&journey, prompt).await.map_err(|error| {
        note_trouble(provider, &error);
        Reason::ProviderUnavailable
    })
}

pub(super) async fn limit(gateway: &Gateway, what: &str, client: &Client) -> Result<()> {
    let attempts = gateway.config.sign_in_attempts_per_minute.saturating_mul(JOURNEYS_FACTOR);
    gateway.limit(&format!("{what}:{}", client.network()), Quota::per_minute(attempts)).await
}

/// For the log, which alone is told what is wrong with a provider.
pub(super) fn note_trouble(provider: &IdentityProvider, error: &ProviderError) {
    tracing::warn!(
        provider = provider.id,
        error = format!("{error:#}"),
        "an identity provider let somebody down"
    );
}

/// How many accounts at providers sign in to a user's account.
pub(crate) async fn count(db: &impl ConnectionTrait, user_id: UserId) -> Result<u64> {
    Ok(entity::Entity::find().filter(entity::Column::UserId.eq(user_id)).count(db).await?)
}

/// Whether a user can sign in by a provider that is configured.
pub(crate) async fn has_usable(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
) -> Result<bool> {
    let own = entity::Entity::find().filter(entity::Column::UserId.eq(user_id)).all(db).await?;
    Ok(own.iter().any(|row| gateway.identity_providers.find(&row.provider).is_some()))
}

/// The linked accounts of these users, the earliest first.
pub(super) async fn list_by_users(
    db: &impl ConnectionTrait,
    user_ids: &[UserId],
) -> Result<HashMap<UserId, Vec<LinkedAccount>>> {
    let rows = entity::Entity::find()
        .filter(entity::Column::UserId.is_in(user_ids.iter().copied()))
        .order_by_asc(entity::Column::LinkedAt)
        .order_by_asc(entity::Column::Id)
        .all(db)
        .await?;
    let mut found: HashMap<UserId, Vec<LinkedAccount>> = HashMap::new();
    for row in rows {
        found.entry(row.user_id).or_default().push(row.into());
    }
    Ok(found)
}

/// One linked account: an own one, or any when the viewer is an administrator.
///
/// # Errors
/// Internal only.
pub async fn find(gateway: &Gateway, viewer: &Viewer, id: LinkedAccountId) -> Result<Option<LinkedAccount>> {
    let mut visible = entity::Entity::find_by_id(id);
    if viewer.admin().is_err() {
        visible = visible.filter(entity::Column::UserId.eq(viewer.user_id()));
    }
    Ok(visible.one(&gateway.db).await?.map(LinkedAccount::from))
}

/// What people know a provider by; the identifier of one that is not configured any more.
pub(super) fn label<'a>(gateway: &'a Gateway, provider: &'a str) -> &'a str {
    gateway.identity_providers.find(provider).map_or(provider, |provider| &provider.label)
}

/// Tells the owner of an account what was linked to it, or unlinked; to be followed by [`job::service::wake`].
pub(super) async fn tell(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    user: &User,
    kind: MailKind,
    provider: &str,
) -> Result<()> {
    let letter = Letter::to(user, kind).with("provider", label(gateway, provider));
    mail::service::send(gateway, transaction, letter).await
}

/// Links an account at a provider in the transaction in which its owner signs in to the account here with the same
/// address, which both sides have verified, and gives the role that the provider says; to be followed by
/// [`job::service::wake`].
///
/// # Errors
/// `CONFLICT` when the account has another address by now, or the one at the provider was linked meanwhile.
pub(crate) async fn join(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    user_id: UserId,
    account: &ProviderAccount,
    client: &Client,
) -> Result<(User, Vec<Recorded>)> {
    let email = account.email.as_deref().unwrap_or_default();
    let user = user::service::mark_verified(gateway, transaction, user_id, email).await;
    let user = user.map_err(|error| if matches!(error, Error::InvalidToken) { FASTER } else { error })?;
    match find_row(transaction, account).await? {
        None => {}
        // Another tab was faster, and heard the provider's word later.
        Some(row) if row.user_id == user.id => return Ok((user, Vec::new())),
        Some(_) => return Err(FASTER),
    }
    let used_at = Some(gateway.clock.now());
    let mut recorded = vec![insert(gateway, transaction, account, user.id, used_at, client).await?];
    tell(gateway, transaction, &user, MailKind::AccountLinked, &account.provider).await?;
    let user = follow_role(gateway, transaction, user, account, client, &mut recorded).await?;
    Ok((user, recorded))
}

/// Gives a user the role that the provider says, where it says one.
pub(super) async fn follow_role(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    user: User,
    account: &ProviderAccount,
    client: &Client,
    recorded: &mut Vec<Recorded>,
) -> Result<User> {
    let Some(role) = account.role else { return Ok(user) };
    let provider = &account.provider;
    match user::role::follow_provider(gateway, transaction, &user, role, provider, client).await? {
        Some((user, change)) => {
            recorded.push(change);
            Ok(user)
        }
        None => Ok(user),
    }
}

pub(super) async fn find_row(
    db: &impl ConnectionTrait,
    account: &ProviderAccount,
) -> Result<Option<entity::Model>> {
    let it = entity::Entity::find()
        .filter(entity::Column::Provider.eq(&account.provider))
        .filter(entity::Column::Subject.eq(&account.subject));
    Ok(it.one(db).await?)
}

pub(super) async fn insert(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    account: &ProviderAccount,
    user_id: UserId,
    used_at: Option<DateTime<Utc>>,
    client: &Client,
) -> Result<Recorded> {
    let row = entity::ActiveModel {
        id: Set(LinkedAccountId::generate()),
        user_id: Set(user_id),
        provider: Set(account.provider.clone()),
        subject: Set(account.subject.clone()),
        linked_at: Set(gateway.clock.now()),
        last_used_at: Set(used_at),
        ..entity::ActiveModel::from(account)
    };
    match entity::Entity::insert(row).exec_without_returning(transaction).await {
        Ok(_) => {}
        Err(error) if is_unique_violation(&error) => return Err(FASTER),
        Err(error) => return Err(error.into()),
    }
    let entry = Entry::by_user(user_id, Kind::AccountLinked).from(client);
    audit::service::record(transaction, &gateway.clock, entry.with("provider", account.provider.clone()))
        .await
}

/// Has an account at a provider no longer sign in to the viewer's.
///
/// # Errors
/// `NOT_FOUND` for another person's; `CONFLICT` where it is the last way in.
pub async fn unlink(
    gateway: &Gateway,
    recent: &RecentlyAuthenticated,
    id: LinkedAccountId,
    client: &Client,
) -> Result<User> {
    let transaction = gateway.begin().await?;
    let user = user::service::hold(gateway, &transaction, recent.user_id()).await?;
    let own = entity::Entity::find_by_id(id).filter(entity::Column::UserId.eq(user.id));
    let row = own.one(&transaction).await?.ok_or(NONE_SUCH)?;
    entity::Entity::delete_by_id(id).exec(&transaction).await?;
    user::ways_in::check_one_is_left(gateway, &transaction, user.id).await?;
    tell(gateway, &transaction, &user, MailKind::AccountUnlinked, &row.provider).await?;
    let entry = Entry::by(recent.viewer(), Kind::AccountUnlinked).from(client).with("provider", row.provider);
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    job::service::wake(gateway);
    Ok(user)
}

/// Unlinks the accounts at providers that a user has linked at `since` or later; `entry` says by whom.
///
/// # Errors
/// Internal only.
pub async fn unlink_linked_since(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
    since: DateTime<Utc>,
    entry: &Entry,
) -> Result<Vec<Recorded>> {
    let removed = entity::Entity::delete_many()
        .filter(entity::Column::UserId.eq(user_id))
        .filter(entity::Column::LinkedAt.gte(since))
        .exec_with_returning(db)
        .await?;
    let mut recorded = Vec::new();
    for row in removed {
        let entry = entry.clone().as_kind(Kind::AccountUnlinked).with("provider", row.provider);
        recorded.push(audit::service::record(db, &gateway.clock, entry).await?);
    }
    Ok(recorded)
}
