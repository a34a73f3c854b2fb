//! The loaders of one request.

use crate::{
    api_key::list::UserApiKeys,
    audit::list::UserActivity,
    gateway::Gateway,
    linked_account::loader::{LinkedAccountsLoader, linked_accounts_loader},
    owned::{CountLoader, PageLoader, count_loader, page_loader},
    second_factor::loader::{SecondFactorLoader, second_factor_loader},
    session::list::UserSessions,
    user::loader::{UserLoader, user_loader},
};

/// Batches what the fields of one request ask for.
pub struct Loaders {
    /// Users by identifier.
    pub users: UserLoader,
    /// Users' linked accounts.
    pub linked_accounts: LinkedAccountsLoader,
    /// Pages of users' sessions.
    pub session_pages: PageLoader<UserSessions>,
    /// Counts of users' sessions.
    pub session_counts: CountLoader<UserSessions>,
    /// Second factors of users.
    pub second_factors: SecondFactorLoader,
    /// Pages of users' API keys.
    pub api_key_pages: PageLoader<UserApiKeys>,
    /// Counts of users' API keys.
    pub api_key_counts: CountLoader<UserApiKeys>,
    /// Pages of what happened to users' accounts.
    pub activity_pages: PageLoader<UserActivity>,
    /// Counts of what happened to users' accounts.
    pub activity_counts: CountLoader<UserActivity>,
}

impl Loaders {
    /// Fresh ones: they know nothing yet.
    #[must_use]
    pub fn new(gateway: &Gateway) -> Self {
        Self {
            users: user_loader(gateway),
            linked_accounts: linked_accounts_loader(gateway),
            session_pages: page_loader(gateway),
            session_counts: count_loader(gateway),
            second_factors: second_factor_loader(gateway),
            api_key_pages: page_loader(gateway),
            api_key_counts: count_loader(gateway),
            activity_pages: page_loader(gateway),
            activity_counts: count_loader(gateway),
        }
    }
}
