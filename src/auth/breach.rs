//! Passwords that are known from breaches, as `https://haveibeenpwned.com` publishes them: by the SHA-1 of each.
//! SHA-1 protects nothing here; it is what the list is kept by.

mod file;
mod range;

use std::path::PathBuf;

use anyhow::Context;
use sha1::{Digest, Sha1};

pub use range::DEADLINE;

use crate::config::BreachSource;

/// A digest in upper-case hexadecimal, as both forms of the list have it.
pub(super) struct Fingerprint(String);

impl Fingerprint {
    fn of(password: &str) -> Self {
        Self(hex::encode_upper(Sha1::digest(password.as_bytes())))
    }
}

/// The list of passwords that are known.
#[derive(Debug, Clone)]
pub enum BreachedPasswords {
    /// None is configured.
    Off,
    /// All of it, on this machine.
    File(PathBuf),
    /// Somewhere else, asked for all that begin with the same five digits: k-anonymity.
    Range(range::Endpoint),
}

impl BreachedPasswords {
    /// The list that is configured.
    ///
    /// # Errors
    /// The file cannot be opened, or this machine's trusted certificates cannot be read.
    pub fn open(source: Option<&BreachSource>) -> anyhow::Result<Self> {
        Ok(match source {
            None => Self::Off,
            Some(BreachSource::File(path)) => {
                std::fs::File::open(path)
                    .with_context(|| format!("PASSWORD_BREACH_FILE {} cannot be opened", path.display()))?;
                Self::File(path.clone())
            }
            Some(BreachSource::Range(url)) => Self::Range(range::Endpoint::new(url)?),
        })
    }

    /// Whether the list has this password.
    ///
    /// # Errors
    /// The list cannot be read.
    pub async fn contains(&self, password: &str) -> anyhow::Result<bool> {
        let fingerprint = Fingerprint::of(password);
        match self {
            Self::Off => Ok(false),
            Self::File(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || file::contains(&path, &fingerprint)).await?
            }
            Self::Range(endpoint) => endpoint.contains(&fingerprint).await,
        }
    }
}
