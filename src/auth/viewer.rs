//! The proofs of who is calling. Their fields are private: a [`Viewer`] comes from a verified credential that is still
//! good, every other proof from a viewer, and from nowhere else.

use std::future::Future;

use async_graphql::Enum;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

use super::{
    access_token::{AccessTokens, IssuedToken},
    api_key_scopes::{Scope, Scopes},
};
use crate::{
    error::{Error, Result},
    id::{ApiKeyId, SessionId, UserId},
};

/// How old a sign-in or check may be for what takes a [`RecentlyAuthenticated`].
pub const RECENT: TimeDelta = TimeDelta::minutes(10);

/// How an API key begins, which no JWT does.
pub const API_KEY_PREFIX: &str = "fgp_";

/// What a user may do on the platform.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum, Enum,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Uses the platform.
    User,
    /// Also administers it.
    Admin,
}

impl Role {
    /// The role's name, as everywhere else.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Admin => "ADMIN",
        }
    }
}

/// A session that may be used now, and what its user may do now.
#[derive(Debug, Clone, Copy)]
pub struct LiveSession {
    /// Whose session it is.
    pub user_id: UserId,
    /// The user's role as of now.
    pub role: Role,
    /// When the user last showed who it is in this session.
    pub authenticated_at: DateTime<Utc>,
    /// Whether the role needs a second factor that the account does not have.
    pub lacks_second_factor: bool,
}

/// An API key that may be used now, and what its user may do now.
#[derive(Debug, Clone, Copy)]
pub struct LiveApiKey {
    /// The key.
    pub id: ApiKeyId,
    /// Whose key it is.
    pub user_id: UserId,
    /// The user's role as of now.
    pub role: Role,
    /// What the key is good for.
    pub scopes: Scopes,
    /// Points of cost a minute; `None`: what holds for its user.
    pub budget_per_minute: Option<u32>,
    /// Whether the role needs a second factor that the account does not have.
    pub lacks_second_factor: bool,
    /// When it runs out; far away for a key that does not.
    pub expires_at: DateTime<Utc>,
}

/// Knows which credentials are good; the features implement it, authentication only asks.
/// Answers are never older than five seconds.
pub trait LiveCredentials {
    /// The session, unless it has ended or expired or its user may not sign in.
    fn find_live(&self, id: SessionId) -> impl Future<Output = Result<Option<LiveSession>>> + Send;

    /// The API key with this text, unless it was revoked or has expired or its user may not sign in.
    fn find_live_key(&self, key: &str) -> impl Future<Output = Result<Option<LiveApiKey>>> + Send;

    /// The API key with this identifier, on the same terms.
    fn find_live_key_by_id(&self, id: ApiKeyId) -> impl Future<Output = Result<Option<LiveApiKey>>> + Send;
}

/// What proved who is calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Credential {
    /// An access token of a session.
    Session(SessionId),
    /// An API key.
    ApiKey(ApiKeyId),
}

/// Proof that the caller is known: signed in, or holding an API key.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    user_id: UserId,
    credential: Credential,
    role: Role,
    scopes: Scopes,
    budget_per_minute: Option<u32>,
    authenticated_at: DateTime<Utc>,
    lacks_second_factor: bool,
    expires_at: DateTime<Utc>,
}

impl Viewer {
    /// Establishes who sends `token`: an access token, or an API key.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for a credential that is not valid, a session that has ended, or a role that has
    /// changed since the token was issued: refreshing the session gives one with the new role.
    pub async fn authenticate(
        tokens: &AccessTokens,
        live: &impl LiveCredentials,
        token: &str,
    ) -> Result<Self> {
        const ENDED: Error = Error::Unauthenticated("The session has ended. Sign in again.");
        if token.starts_with(API_KEY_PREFIX) {
            let key = live.find_live_key(token).await?;
            return key.map(Self::of_key).ok_or(Error::Unauthenticated("The API key is not valid."));
        }
        let token = tokens.verify(token)?;
        let session = live.find_live(token.session_id).await?.ok_or(ENDED)?;
        if session.user_id != token.user_id {
            return Err(ENDED);
        }
        if session.role != token.role {
            return Err(Error::Unauthenticated("Your role has changed. Refresh the session."));
        }
        Ok(Self::of_session(token.session_id, session, token.expires_at))
    }

    fn of_session(id: SessionId, session: LiveSession, expires_at: DateTime<Utc>) -> Self {
        Self {
            user_id: session.user_id,
            credential: Credential::Session(id),
            role: session.role,
            scopes: Scopes::all(),
            budget_per_minute: None,
            authenticated_at: session.authenticated_at,
            lacks_second_factor: session.lacks_second_factor,
            expires_at,
        }
    }

    fn of_key(key: LiveApiKey) -> Self {
        Self {
            user_id: key.user_id,
            credential: Credential::ApiKey(key.id),
            role: key.role,
            scopes: key.scopes,
            budget_per_minute: key.budget_per_minute,
            authenticated_at: DateTime::UNIX_EPOCH,
            lacks_second_factor: key.lacks_second_factor,
            expires_at: key.expires_at,
        }
    }

    /// Holds what was proven against what is true now: a socket or a subscription lives longer than a request.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when the credential is no longer good, or the user has another role by now.
    pub async fn check_still_holds(&self, live: &impl LiveCredentials) -> Result<()> {
        self.as_of_now(live).await.map(drop)
    }

    /// The same viewer with what is known of the session or key by now.
    ///
    /// # Errors
    /// As [`Viewer::check_still_holds`].
    pub async fn as_of_now(&self, live: &impl LiveCredentials) -> Result<Self> {
        let now = match self.credential {
            Credential::Session(id) => {
                live.find_live(id).await?.map(|session| Self::of_session(id, session, self.expires_at))
            }
            Credential::ApiKey(id) => live.find_live_key_by_id(id).await?.map(Self::of_key),
        };
        now.filter(|now| now.role == self.role)
            .ok_or(Error::Unauthenticated("The session or key has ended, or your role has changed."))
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
        Ok((Self::of_session(session_id, live, token.expires_at), token))
    }

    /// The user.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.user_id
    }

    /// What proved it.
    #[must_use]
    pub fn credential(&self) -> Credential {
        self.credential
    }

    /// The session the caller uses; `None` for an API key.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        match self.credential {
            Credential::Session(id) => Some(id),
            Credential::ApiKey(_) => None,
        }
    }

    /// What the user may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The key that the caller uses, where it has a budget of its own: points of cost a minute.
    #[must_use]
    pub fn key_budget(&self) -> Option<(ApiKeyId, u32)> {
        match self.credential {
            Credential::Session(_) => None,
            Credential::ApiKey(id) => Some((id, self.budget_per_minute?)),
        }
    }

    /// When the credential that proved it runs out.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// Whether the role needs a second factor that the account does not have: nothing is allowed but to enrol one.
    ///
    /// # Errors
    /// `SECOND_FACTOR_ENROLLMENT_REQUIRED`.
    pub fn check_factors(&self) -> Result<()> {
        if self.lacks_second_factor { Err(Error::SecondFactorEnrollmentRequired) } else { Ok(()) }
    }

    /// Whether the credential is good for what needs `scope`; a session is good for everything.
    ///
    /// # Errors
    /// `FORBIDDEN` for an API key without that scope.
    pub fn check_scope(&self, scope: Scope) -> Result<()> {
        if self.scopes.contains(scope) {
            return Ok(());
        }
        Err(Error::Forbidden("The API key has not the scope for this."))
    }

    /// The proof of being an administrator.
    ///
    /// # Errors
    /// `FORBIDDEN` for everybody else, and for an API key without the scope.
    pub fn admin(&self) -> Result<Admin> {
        self.check_scope(Scope::Admin)?;
        match self.role {
            Role::Admin => Ok(Admin(*self)),
            Role::User => Err(Error::Forbidden("Only administrators may do this.")),
        }
    }

    /// The proof of being a person with a session.
    ///
    /// # Errors
    /// `FORBIDDEN` for an API key.
    pub fn signed_in(&self) -> Result<SignedInViewer> {
        match self.credential {
            Credential::Session(session_id) => Ok(SignedInViewer { viewer: *self, session_id }),
            Credential::ApiKey(_) => Err(Error::Forbidden("This needs a session: API keys may not do it.")),
        }
    }
}

/// Proof that the caller is a signed-in administrator, or holds an API key of one that is good for it.
#[derive(Debug, Clone, Copy)]
pub struct Admin(Viewer);

impl Admin {
    /// The administrator as any known caller.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.0
    }
}

/// Proof that the caller is signed in with a session, which an API key is not.
#[derive(Debug, Clone, Copy)]
pub struct SignedInViewer {
    viewer: Viewer,
    session_id: SessionId,
}

impl SignedInViewer {
    /// The same as any known caller.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// The user.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.viewer.user_id
    }

    /// The session in use.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// Until when [`SignedInViewer::recently_authenticated`] says yes.
    #[must_use]
    pub fn recent_until(&self) -> DateTime<Utc> {
        self.viewer.authenticated_at + RECENT
    }

    /// The proof of having signed in, or shown a password or factor, within the last ten minutes
    /// (RFC 9470 calls it step-up authentication).
    ///
    /// # Errors
    /// `REAUTHENTICATION_REQUIRED`.
    pub fn recently_authenticated(&self, now: DateTime<Utc>) -> Result<RecentlyAuthenticated> {
        if now < self.recent_until() {
            return Ok(RecentlyAuthenticated(*self));
        }
        Err(Error::ReauthenticationRequired)
    }
}

/// Proof that the caller has shown a moment ago who it is: what changes the ways into an account takes it.
#[derive(Debug, Clone, Copy)]
pub struct RecentlyAuthenticated(SignedInViewer);

impl RecentlyAuthenticated {
    /// The caller with a session.
    #[must_use]
    pub fn signed_in(&self) -> &SignedInViewer {
        &self.0
    }

    /// The same as any known caller.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.0.viewer
    }

    /// The user.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.0.user_id()
    }
}
