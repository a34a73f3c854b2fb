//! Accounts at identity providers that sign in to accounts here.
//!
//! A journey begins in [`service`], which sends a browser to the provider, and ends in [`answer`], where the browser
//! comes back: signed in, with a linked account, or with a reason why not. In between it is a one-time token, bound to
//! the browser by a cookie.

pub mod answer;
mod entity;
pub(crate) mod export;
pub mod graphql;
pub mod journey;
pub mod loader;
mod next;
pub mod service;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    auth::viewer::Role,
    id::{LinkedAccountId, UserId},
    identity_provider::{Identity, IdentityProvider},
};

/// An account at an identity provider that signs in to an account here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedAccount {
    /// Identifier.
    pub id: LinkedAccountId,
    /// Whose account it signs in to.
    pub user_id: UserId,
    /// The provider's identifier; it may not be configured any more.
    pub provider: String,
    /// Address at the provider, as of the last sign-in.
    pub email: Option<String>,
    /// Groups at the provider, as of the last sign-in, where it is asked for them.
    pub groups: Option<Vec<String>>,
    /// When it was linked.
    pub linked_at: DateTime<Utc>,
    /// When somebody last signed in with it.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What is kept of an account at an identity provider, by the provider's word of now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProviderAccount {
    provider: String,
    subject: String,
    email: Option<String>,
    groups: Option<Vec<String>>,
    role: Option<Role>,
}

impl ProviderAccount {
    fn new(provider: &IdentityProvider, identity: &Identity) -> Self {
        Self {
            provider: provider.id.clone(),
            subject: identity.subject.clone(),
            email: identity.email.as_ref().map(|email| email.as_str().to_owned()),
            groups: identity.groups.clone(),
            role: identity.role,
        }
    }
}
