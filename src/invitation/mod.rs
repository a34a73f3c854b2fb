//! Invitations of people who have no account yet.

mod entity;
pub(crate) mod export;
pub mod graphql;
pub mod list;
pub mod service;

use async_graphql::Enum;
use chrono::{DateTime, Utc};

use crate::{
    auth::viewer::Role,
    id::{InvitationId, UserId},
};

/// An invitation to create an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Identifier.
    pub id: InvitationId,
    /// Who is invited, and the address of the account.
    pub email: String,
    /// The role of the account.
    pub role: Role,
    /// Who invited, if that account is still there.
    pub invited_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When the mail was last asked for.
    pub last_sent_at: DateTime<Utc>,
    /// When it runs out.
    pub expires_at: DateTime<Utc>,
    /// When the account was created.
    pub accepted_at: Option<DateTime<Utc>>,
    /// The account, if it is still there.
    pub accepted_by: Option<UserId>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// What has become of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum InvitationState {
    /// It can be accepted.
    Pending,
    /// It was.
    Accepted,
    /// It was withdrawn.
    Withdrawn,
    /// Nobody accepted it in time.
    Expired,
}

impl Invitation {
    /// What has become of it by `now`.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> InvitationState {
        if self.accepted_at.is_some() {
            InvitationState::Accepted
        } else if self.withdrawn_at.is_some() {
            InvitationState::Withdrawn
        } else if self.expires_at <= now {
            InvitationState::Expired
        } else {
            InvitationState::Pending
        }
    }
}
