//! Knowing devices again.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use secrecy::{ExposeSecret, SecretString};

use super::{KnownDevice, entity};
use crate::{
    auth::{
        Client,
        secrets::{SessionKey, random_bytes},
    },
    error::Result,
    gateway::Gateway,
    id::{KnownDeviceId, TypedId, UserId},
    owned::select_counts,
};

/// How long a device stands for the second factor.
pub const REMEMBERED_FOR: TimeDelta = TimeDelta::days(30);
/// A device that was not seen for so long is a new one again.
pub const KNOWN_FOR: TimeDelta = TimeDelta::days(400);

/// Users of one device that are looked at, those who signed in last.
const MOST_USERS: u64 = 100;
const TOKEN_BYTES: usize = 32;
/// The longest text that is looked at as a device's token.
const MAX_TOKEN_CHARS: usize = 64;

/// A device's secret.
#[derive(Debug, Clone)]
pub struct DeviceToken(SecretString);

impl DeviceToken {
    /// The secret of a device that has none yet.
    #[must_use]
    pub fn generate() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random_bytes::<TOKEN_BYTES>()).into())
    }

    /// The secret that a device presents; `None` for what cannot be one.
    #[must_use]
    pub fn presented(text: &SecretString) -> Option<Self> {
        let exposed = text.expose_secret();
        let fits = exposed.len() <= MAX_TOKEN_CHARS
            && URL_SAFE_NO_PAD.decode(exposed).is_ok_and(|bytes| bytes.len() == TOKEN_BYTES);
        fits.then(|| Self(text.clone()))
    }

    /// The text that the device keeps.
    #[must_use]
    pub fn text(&self) -> &SecretString {
        &self.0
    }

    fn hash(&self, key: &SessionKey) -> Vec<u8> {
        key.mac("device-token", &[self.0.expose_secret().as_bytes()]).to_vec()
    }
}

/// The device as one of this user's, if the user has signed in with it.
///
/// # Errors
/// Internal only.
pub async fn find(
    gateway: &Gateway,
    user_id: UserId,
    token: Option<&DeviceToken>,
) -> Result<Option<KnownDevice>> {
    let devices = list_of_token(gateway, token).await?;
    Ok(devices.into_iter().find(|device| device.user_id == user_id))
}

/// The device as one of each user's who has signed in with it lately.
///
/// # Errors
/// Internal only.
pub async fn list_of_token(gateway: &Gateway, token: Option<&DeviceToken>) -> Result<Vec<KnownDevice>> {
    let Some(token) = token else { return Ok(Vec::new()) };
    let rows = entity::Entity::find()
        .filter(entity::Column::TokenHash.eq(token.hash(&gateway.session_key)))
        .filter(entity::Column::LastSeenAt.gt(gateway.clock.now() - KNOWN_FOR))
        .order_by_desc(entity::Column::LastSeenAt)
        .limit(MOST_USERS)
        .all(&gateway.db)
        .await?;
    Ok(rows.into_iter().map(KnownDevice::from).collect())
}

/// Whether the user has signed in with any device that is known.
///
/// # Errors
/// Internal only.
pub async fn has_any(db: &impl ConnectionTrait, user_id: UserId) -> Result<bool> {
    let devices = entity::Entity::find().filter(entity::Column::UserId.eq(user_id));
    Ok(devices.one(db).await?.is_some())
}

/// Notes that the user signs in with a device, in the transaction of the sign-in.
///
/// # Errors
/// Internal only.
pub async fn note(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
    token: &DeviceToken,
    client: &Client,
) -> Result<KnownDeviceId> {
    let now = gateway.clock.now();
    let row = entity::ActiveModel {
        id: Set(KnownDeviceId::generate()),
        user_id: Set(user_id),
        token_hash: Set(token.hash(&gateway.session_key)),
        user_agent: Set(client.user_agent.clone()),
        created_at: Set(now),
        last_seen_at: Set(now),
        remembered_until: Set(None),
    };
    let again = OnConflict::columns([entity::Column::UserId, entity::Column::TokenHash])
        .update_columns([entity::Column::LastSeenAt, entity::Column::UserAgent])
        .to_owned();
    let row = entity::Entity::insert(row).on_conflict(again).exec_with_returning(db).await?;
    Ok(row.id)
}

/// Gives a device another secret, for all who have signed in with it: what somebody has copied of the earlier one, or
/// knew before, is none of this device any more.
///
/// # Errors
/// Internal only.
pub async fn replace_token(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    earlier: &DeviceToken,
    token: &DeviceToken,
) -> Result<()> {
    entity::Entity::update_many()
        .col_expr(entity::Column::TokenHash, Expr::val(token.hash(&gateway.session_key)))
        .filter(entity::Column::TokenHash.eq(earlier.hash(&gateway.session_key)))
        .exec(db)
        .await?;
    Ok(())
}

/// Has a device stand for the second factor from now on, for 30 days.
///
/// # Errors
/// Internal only.
pub async fn remember(gateway: &Gateway, db: &impl ConnectionTrait, id: KnownDeviceId) -> Result<()> {
    let until = gateway.clock.now() + REMEMBERED_FOR;
    entity::Entity::update_many()
        .col_expr(entity::Column::RememberedUntil, Expr::val(until))
        .filter(entity::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Has no device of the user stand for the second factor any more, and tells how many did.
///
/// # Errors
/// Internal only.
pub async fn forget_all(gateway: &Gateway, db: &impl ConnectionTrait, user_id: UserId) -> Result<u64> {
    let forgotten = entity::Entity::update_many()
        .set(entity::ActiveModel { remembered_until: Set(None), ..Default::default() })
        .filter(remembered(gateway, &[user_id]))
        .exec(db)
        .await?;
    Ok(forgotten.rows_affected)
}

/// How many devices of each of these users stand for the second factor; users without any are left out.
///
/// # Errors
/// Internal only.
pub async fn count_remembered_of(gateway: &Gateway, user_ids: &[UserId]) -> Result<HashMap<UserId, u64>> {
    select_counts::<entity::Entity>(gateway, entity::Column::UserId, remembered(gateway, user_ids)).await
}

/// Removes devices that nobody signed in with for so long that they are new ones again.
///
/// # Errors
/// Internal only.
pub async fn remove_stale(gateway: &Gateway) -> Result<u64> {
    let stale = entity::Column::LastSeenAt.lt(gateway.clock.now() - KNOWN_FOR);
    Ok(entity::Entity::delete_many().filter(stale).exec(&gateway.db).await?.rows_affected)
}

fn remembered(gateway: &Gateway, user_ids: &[UserId]) -> sea_orm::Condition {
    sea_orm::Condition::all()
        .add(entity::Column::UserId.is_in(user_ids.iter().copied()))
        .add(entity::Column::RememberedUntil.gt(gateway.clock.now()))
}
