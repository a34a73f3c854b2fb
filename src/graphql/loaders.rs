//! The loaders of one request.

use crate::{
    gateway::Gateway,
    session::loader::{SessionCountLoader, SessionPageLoader, session_count_loader, session_page_loader},
    user::loader::{UserLoader, user_loader},
};

/// Batches what the fields of one request ask for.
pub struct Loaders {
    /// Users by identifier.
    pub users: UserLoader,
    /// Pages of users' sessions.
    pub session_pages: SessionPageLoader,
    /// Counts of users' sessions.
    pub session_counts: SessionCountLoader,
}

impl Loaders {
    /// Fresh ones: they know nothing yet.
    #[must_use]
    pub fn new(gateway: &Gateway) -> Self {
        Self {
            users: user_loader(gateway),
            session_pages: session_page_loader(gateway),
            session_counts: session_count_loader(gateway),
        }
    }
}
