//! Sign-in by an identity provider: the way there, and the way back. Browsers come here by themselves, so all that
//! they get is another address.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension, Router,
    extract::{ConnectInfo, Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

use super::{App, client::client, cookie, refusal::Refusal, request_id::RequestId};
use crate::{
    error::Error,
    graphql::{RequestContext, context::CookieChange},
    identity_provider::{IdentityProvider, Prompt},
    linked_account::{
        answer::{self, Outcome, Returned},
        journey::{BrowserSecret, LIFETIME},
        service,
    },
    session::sign_in::{RefreshTokenDelivery, hand_over},
};

pub(super) fn routes() -> Router<App> {
    // HEAD would use a journey up, and leave the browser where it was.
    Router::new()
        .route("/auth/{provider}", get(start).head(method_not_allowed).fallback(method_not_allowed))
        .route("/auth/{provider}/callback", get(finish).head(method_not_allowed).fallback(method_not_allowed))
}

/// Sends a browser to a provider.
async fn start(
    State(app): State<App>,
    Path(provider): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let provider = find(&app, &provider)?;
    let context = context(&app, peer, &request_id, &headers);
    let (gateway, cookie) = (&app.gateway, &context.cookies.provider);
    let browser = BrowserSecret::presented_or_new(cookie.presented());
    let query = Query::parse(query);
    let prompt = if query.get("prompt") == Some("login") { Prompt::Login } else { Prompt::Usual };
    let next = query.get("next");
    match service::start_sign_in(gateway, &provider, &browser, next, prompt, &context.client).await {
        Ok(url) => {
            cookie.change(CookieChange::Set(browser.text().clone(), gateway.clock.now() + LIFETIME));
            lead(&context, &String::from(url).into())
        }
        Err(outcome) => lead(&context, &outcome.location(gateway)),
    }
}

/// Takes a browser back from a provider. Whoever goes away meanwhile does not leave it half done.
async fn finish(
    State(app): State<App>,
    Path(provider): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let provider = find(&app, &provider)?;
    let context = context(&app, peer, &request_id, &headers);
    let query = Query::parse(query);
    let secret = |name| query.get(name).map(|value| SecretString::from(value.to_owned()));
    let returned = Returned {
        state: secret("state"),
        code: secret("code"),
        error: query.get("error").map(str::to_owned),
        issuer: query.get("iss").map(str::to_owned),
    };
    let browser = context.cookies.provider.presented().and_then(BrowserSecret::presented);
    let origin = context.origin(None);
    let gateway = app.gateway.clone();
    let work = async move {
        answer::service::finish(&gateway, &provider, returned, browser.as_ref(), &origin).await
    };
    let outcome = app.tasks.spawn(tracing::Instrument::in_current_span(work)).await;
    let outcome = outcome.map_err(|error| Error::Internal(error.into()))?;
    let location = outcome.location(&app.gateway);
    if let Outcome::SignedIn { signed_in, .. } = outcome {
        hand_over(&context, *signed_in, RefreshTokenDelivery::Cookie);
    }
    lead(&context, &location)
}

fn find(app: &App, id: &str) -> Result<Arc<IdentityProvider>, Refusal> {
    let found = app.gateway.identity_providers.find(id);
    Ok(Arc::clone(found.ok_or(Error::NotFound("identity provider"))?))
}

fn context(app: &App, peer: SocketAddr, request_id: &str, headers: &HeaderMap) -> RequestContext {
    let config = &app.gateway.config;
    let client = client(&config.trusted_proxies, peer, headers, request_id);
    RequestContext::over_http(app.gateway.clone(), None, client, cookie::read_all(config, headers))
}

/// Sends the browser on, with what its cookies are to be.
fn lead(context: &RequestContext, location: &SecretString) -> Result<Response, Refusal> {
    let gateway = &context.gateway;
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let mut location = HeaderValue::from_str(location.expose_secret())
        .map_err(|error| Error::Internal(anyhow::Error::new(error)))?;
    location.set_sensitive(true);
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    cookie::write_all(&gateway.config, &context.cookies, gateway.clock.now(), headers)
        .map_err(Error::Internal)?;
    Ok(response)
}

/// The parameters of an address. One that comes twice is none (RFC 6749, section 3.1).
struct Query(Vec<(String, String)>);

impl Query {
    fn parse(query: Option<String>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = values.next();
        value.filter(|_| values.next().is_none())
    }
}

async fn method_not_allowed() -> Refusal {
    let error = Error::BadRequest("Browsers come here by GET.");
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, error).allowing("GET")
}
