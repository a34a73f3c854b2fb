//! Passkeys (WebAuthn Level 3): as the second step of a sign-in, and for signing in without a password.
//!
//! Both ceremonies keep their state in a one-time token, so that any replica can finish what another began. The
//! authenticator always verifies its user, so that a passkey is two factors in one; `webauthn-rs` holds that.

mod ceremony;
mod entity;
pub(crate) mod export;
pub mod graphql;
pub mod service;
pub mod sign_in;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::{
    id::{PasskeyId, UserId},
    one_time_token::service::Issued,
};

/// How many an account may have.
pub const MOST: u64 = 10;
/// How long a browser's answer may take; browsers themselves give up before.
pub const CEREMONY: TimeDelta = TimeDelta::minutes(10);
/// Bytes of an answer, as JSON. The longest have a chain of certificates in them.
pub const MAX_CREDENTIAL_BYTES: usize = 16 * 1024;

/// A passkey as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Identifier.
    pub id: PasskeyId,
    /// Whose it is.
    pub user_id: UserId,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was last shown.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Asks a browser for a passkey.
#[derive(Debug)]
pub struct PasskeyChallenge {
    /// Comes back with the answer.
    pub challenge: Issued,
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`.
    pub options: Value,
}

/// A browser's answer to such a challenge.
#[derive(Debug, Clone)]
pub struct PasskeyAssertion {
    /// The challenge's text.
    pub challenge: String,
    /// `AuthenticationResponseJSON`.
    pub credential: Value,
}
