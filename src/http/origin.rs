//! Which websites may call the API from a browser.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::Url;

use super::graphql::PREFLIGHT_HEADERS;
use crate::config::{Config, CorsOrigins};

/// Cross-origin rules for the API (Fetch standard, CORS protocol): the configured origins, with credentials.
pub(super) fn cors(config: &Config) -> CorsLayer {
    let config = config.clone();
    let allowed = move |origin: &HeaderValue, _: &Parts| {
        origin.to_str().is_ok_and(|origin| is_allowed(&config, origin))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allowed))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(
            [header::AUTHORIZATION, header::CONTENT_TYPE]
                .into_iter()
                .chain(PREFLIGHT_HEADERS)
                .collect::<Vec<_>>(),
        )
        .expose_headers([HeaderName::from_static("x-request-id"), header::RETRY_AFTER])
        .max_age(std::time::Duration::from_secs(600))
}

/// Whether a socket may be opened by the page that asks for it. Browsers always name the page's origin, and
/// no CORS check stops a socket; programs that are no browsers name none.
pub(super) fn may_open_socket(config: &Config, headers: &HeaderMap) -> bool {
    match headers.get(header::ORIGIN).map(HeaderValue::to_str) {
        None => true,
        Some(Err(_)) => false,
        Some(Ok(origin)) => is_allowed(config, origin) || is_own(origin, headers),
    }
}

fn is_allowed(config: &Config, origin: &str) -> bool {
    let listed = match &config.cors {
        CorsOrigins::Any => true,
        CorsOrigins::Only(origins) => origins.iter().any(|allowed| allowed == origin),
    };
    listed
        || [&config.site_url, &config.frontend_url]
            .into_iter()
            .any(|base| origin_of(base).as_deref() == Some(origin))
}

/// The page came from the very host it now calls.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    host.is_some() && host == authority
}

fn origin_of(base: &str) -> Option<String> {
    Url::parse(base).ok().map(|url| url.origin().ascii_serialization())
}
