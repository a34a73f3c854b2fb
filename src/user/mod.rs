//! People with an account.

pub mod credential;
pub mod deletion;
mod entity;
pub(crate) mod export;
pub mod graphql;
pub mod list;
pub mod loader;
pub(crate) mod name;
pub mod role;
pub mod service;
pub mod ways_in;

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

use crate::{auth::viewer::Role, config::Config, id::UserId, locale::Locale, store::bus::Topic};

/// A user as everyone but [`service`] sees it: without the password hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Identifier.
    pub id: UserId,
    /// Address in the form of [`crate::email::Email`].
    pub email: String,
    /// What others call this person.
    pub name: String,
    /// What this person may do.
    pub role: Role,
    /// Whether this person may sign in.
    pub status: UserStatus,
    /// Whether the address was shown to be theirs.
    pub email_verified: bool,
    /// When the account was created.
    pub created_at: DateTime<Utc>,
    /// When this person last signed in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// The language of mails; `None`: nobody said.
    #[serde(default)]
    pub locale: Option<Locale>,
    /// Whether there is a password to sign in with.
    #[serde(default)]
    pub has_password: bool,
    /// Whether a sign-in takes a second factor.
    #[serde(default)]
    pub has_second_factor: bool,
    /// When the account is to be erased.
    #[serde(default)]
    pub deletion_scheduled_at: Option<DateTime<Utc>>,
}

impl User {
    /// Whether the user's role needs a second factor that the account does not have.
    #[must_use]
    pub fn lacks_second_factor(&self, config: &Config) -> bool {
        !self.has_second_factor && config.second_factor_required.for_role(self.role)
    }

    /// The language of mails to this person.
    #[must_use]
    pub fn locale_or_default(&self, config: &Config) -> Locale {
        self.locale.unwrap_or(config.default_locale)
    }
}

/// Whether a user may sign in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum, Enum,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserStatus {
    /// May sign in.
    Active,
    /// Kept out by an administrator.
    Suspended,
    /// Left.
    Deactivated,
}

/// What the bus tells every replica when a user's row has changed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct UserChanged {
    /// Whose row.
    pub user_id: UserId,
}

/// Topic of [`UserChanged`].
pub const USER_CHANGED: Topic<UserChanged> = Topic::new("user-changed");
