//! Identity providers: OpenID Connect by discovery, Google among them, and GitHub, which has a way of its own.
//!
//! What is here knows no accounts: it sends a browser to a provider and, with the answer, finds out who came back.
//! Every question to a provider has a deadline and a bound, and follows no redirect.

mod cached;
mod claims;
mod discovery;
mod github;
mod http;
mod id_token;
mod keys;
mod oidc;
mod token;

use std::{sync::Arc, time::Duration};

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use prometheus_client::encoding::EncodeLabelSet;
use secrecy::SecretString;
use tokio::time::timeout;
use url::Url;

pub use cached::{FRESH_FOR, PAUSE};
pub use discovery::check_discovery;
pub use http::{DEADLINE as QUESTION_DEADLINE, Http};

use crate::{auth::viewer::Role, clock::Clock, config::Config, metrics::Counts};

/// How long all questions of one sign-in may take together.
pub const DEADLINE: Duration = Duration::from_secs(25);

/// How Google names itself.
pub const GOOGLE_ISSUER: &str = "https://accounts.google.com";

/// The providers of this installation.
#[derive(Debug)]
pub struct IdentityProviders {
    /// In the order of the configuration.
    all: Vec<Arc<IdentityProvider>>,
    /// What came of journeys to them, since the start of this process.
    pub journeys: Counts<JourneyOutcome>,
}

/// What tells journeys apart: two words, each of a fixed choice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct JourneyOutcome {
    /// Which sort of provider.
    pub kind: &'static str,
    /// What came of it.
    pub outcome: &'static str,
}

/// A provider that people can sign in with.
#[derive(Debug)]
pub struct IdentityProvider {
    /// Its part of addresses, and of linked accounts.
    pub id: String,
    /// What people know it by.
    pub label: String,
    /// Which sort.
    pub kind: ProviderKind,
    way: Way,
}

/// Which sort of identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[graphql(name = "AuthProviderKind")]
pub enum ProviderKind {
    /// Google.
    Google,
    /// GitHub, or an installation of GitHub Enterprise.
    #[strum(serialize = "GITHUB")]
    #[graphql(name = "GITHUB")]
    GitHub,
    /// Any other, by OpenID Connect.
    #[strum(serialize = "OIDC")]
    #[graphql(name = "OIDC")]
    OpenId,
}

#[derive(Debug)]
enum Way {
    OpenId(Box<oidc::OpenId>),
    GitHub(github::GitHub),
}

/// The secrets of one journey to a provider and back.
#[derive(Debug, Clone)]
pub struct Journey {
    /// Comes back with the answer.
    pub state: SecretString,
    /// Comes back in the ID token.
    pub nonce: SecretString,
    /// Shows at the end that it was begun here (RFC 7636).
    pub pkce_verifier: SecretString,
}

/// Whether the provider is to ask who somebody is although it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// As it likes.
    Usual,
    /// In any case.
    Login,
}

/// What a browser brings back.
#[derive(Debug)]
pub struct Answer {
    /// Good once for who somebody is.
    pub code: SecretString,
    /// Which provider says that it answers (RFC 9207).
    pub issuer: Option<String>,
}

/// Who came back, as the provider has it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Names this person at this provider, for ever.
    pub subject: String,
    /// The address, if there is one that mail can go to, and only if the provider writes it as it is kept here but for
    /// the case of letters.
    pub email: Option<crate::email::Email>,
    /// Whether the provider says that it is this person's.
    pub email_verified: bool,
    /// What the provider calls this person.
    pub name: Option<String>,
    /// The role by the provider's word, where that decides.
    pub role: Option<Role>,
    /// The groups, where they are asked for.
    pub groups: Option<Vec<String>>,
    /// When the provider last had this person show who it is, where it says so; it may be long ago.
    pub authenticated_at: Option<DateTime<Utc>>,
}

/// Why nobody came back.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The provider does not answer, or not as it should.
    #[error("{0:#}")]
    Unavailable(#[from] anyhow::Error),
    /// What the browser brought is not good, or not good any more.
    #[error("{0}")]
    NotGood(&'static str),
}

impl IdentityProviders {
    /// Those that `config` names. Nothing is asked of them yet.
    ///
    /// # Errors
    /// The certificates that this machine trusts cannot be read.
    pub fn new(config: &Config, clock: &Clock) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        if let Some(client) = &config.google {
            let google = crate::config::identity::OpenIdProvider {
                id: "google".into(),
                label: "Google".into(),
                issuer: GOOGLE_ISSUER.into(),
                client: client.clone(),
                scopes: ["openid", "email", "profile"].map(str::to_owned).into(),
                role: None,
                groups_claim: None,
            };
            all.push(IdentityProvider::open_id(google, ProviderKind::Google, config, clock)?);
        }
        if let Some(github) = &config.github {
            let (id, kind) = ("github".to_owned(), ProviderKind::GitHub);
            let way = Way::GitHub(github::GitHub::new(github.clone(), callback(config, &id))?);
            all.push(IdentityProvider { id, label: "GitHub".into(), kind, way });
        }
        for provider in &config.open_id {
            all.push(IdentityProvider::open_id(provider.clone(), ProviderKind::OpenId, config, clock)?);
        }
        Ok(Self { all: all.into_iter().map(Arc::new).collect(), journeys: journeys() })
    }

    /// The provider with this identifier.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Arc<IdentityProvider>> {
        self.all.iter().find(|provider| provider.id == id)
    }

    /// Counts what came of a journey to a provider.
    pub fn count(&self, kind: ProviderKind, outcome: &'static str) {
        self.journeys.get_or_create(&JourneyOutcome { kind: kind.into(), outcome }).inc();
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<IdentityProvider>> {
        self.all.iter()
    }
}

/// None yet; those that an alert looks for are there from the start.
fn journeys() -> Counts<JourneyOutcome> {
    let journeys = Counts::default();
    for kind in [ProviderKind::Google, ProviderKind::GitHub, ProviderKind::OpenId] {
        for outcome in ["OK", "PROVIDER_UNAVAILABLE"] {
            let _ = journeys.get_or_create(&JourneyOutcome { kind: kind.into(), outcome });
        }
    }
    journeys
}

/// Where a provider sends the browser back to: the very text that is registered there.
#[must_use]
pub fn callback(config: &Config, id: &str) -> String {
    format!("{}{}/auth/{id}/callback", config.site_url, config.api_prefix)
}

impl IdentityProvider {
    fn open_id(
        provider: crate::config::identity::OpenIdProvider,
        kind: ProviderKind,
        config: &Config,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let (id, label) = (provider.id.clone(), provider.label.clone());
        let callback = callback(config, &id);
        let way = Way::OpenId(Box::new(oidc::OpenId::new(provider, callback, clock.clone())?));
        Ok(Self { id, label, kind, way })
    }

    /// Where to send a browser that wants to be known.
    ///
    /// # Errors
    /// The provider does not tell where.
    pub async fn authorization_url(&self, journey: &Journey, prompt: Prompt) -> Result<Url, ProviderError> {
        match &self.way {
            Way::OpenId(provider) => in_time(provider.authorization_url(journey, prompt)).await,
            Way::GitHub(provider) => provider.authorization_url(journey, prompt),
        }
    }

    /// Whether an answer without a code comes from this provider, as far as it says so.
    #[must_use]
    pub fn may_be_from(&self, issuer: Option<&str>) -> bool {
        match &self.way {
            Way::OpenId(provider) => issuer.is_none_or(|issuer| issuer == provider.issuer()),
            Way::GitHub(_) => true,
        }
    }

    /// Finds out who came back.
    ///
    /// # Errors
    /// What the browser brought is not good, or the provider does not answer as it should.
    pub async fn identify(&self, answer: &Answer, journey: &Journey) -> Result<Identity, ProviderError> {
        match &self.way {
            Way::OpenId(provider) => in_time(provider.identify(answer, journey)).await,
            Way::GitHub(provider) => in_time(provider.identify(answer, journey)).await,
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, ProviderError>>) -> Result<T, ProviderError> {
    let late = || ProviderError::Unavailable(anyhow::anyhow!("no answer within {} s", DEADLINE.as_secs()));
    timeout(DEADLINE, work).await.unwrap_or_else(|_| Err(late()))
}
