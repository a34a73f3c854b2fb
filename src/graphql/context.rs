//! What a resolver knows of the request it serves.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::loaders::Loaders;
use crate::{
    auth::{Admin, Viewer},
    error::{Error, Result},
    gateway::Gateway,
    session::start::Client,
};

/// One request: who asks, from where, and the loaders that belong to it.
pub struct RequestContext {
    /// The platform.
    pub gateway: Gateway,
    /// Where the request comes from.
    pub client: Client,
    /// The browser's refresh token.
    pub refresh_cookie: RefreshCookie,
    /// Batches for this request.
    pub loaders: Loaders,
    viewer: Option<Viewer>,
}

impl RequestContext {
    /// A request of `viewer`, or of somebody unknown.
    #[must_use]
    pub fn new(
        gateway: Gateway,
        viewer: Option<Viewer>,
        client: Client,
        refresh_cookie: RefreshCookie,
    ) -> Self {
        let loaders = Loaders::new(&gateway);
        Self { gateway, client, refresh_cookie, loaders, viewer }
    }

    /// The context of the request that is being resolved.
    #[must_use]
    pub fn of<'a>(ctx: &Context<'a>) -> &'a Self {
        ctx.data_unchecked::<Arc<Self>>()
    }

    /// Who asks, if that is known.
    #[must_use]
    pub fn viewer(&self) -> Option<&Viewer> {
        self.viewer.as_ref()
    }

    /// Who asks.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for a request without an access token.
    pub fn require_viewer(&self) -> Result<&Viewer> {
        self.viewer().ok_or(Error::Unauthenticated("Sign in first: this needs an access token."))
    }

    /// Who asks, being an administrator.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` or `FORBIDDEN`.
    pub fn require_admin(&self) -> Result<Admin> {
        self.require_viewer()?.admin()
    }
}

/// The cookie that carries a browser's refresh token: what came, and what is to go back.
#[derive(Debug, Default)]
pub struct RefreshCookie {
    presented: Option<SecretString>,
    carrier: Carrier,
    change: Mutex<Option<CookieChange>>,
}

/// Whether the transport can set cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Carrier {
    Http,
    #[default]
    None,
}

/// What happens to the cookie.
#[derive(Debug)]
pub enum CookieChange {
    /// It is set, until the time at which the session ends.
    Set(SecretString, DateTime<Utc>),
    /// It is removed.
    Clear,
}

impl RefreshCookie {
    /// The cookie of an HTTP request. A request over WebSocket has none (`Default`).
    #[must_use]
    pub fn over_http(presented: Option<SecretString>) -> Self {
        Self { presented, carrier: Carrier::Http, change: Mutex::default() }
    }

    /// The token that came with the request.
    #[must_use]
    pub fn presented(&self) -> Option<&SecretString> {
        self.presented.as_ref()
    }

    /// Whether the answer can carry a cookie.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        self.carrier == Carrier::Http
    }

    /// Has the answer change the cookie; the last word counts.
    pub fn change(&self, change: CookieChange) {
        *self.change.lock().unwrap_or_else(PoisonError::into_inner) = Some(change);
    }

    /// What the answer must do to the cookie.
    #[must_use]
    pub fn take_change(&self) -> Option<CookieChange> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
