//! Identity providers: whether this machine can reach them, and whether they are who they are thought to be.

use futures_util::future::join_all;

use super::{Check, Group, Installation, check::Subject};
use crate::identity_provider::{GOOGLE_ISSUER, Http, callback, check_discovery};

/// A provider, and what is asked of it.
struct Provider<'a> {
    id: &'a str,
    label: &'a str,
    asked: Asked<'a>,
    /// The settings that say where it is.
    keys: String,
}

enum Asked<'a> {
    /// What it tells of itself at its issuer.
    Discovery(&'a str),
    /// Anything, where people sign in and where programs ask.
    Anything([&'a str; 2]),
}

/// Nothing where none is configured.
pub(super) async fn examine(installation: &Installation) -> Vec<Check> {
    let config = &installation.config;
    let google = config.google.iter().map(|_| Provider {
        id: "google",
        label: "Google",
        asked: Asked::Discovery(GOOGLE_ISSUER),
        keys: "GOOGLE_CLIENT_ID".into(),
    });
    let github = config.github.iter().map(|github| Provider {
        id: "github",
        label: "GitHub",
        asked: Asked::Anything([&github.base_url, &github.api_url]),
        keys: "GITHUB_BASE_URL and GITHUB_API_URL".into(),
    });
    let others = config.open_id.iter().map(|provider| Provider {
        id: &provider.id,
        label: &provider.label,
        asked: Asked::Discovery(&provider.issuer),
        keys: format!("OIDC_{}_ISSUER", provider.id.to_uppercase()),
    });
    join_all(google.chain(github).chain(others).map(|provider| look(installation, provider))).await
}

async fn look(installation: &Installation, provider: Provider<'_>) -> Check {
    let title = format!("Sign-in by {}", provider.label);
    let subject = Subject::of(format!("provider_{}", provider.id), Group::Server, title);
    let looked = async {
        match provider.asked.ask().await {
            Ok(()) if installation.unusable(&["SITE_URL", "API_PREFIX"]).is_some() => subject.ok("answers"),
            Ok(()) => {
                let callback = callback(&installation.config, provider.id);
                subject.ok(format!("answers; there {callback} has to be registered"))
            }
            Err(error) => {
                let fix = format!("Correct {}, or let this machine reach the provider", provider.keys);
                subject.failed(format!("{error:#}"), fix)
            }
        }
    };
    subject.in_time(looked).await
}

impl Asked<'_> {
    async fn ask(&self) -> anyhow::Result<()> {
        match self {
            Self::Discovery(issuer) => check_discovery(&Http::new(issuer)?, issuer).await,
            Self::Anything(addresses) => {
                for address in addresses {
                    Http::new(address)?.reach(address).await?;
                }
                Ok(())
            }
        }
    }
}
