//! Links in mails, codes, and the challenges between two steps of one flow: good once, and not for long.
//!
//! A token is `identifier ‖ MAC` in base64url, the MAC under `SESSION_SECRET` over what the token is for, its row and
//! the row's salt. So the database holds nothing that opens anything, not even a hash, and a mail that is still to be
//! sent needs no copy of its link: [`service::Issued::link`] makes it again from the row.

mod entity;
pub mod service;

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde_json::Value;

use crate::id::{OneTimeTokenId, UserId};

/// A token as it was issued.
#[derive(Debug, Clone, PartialEq)]
pub struct OneTimeToken {
    /// Identifier.
    pub id: OneTimeTokenId,
    /// What it is good for.
    pub purpose: Purpose,
    /// Whose it is; `None` for somebody without an account.
    pub user_id: Option<UserId>,
    /// The address that it is about, or went to.
    pub email: Option<String>,
    /// What the second step needs to know of the first.
    pub data: Value,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Enum, strum::IntoStaticStr)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Purpose {
    /// Shows that an address is its owner's: by link or code.
    VerifyEmail,
    /// Replaces a forgotten password: by link.
    ResetPassword,
    /// Replaces an address with the one that the link went to.
    ChangeEmail,
    /// Lets somebody in who was invited: by link.
    Invitation,
    /// Ends a session that its owner did not begin: by link.
    DisownSignIn,
    /// The second step of a sign-in.
    SecondFactor,
    /// Shows that an authenticator app has the secret that is to be kept.
    TotpEnrollment,
    /// Adds a passkey.
    PasskeyRegistration,
    /// Signs in with a passkey alone.
    PasskeySignIn,
    /// Shows a passkey as the second step of a sign-in.
    PasskeySecondFactor,
    /// Shows a passkey in a session that goes on.
    PasskeyReauthentication,
    /// The way to an identity provider and back.
    Provider,
}

/// How a token reaches its owner; one form is never taken for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In a mail.
    Link,
    /// In the answer to whoever began the flow.
    Challenge,
}
