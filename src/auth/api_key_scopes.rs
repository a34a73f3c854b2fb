//! What an API key is good for.

use async_graphql::Enum;
use serde::{Deserialize, Serialize};

/// One thing that an API key may be good for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Enum,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[graphql(name = "ApiKeyScope")]
pub enum Scope {
    /// Queries and subscriptions.
    Read,
    /// Mutations.
    Write,
    /// What an administrator may do, for the key of one.
    Admin,
    /// Chats with apps.
    Chat,
}

const EVERY: [Scope; 4] = [Scope::Read, Scope::Write, Scope::Admin, Scope::Chat];

/// A set of scopes. Written as their names with spaces between, as OAuth does (RFC 6749, section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Scopes(u8);

impl Scopes {
    /// Everything: what a session is good for.
    #[must_use]
    pub const fn all() -> Self {
        Self(u8::MAX)
    }

    /// Whether `scope` is among them.
    #[must_use]
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// Each of them once, in the order of the enum.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        EVERY.into_iter().filter(move |scope| self.contains(*scope))
    }

    /// Reads the written form; names that this release does not know grant nothing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.split(' ').filter_map(|name| name.parse().ok()).collect()
    }

    /// The written form.
    #[must_use]
    pub fn to_text(self) -> String {
        self.iter().map(<&str>::from).collect::<Vec<_>>().join(" ")
    }
}

impl From<String> for Scopes {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> Self {
        scopes.to_text()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | 1 << scope as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for scopes in [vec![], vec![Scope::Read], vec![Scope::Chat, Scope::Read], EVERY.to_vec()] {
            let scopes: Scopes = scopes.into_iter().collect();
            assert_eq!(Scopes::parse(&scopes.to_text()), scopes);
        }
        assert_eq!(Scopes::parse("READ FLY").to_text(), "READ");
        assert!(Scopes::all().contains(Scope::Chat));
    }
}
