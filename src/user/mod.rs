//! People with an account.

pub mod credential;
mod entity;
pub mod graphql;
pub mod list;
pub mod loader;
mod name;
pub mod service;

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

use crate::{auth::viewer::Role, id::UserId, store::bus::Topic};

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
