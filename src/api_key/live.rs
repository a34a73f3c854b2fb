//! Which API keys may be used right now: the question of every request with one, answered from memory when warm.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{ApiKey, ApiKeyState, StoredApiKey, entity, text::KeyText};
use crate::{
    auth::{secrets::equal, viewer::LiveApiKey},
    error::Result,
    gateway::Gateway,
    id::{ApiKeyId, UserId},
    user::{self, User, UserStatus},
};

/// The end of the year 9999, in seconds since 1970: until when a key is good that does not run out.
const FAR_AWAY: i64 = 253_402_300_799;

/// The key with this text.
pub(crate) async fn find(gateway: &Gateway, text: &str) -> Result<Option<LiveApiKey>> {
    let Some(text) = KeyText::parse(&gateway.session_key, text) else { return Ok(None) };
    let Some(stored) = find_cached(gateway, text.id).await? else { return Ok(None) };
    if !equal(&text.hash(&gateway.session_key), &stored.secret_hash) {
        return Ok(None);
    }
    find_live(gateway, &stored.key).await
}

/// The key with this identifier.
pub(crate) async fn find_by_id(gateway: &Gateway, id: ApiKeyId) -> Result<Option<LiveApiKey>> {
    match find_cached(gateway, id).await? {
        Some(stored) => find_live(gateway, &stored.key).await,
        None => Ok(None),
    }
}

/// The keys with these identifiers, as they are in the database now.
pub(crate) async fn list_by_ids(gateway: &Gateway, ids: &[ApiKeyId]) -> Result<Vec<LiveApiKey>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let which = entity::Column::Id.is_in(ids.iter().copied());
    let rows = entity::Entity::find().filter(which).all(&gateway.db).await?;
    let keys: Vec<ApiKey> = rows.into_iter().map(ApiKey::from).collect();
    let user_ids: Vec<UserId> = keys.iter().map(|key| key.user_id).collect();
    let users = user::service::list_by_ids(&gateway.db, &user_ids).await?;
    let users: HashMap<UserId, User> = users.into_iter().map(|user| (user.id, user)).collect();
    Ok(keys.iter().filter_map(|key| live(gateway, key, users.get(&key.user_id)?)).collect())
}

/// A key by identifier, at most five seconds old.
async fn find_cached(gateway: &Gateway, id: ApiKeyId) -> Result<Option<std::sync::Arc<StoredApiKey>>> {
    let load = async { Ok(entity::Entity::find_by_id(id).one(&gateway.db).await?.map(StoredApiKey::from)) };
    gateway.api_keys.get_or_load(id.into(), load).await
}

async fn find_live(gateway: &Gateway, key: &ApiKey) -> Result<Option<LiveApiKey>> {
    let user = user::service::find_cached(gateway, key.user_id).await?;
    Ok(user.and_then(|user| live(gateway, key, &user)))
}

fn live(gateway: &Gateway, key: &ApiKey, user: &User) -> Option<LiveApiKey> {
    let is_good = key.state(gateway.clock.now()) == ApiKeyState::Active && user.status == UserStatus::Active;
    is_good.then(|| LiveApiKey {
        id: key.id,
        user_id: user.id,
        role: user.role,
        scopes: key.scopes,
        budget_per_minute: key.budget_per_minute,
        lacks_second_factor: user.lacks_second_factor(&gateway.config),
        expires_at: key.expires_at.unwrap_or_else(far_away),
    })
}

fn far_away() -> DateTime<Utc> {
    DateTime::from_timestamp(FAR_AWAY, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
