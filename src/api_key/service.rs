//! Making API keys, and revoking them.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
};
use secrecy::SecretString;

use super::{API_KEY_REVOKED, ApiKey, ApiKeyRevoked, ApiKeyState, entity, list, text::KeyText};
use crate::{
    audit::{self, Entry, Kind, service::Recorded},
    auth::{
        Client, RecentlyAuthenticated, Viewer,
        api_key_scopes::{Scope, Scopes},
    },
    error::{Error, Result, Rule, Violation, Violations},
    gateway::Gateway,
    id::{ApiKeyId, TypedId, UserId},
    job,
    mail::{self, Letter, MailKind},
    store::rate_limit::Quota,
    user,
};

/// For how many days a key may be good.
pub const DAYS: std::ops::RangeInclusive<u32> = 1..=365;
/// For how many days it is, unless said.
pub const DEFAULT_DAYS: u32 = 90;
/// Points of cost a minute that a key may be given.
pub const BUDGETS: std::ops::RangeInclusive<u32> = 1..=60_000_000;
/// Keys of one user that may be used.
pub const MOST_ACTIVE: u64 = 50;
/// Keys that one user may make an hour; of each there is a mail.
pub const MADE_AN_HOUR: u32 = 60;
/// How long a key is remembered that may be used no more.
pub const KEPT_FOR: TimeDelta = TimeDelta::days(90);

/// The key that is wanted.
#[derive(Debug)]
pub struct NewApiKey {
    /// As typed.
    pub name: String,
    /// What it is to be good for.
    pub scopes: Vec<Scope>,
    /// For how many days; `None`: it does not run out.
    pub days: Option<u32>,
    /// Points of cost a minute; `None`: what holds for its user.
    pub budget_per_minute: Option<u32>,
}

/// A key that was made, and its text, which is shown once.
#[derive(Debug)]
pub struct Created {
    /// The key.
    pub key: ApiKey,
    /// Its text.
    pub text: SecretString,
}

/// Makes a key for the viewer, who is told of it by mail.
///
/// # Errors
/// `INVALID_INPUT`; `FORBIDDEN` for the scope ADMIN, unless the viewer is an administrator; `CONFLICT` for one key too
/// many; `RATE_LIMITED`.
pub async fn create(
    gateway: &Gateway,
    viewer: &RecentlyAuthenticated,
    new: NewApiKey,
    client: &Client,
) -> Result<Created> {
    let name = check(&new)?;
    if new.scopes.contains(&Scope::Admin) {
        viewer.viewer().admin()?;
    }
    let user_id = viewer.user_id();
    gateway.limit(&format!("create-api-key:{user_id}"), Quota::per_hour(MADE_AN_HOUR)).await?;
    let scopes: Scopes = new.scopes.into_iter().collect();
    let now = gateway.clock.now();
    let id = ApiKeyId::generate();
    let text = KeyText::generate(id);

    let transaction = gateway.begin().await?;
    // Keys of one user are made one after the other, so that none is counted too late.
    let user = user::service::hold(gateway, &transaction, user_id).await?;
    if count_active(&transaction, user_id, now).await? >= MOST_ACTIVE {
        return Err(Error::Conflict("You have 50 API keys that may be used: revoke one first."));
    }
    let row = entity::ActiveModel {
        id: Set(id),
        user_id: Set(user_id),
        name: Set(name.clone()),
        prefix: Set(text.prefix(&gateway.session_key)),
        secret_hash: Set(text.hash(&gateway.session_key)),
        scopes: Set(scopes.to_text()),
        budget_per_minute: Set(new.budget_per_minute.and_then(|points| i32::try_from(points).ok())),
        created_at: Set(now),
        expires_at: Set(new.days.map(|days| now + TimeDelta::days(days.into()))),
        ..Default::default()
    };
    let key: ApiKey = entity::Entity::insert(row).exec_with_returning(&transaction).await?.into();
    let letter = Letter::to(&user, MailKind::ApiKeyCreated).with("keyName", name);
    mail::service::send(gateway, &transaction, letter).await?;
    let entry = tell(Entry::by(viewer.viewer(), Kind::ApiKeyCreated), &key);
    let entry = entry.with("scopes", scopes.to_text()).from(client);
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    job::service::wake(gateway);
    Ok(Created { key, text: text.to_text(&gateway.session_key) })
}

fn check(new: &NewApiKey) -> Result<String> {
    let mut violations = Violations::default();
    let name = violations.check(user::name::parse("input.name", &new.name));
    let scopes = violations.check(if new.scopes.is_empty() {
        Err(Violation::new("input.scopes", Rule::Required, "Say what the key is good for."))
    } else {
        Ok(())
    });
    let days = violations.check(within("input.expiresInDays", new.days, DAYS));
    let budget = violations.check(within("input.budgetPerMinute", new.budget_per_minute, BUDGETS));
    match (name, scopes, days, budget) {
        (Some(name), Some(()), Some(()), Some(())) => Ok(name),
        _ => Err(violations.into_error()),
    }
}

fn within(
    field: &'static str,
    value: Option<u32>,
    range: std::ops::RangeInclusive<u32>,
) -> Result<(), Violation> {
    match value {
        Some(value) if !range.contains(&value) => {
            let message = format!("`{field}` must be from {} to {}.", range.start(), range.end());
            Err(Violation::new(field, Rule::OutOfRange, message))
        }
        _ => Ok(()),
    }
}

async fn count_active(db: &impl ConnectionTrait, user_id: UserId, now: DateTime<Utc>) -> Result<u64> {
    let active = list::in_state(Some(ApiKeyState::Active), now).add(entity::Column::UserId.eq(user_id));
    Ok(entity::Entity::find().filter(active).count(db).await?)
}

fn tell(entry: Entry, key: &ApiKey) -> Entry {
    entry.with("name", key.name.clone()).with("prefix", key.prefix.clone())
}

/// Revokes a key at once, on every replica: an own one, or any when the viewer is an administrator. Revoking it again
/// changes nothing.
///
/// # Errors
/// `NOT_FOUND` for another person's key.
pub async fn revoke(gateway: &Gateway, viewer: &Viewer, id: ApiKeyId, client: &Client) -> Result<ApiKey> {
    let key = find(gateway, viewer, id).await?.ok_or(NONE_SUCH)?;
    let entry = if key.user_id == viewer.user_id() {
        Entry::by(viewer, Kind::ApiKeyRevoked)
    } else {
        Entry::by_admin(&viewer.admin()?, Kind::ApiKeyRevoked).about(key.user_id)
    };
    let transaction = gateway.begin().await?;
    let change = entity::ActiveModel { revoked_at: Set(Some(gateway.clock.now())), ..Default::default() };
    let revoked = entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::Id.eq(id))
        .filter(entity::Column::RevokedAt.is_null())
        .exec(&transaction)
        .await?;
    if revoked.rows_affected > 0 {
        let recorded =
            audit::service::record(&transaction, &gateway.clock, tell(entry, &key).from(client)).await?;
        transaction.commit().await?;
        recorded.announce(gateway);
    } else {
        transaction.rollback().await?;
    }
    // Also where another call has revoked it, which may not have come so far.
    announce_revoked(gateway, &[id]).await;
    find(gateway, viewer, id).await?.ok_or(NONE_SUCH)
}

/// Revokes a user's keys that were made at `since` or later, and gives those; `entry` says by whom. They are of no use
/// once [`announce_revoked`] has said so, after the commit.
///
/// # Errors
/// Internal only.
pub async fn revoke_made_since(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
    since: DateTime<Utc>,
    entry: &Entry,
) -> Result<(Vec<ApiKeyId>, Vec<Recorded>)> {
    let now = gateway.clock.now();
    let change = entity::ActiveModel { revoked_at: Set(Some(now)), ..Default::default() };
    let rows = entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::UserId.eq(user_id))
        .filter(entity::Column::CreatedAt.gte(since))
        .filter(entity::Column::RevokedAt.is_null())
        .exec_with_returning(db)
        .await?;
    let keys: Vec<ApiKey> = rows.into_iter().map(ApiKey::from).collect();
    let mut recorded = Vec::new();
    for key in &keys {
        let entry = tell(entry.clone().as_kind(Kind::ApiKeyRevoked), key);
        recorded.push(audit::service::record(db, &gateway.clock, entry).await?);
    }
    Ok((keys.into_iter().map(|key| key.id).collect(), recorded))
}

/// Makes revoked keys useless on every replica, and closes their sockets.
pub async fn announce_revoked(gateway: &Gateway, ids: &[ApiKeyId]) {
    for id in ids {
        gateway.api_keys.invalidate((*id).into()).await;
        gateway.bus.publish(&API_KEY_REVOKED, &ApiKeyRevoked { id: *id });
    }
}

const NONE_SUCH: Error = Error::NotFound("API key");

/// One key: an own one, or any when the viewer is an administrator.
///
/// # Errors
/// Internal only.
pub async fn find(gateway: &Gateway, viewer: &Viewer, id: ApiKeyId) -> Result<Option<ApiKey>> {
    let mut visible = Condition::all().add(entity::Column::Id.eq(id));
    if viewer.admin().is_err() {
        visible = visible.add(entity::Column::UserId.eq(viewer.user_id()));
    }
    Ok(entity::Entity::find().filter(visible).one(&gateway.db).await?.map(ApiKey::from))
}

/// Removes keys that may not be used since long ago.
///
/// # Errors
/// Internal only.
pub async fn remove_old(gateway: &Gateway) -> Result<u64> {
    let long_ago = gateway.clock.now() - KEPT_FOR;
    let old = Condition::any()
        .add(entity::Column::RevokedAt.lt(long_ago))
        .add(entity::Column::ExpiresAt.lt(long_ago));
    Ok(entity::Entity::delete_many().filter(old).exec(&gateway.db).await?.rows_affected)
}
