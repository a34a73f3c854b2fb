//! The proofs of who is calling. Their fields are private: a [`Viewer`] comes from a verified
//! token of a living session, an [`Admin`] from a viewer with that role, and from nowhere else.

use std::future::Future;

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

use super::access_token::{AccessTokens, IssuedToken};
use crate::{
    error::{Error, Result},
    id::{SessionId, UserId},
};

/// What a user may do on the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Uses the platform.
    User,
    /// Also administers it.
    Admin,
}

/// A session that may be used now, and what its user may do now.
#[derive(Debug, Clone, Copy)]
pub struct LiveSession {
    /// Whose session it is.
    pub user_id: UserId,
    /// The user's role as of now.
    pub role: Role,
}

/// Knows which sessions live; sessions implement it, authentication only asks.
pub trait LiveSessions {
    /// The session, unless it has ended or expired or its user may not sign in;
    /// the answer is never older than five seconds.
    fn find_live(&self, id: SessionId) -> impl Future<Output = Result<Option<LiveSession>>> + Send;
}

/// Proof that the caller is signed in.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    user_id: UserId,
    session_id: SessionId,
    role: Role,
    token_expires_at: DateTime<Utc>,
}

impl Viewer {
    /// Establishes who sends `token`.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for a token that is not valid, a session that has ended, or a role that has
    /// changed since the token was issued: refreshing the session gives one with the new role.
    pub async fn authenticate(
        tokens: &AccessTokens,
        sessions: &impl LiveSessions,
        token: &str,
    ) -> Result<Self> {
        const ENDED: Error = Error::Unauthenticated("The session has ended. Sign in again.");
        let token = tokens.verify(token)?;
        let live = sessions.find_live(token.session_id).await?.ok_or(ENDED)?;
        if live.user_id != token.user_id {
            return Err(ENDED);
        }
        if live.role != token.role {
            return Err(Error::Unauthenticated("Your role has changed. Refresh the session."));
        }
        Ok(Self {
            user_id: live.user_id,
            session_id: token.session_id,
            role: live.role,
            token_expires_at: token.expires_at,
        })
    }

    /// Holds what was proven against what is true now: a socket or a subscription lives longer than a request.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when the session has ended, or the user has another role by now.
    pub async fn check_still_holds(&self, sessions: &impl LiveSessions) -> Result<()> {
        match sessions.find_live(self.session_id).await? {
            Some(live) if live.role == self.role => Ok(()),
            _ => Err(Error::Unauthenticated("The session has ended, or your role has changed.")),
        }
    }

    /// The viewer of a session that was begun or refreshed just now, and the token that proves it from here on.
    ///
    /// Called by `session::start` alone, with what it has just read under the sign-in or refresh
    /// (held by `tests/layering.rs`).
    ///
    /// # Errors
    /// Internal only.
    pub fn establish(
        tokens: &AccessTokens,
        session_id: SessionId,
        live: LiveSession,
        session_expires_at: DateTime<Utc>,
    ) -> Result<(Self, IssuedToken)> {
        let token = tokens.issue(live.user_id, session_id, live.role, session_expires_at)?;
        let (user_id, role) = (live.user_id, live.role);
        Ok((Self { user_id, session_id, role, token_expires_at: token.expires_at }, token))
    }

    /// The user.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The session the caller uses.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// What the user may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// When the token that proved it runs out.
    #[must_use]
    pub fn token_expires_at(&self) -> DateTime<Utc> {
        self.token_expires_at
    }

    /// The proof of being an administrator.
    ///
    /// # Errors
    /// `FORBIDDEN` for everybody else.
    pub fn admin(&self) -> Result<Admin> {
        match self.role {
            Role::Admin => Ok(Admin(*self)),
            Role::User => Err(Error::Forbidden("Only administrators may do this.")),
        }
    }
}

/// Proof that the caller is a signed-in administrator.
#[derive(Debug, Clone, Copy)]
pub struct Admin(Viewer);

impl Admin {
    /// The administrator as any signed-in person.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.0
    }
}
