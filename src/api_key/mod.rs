//! API keys: what programs of a user's call the API with.

mod entity;
pub(crate) mod export;
pub mod graphql;
pub mod list;
pub mod live;
pub mod service;
mod text;
pub mod usage;

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    auth::api_key_scopes::Scopes,
    id::{ApiKeyId, UserId},
    store::bus::Topic,
};

/// An API key as everyone but [`live`] sees it: without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Identifier.
    pub id: ApiKeyId,
    /// Whose it is.
    pub user_id: UserId,
    /// What its user calls it.
    pub name: String,
    /// How the key begins.
    pub prefix: String,
    /// What it is good for.
    pub scopes: Scopes,
    /// Points of cost a minute; `None`: what holds for its user.
    pub budget_per_minute: Option<u32>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is refused; `None`: it does not run out.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Its last request; up to a minute late.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Whether an API key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum ApiKeyState {
    /// It may.
    Active,
    /// It ran out.
    Expired,
    /// It was revoked.
    Revoked,
}

impl ApiKey {
    /// Whether it may be used at `now`.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> ApiKeyState {
        if self.revoked_at.is_some() {
            ApiKeyState::Revoked
        } else if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
            ApiKeyState::Expired
        } else {
            ApiKeyState::Active
        }
    }
}

/// An API key with what its secret is held against.
#[derive(Clone, Serialize, Deserialize)]
pub struct StoredApiKey {
    key: ApiKey,
    secret_hash: Vec<u8>,
}

/// What the bus tells every replica when an API key was revoked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ApiKeyRevoked {
    /// Which.
    pub id: ApiKeyId,
}

/// Topic of [`ApiKeyRevoked`].
pub const API_KEY_REVOKED: Topic<ApiKeyRevoked> = Topic::new("api-key-revoked");
