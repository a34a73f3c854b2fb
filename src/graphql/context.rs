//! What a resolver knows of the request it serves.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::loaders::Loaders;
use crate::{
    auth::{Admin, Client, Principal, RecentlyAuthenticated, SignedInViewer, Viewer},
    error::{Error, Result},
    gateway::Gateway,
    known_device::service::DeviceToken,
    session::{socket_token::SocketToken, start::Origin},
};

/// One request: who asks, from where, and the loaders that belong to it.
pub struct RequestContext {
    /// The platform.
    pub gateway: Gateway,
    /// Where the request comes from.
    pub client: Client,
    /// The browser's cookies.
    pub cookies: Cookies,
    /// Batches for this request.
    pub loaders: Loaders,
    viewer: Option<Viewer>,
    socket_token: Option<Arc<SocketToken>>,
}

impl RequestContext {
    /// A request of `viewer`, or of somebody unknown, over HTTP.
    #[must_use]
    pub fn over_http(gateway: Gateway, viewer: Option<Viewer>, client: Client, cookies: Cookies) -> Self {
        let loaders = Loaders::new(&gateway);
        Self { gateway, client, cookies, loaders, viewer, socket_token: None }
    }

    /// A request over a WebSocket: of whoever opened it, or of somebody unknown.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when whoever opened it may no longer use it.
    pub async fn over_socket(
        gateway: Gateway,
        token: Option<Arc<SocketToken>>,
        client: Client,
    ) -> Result<Self> {
        let loaders = Loaders::new(&gateway);
        let viewer = match &token {
            Some(token) => Some(token.viewer_now(&gateway).await?),
            None => None,
        };
        let cookies = Cookies::default();
        Ok(Self { gateway, client, cookies, loaders, viewer, socket_token: token })
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

    /// The token of the socket that the request came over, where one was opened with a token.
    #[must_use]
    pub fn socket_token(&self) -> Option<&SocketToken> {
        self.socket_token.as_deref()
    }

    /// Whose budget the request is paid from.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal::of(self.viewer(), self.client.network())
    }

    /// Whether the caller may read the schema: by introspection, and in what errors suggest.
    #[must_use]
    pub fn may_introspect(&self) -> bool {
        self.gateway.config.introspection || self.is_admin()
    }

    /// Whether the caller is an administrator, where that is a question of comfort: what only an administrator may do
    /// takes [`RequestContext::require_admin`].
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.viewer().is_some_and(|viewer| viewer.admin().is_ok())
    }

    /// Who asks.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for a request without an access token; `SECOND_FACTOR_ENROLLMENT_REQUIRED` for somebody who
    /// has to set one up first.
    pub fn require_viewer(&self) -> Result<&Viewer> {
        let viewer = self.require_known()?;
        viewer.check_factors()?;
        Ok(viewer)
    }

    /// Who asks, whether or not a second factor has to be set up first: for doing just that, and for leaving.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for a request without an access token.
    pub fn require_known(&self) -> Result<&Viewer> {
        self.viewer().ok_or(Error::Unauthenticated("Sign in first: this needs an access token."))
    }

    /// Who asks, with a session.
    ///
    /// # Errors
    /// As [`RequestContext::require_viewer`]; `FORBIDDEN` for an API key.
    pub fn require_signed_in(&self) -> Result<SignedInViewer> {
        self.require_viewer()?.signed_in()
    }

    /// Who asks, having shown a moment ago who it is.
    ///
    /// # Errors
    /// As [`RequestContext::require_signed_in`]; `REAUTHENTICATION_REQUIRED`.
    pub fn require_recent(&self) -> Result<RecentlyAuthenticated> {
        self.require_signed_in()?.recently_authenticated(self.gateway.clock.now())
    }

    /// As [`RequestContext::require_recent`], also where a second factor has to be set up first: for doing just that.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, `FORBIDDEN` for an API key, `REAUTHENTICATION_REQUIRED`.
    pub fn require_recent_to_enroll(&self) -> Result<RecentlyAuthenticated> {
        self.require_known()?.signed_in()?.recently_authenticated(self.gateway.clock.now())
    }

    /// Where a sign-in by this request comes from. A device without cookies may give its secret by itself.
    #[must_use]
    pub fn origin(&self, device_token: Option<String>) -> Origin {
        let given = device_token.map(SecretString::from);
        let device = given.as_ref().or(self.cookies.device.presented()).and_then(DeviceToken::presented);
        Origin { client: self.client.clone(), device }
    }

    /// Who asks, being an administrator.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` or `FORBIDDEN`.
    pub fn require_admin(&self) -> Result<Admin> {
        self.require_viewer()?.admin()
    }
}

/// The cookies that the platform knows, out of reach of scripts. A request over WebSocket has none (`Default`).
#[derive(Debug, Default)]
pub struct Cookies {
    /// The refresh token.
    pub refresh: SecretCookie,
    /// The device's secret.
    pub device: SecretCookie,
    /// What binds journeys to identity providers to the browser.
    pub provider: SecretCookie,
}

/// One cookie: what came, and what is to go back.
#[derive(Debug, Default)]
pub struct SecretCookie {
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
    /// It is set, until this time.
    Set(SecretString, DateTime<Utc>),
    /// It is removed.
    Clear,
}

impl SecretCookie {
    /// The cookie of an HTTP request.
    #[must_use]
    pub fn over_http(presented: Option<SecretString>) -> Self {
        Self { presented, carrier: Carrier::Http, change: Mutex::default() }
    }

    /// The secret that came with the request.
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
