//! Whom a budget or a cap is for.

use std::fmt;

use super::Viewer;
use crate::id::UserId;

/// The user, or for an anonymous caller the network that the request comes from. `Display` is short and makes a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A signed-in user, on whatever device.
    User(UserId),
    /// Somebody unknown.
    Network(String),
}

impl Principal {
    /// The principal of a request.
    #[must_use]
    pub fn of(viewer: Option<&Viewer>, network: String) -> Self {
        viewer.map_or(Self::Network(network), |viewer| Self::User(viewer.user_id()))
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Network(network) => write!(f, "Network:{network}"),
        }
    }
}
