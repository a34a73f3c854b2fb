//! What comes of a journey to an identity provider, and where the browser goes with it.

pub mod service;

use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded::Serializer;

use super::next;
use crate::{error::Error, gateway::Gateway, one_time_token::service::Issued, session::start::SignedIn};

/// What a browser brings back, as it is written in the address.
#[derive(Debug, Default)]
pub struct Returned {
    /// Names the journey.
    pub state: Option<SecretString>,
    /// Good once for who somebody is.
    pub code: Option<SecretString>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Which provider says that it answers.
    pub issuer: Option<String>,
}

/// What comes of a journey.
#[derive(Debug)]
pub enum Outcome {
    /// Somebody is signed in.
    SignedIn {
        /// The session.
        signed_in: Box<SignedIn>,
        /// Where people go now.
        next: String,
    },
    /// A second factor is asked for.
    SecondFactorRequired {
        /// Stands for the first step.
        challenge: Issued,
        /// Where people go afterwards.
        next: String,
    },
    /// An account was linked.
    Linked {
        /// The provider's identifier.
        provider: String,
        /// Where people go now.
        next: String,
    },
    /// Nothing.
    Failed {
        /// The provider's identifier.
        provider: String,
        /// Why.
        reason: Reason,
        /// The way back.
        next: String,
    },
}

/// Why nothing came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// Somebody refused, at the provider.
    AccessDenied,
    /// The journey took too long, was ended before, or was begun in another browser or not at all.
    StateExpired,
    /// The provider does not answer, or not as it should.
    ProviderUnavailable,
    /// The provider does not say that the address is this person's.
    EmailUnverified,
    /// There is an account with this address, and nobody has shown whose it is.
    EmailTaken,
    /// Nobody may sign up in this way.
    RegistrationClosed,
    /// The account may not sign in.
    AccountSuspended,
    /// The account at the provider signs in to somebody else's account.
    AlreadyLinked,
    /// Too many attempts.
    RateLimited,
    /// A fault on our side.
    Internal,
}

impl Reason {
    /// The reason that an error is; the log is told of a fault.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        match error {
            Error::InvalidToken => Self::StateExpired,
            Error::RateLimited(_) => Self::RateLimited,
            Error::RegistrationClosed(_) => Self::RegistrationClosed,
            // The account changed between the provider's word and the session.
            Error::InvalidCredentials | Error::Forbidden(_) | Error::NotFound(_) => Self::AccountSuspended,
            error => {
                let cause = match error {
                    Error::Internal(cause) => format!("{cause:#}"),
                    error => error.to_string(),
                };
                tracing::error!(error = cause, "a sign-in by an identity provider failed");
                Self::Internal
            }
        }
    }
}

impl Outcome {
    /// In one word, for what is counted.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::SignedIn { .. } => "OK",
            Self::SecondFactorRequired { .. } => "SECOND_FACTOR_REQUIRED",
            Self::Linked { .. } => "LINKED",
            Self::Failed { reason, .. } => reason.into(),
        }
    }

    /// Where the browser goes. A challenge is in the fragment, which no server sees and no `Referer` tells.
    #[must_use]
    pub fn location(&self, gateway: &Gateway) -> SecretString {
        let path = match self {
            Self::SignedIn { next, .. } => next.clone(),
            Self::SecondFactorRequired { challenge, next } => {
                let challenge = challenge.challenge(&gateway.session_key);
                let query = query(&[("next", next)]);
                format!("/sign-in/second-factor?{query}#challenge={}", challenge.expose_secret())
            }
            Self::Linked { provider, next } => next::with_parameter(next, "linked", provider),
            Self::Failed { provider, reason, next } => {
                let query = query(&[("provider", provider), ("reason", reason.into()), ("next", next)]);
                format!("/sign-in/failed?{query}")
            }
        };
        format!("{}{path}", gateway.config.frontend_url).into()
    }
}

fn query(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}
