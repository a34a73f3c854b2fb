//! A name for every request, in its log lines, its errors and its answer's `x-request-id`.

use std::{borrow::Cow, net::SocketAddr, panic::AssertUnwindSafe, time::Instant};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use opentelemetry_http::HeaderExtractor;
use tracing::Instrument;

use super::{
    App,
    client::client_ip,
    media_type::MediaType,
    metrics,
    refusal::{self, Refusal},
};
use crate::{auth::secrets::random_bytes, telemetry};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const MAX_CHARS: usize = 64;

/// The name of the request being handled.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) String);

impl RequestId {
    /// A name that nothing else has.
    pub(super) fn generate() -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(random_bytes())))
    }
}

/// Names the request, follows it with a span and ends it with one log line.
///
/// A name given by the caller, such as a proxy in front, is kept when it is short and plain.
pub(super) async fn follow(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let given =
        request.headers().get(&HEADER).and_then(|value| value.to_str().ok()).filter(|id| is_plain(id));
    let id = given.map_or_else(|| RequestId::generate().0, str::to_owned);
    let (method, route) = (metrics::method_of(request.method()), metrics::route_of(request.extensions()));
    // An address with a secret in it is told as the route is written.
    let path =
        if route.ends_with("/{token}") { Cow::from(&route) } else { without_token(request.uri().path()) };
    let traced = telemetry::request_span(method, &route, &HeaderExtractor(request.headers()));
    let span = tracing::info_span!(
        "request",
        id,
        method = %request.method(),
        path = &*path,
        trace_id = telemetry::trace_id(&traced),
        ip = %client_ip(&app.gateway.config.trusted_proxies, peer, request.headers()),
    );
    request.extensions_mut().insert(RequestId(id.clone()));
    let outcome = traced.clone();
    let media_type = MediaType::negotiate(request.headers());
    let quiet = ["/health", "/assets/"].iter().any(|path| request.uri().path().starts_with(path));
    async move {
        let started = Instant::now();
        let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let response = answered.unwrap_or_else(|_| Refusal::panicked().into_response());
        let mut response = refusal::complete(response, media_type, &id);
        let (status, took) = (response.status().as_u16(), started.elapsed());
        let milliseconds = took.as_millis();
        telemetry::record_status(&outcome, status);
        app.metrics.note_request(&metrics::Request { method, route, status }, took.as_secs_f64());
        if quiet && response.status().is_success() {
            tracing::debug!(status, milliseconds, "answered");
        } else {
            tracing::info!(status, milliseconds, "answered");
        }
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(HEADER, id);
        }
        response
    }
    .instrument(span)
    .instrument(traced)
    .await
}

/// The path without what follows `/data-export/`. Whoever mistypes such an address, or has a program that does, has
/// no download, but shows a token that is good for one all the same.
fn without_token(path: &str) -> Cow<'_, str> {
    const MARK: &str = "/data-export";
    let cut = path.match_indices(MARK).map(|(at, _)| path.split_at(at + MARK.len()));
    // Some programs write a slash as `%2F`.
    let mut tokens = cut.filter(|(_, rest)| rest.starts_with(['/', '%']) && rest.len() > 1);
    tokens.next().map_or(path.into(), |(before, _)| format!("{before}/{{token}}").into())
}

fn is_plain(id: &str) -> bool {
    (8..=MAX_CHARS).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_address_of_a_download_is_not_told() {
        for (path, told) in [
            ("/api/data-export/secret", "/api/data-export/{token}"),
            ("/api/data-export/secret/", "/api/data-export/{token}"),
            ("/api/data-export//secret", "/api/data-export/{token}"),
            ("/api/data-export%2Fsecret", "/api/data-export/{token}"),
            ("/api//data-export/secret", "/api//data-export/{token}"),
            ("/x/data-export/secret/data-export/more", "/x/data-export/{token}"),
            ("/data-exports/data-export/secret", "/data-exports/data-export/{token}"),
            ("/data-export/secret", "/data-export/{token}"),
            ("/api/data-export/", "/api/data-export/"),
            ("/api/data-export", "/api/data-export"),
            ("/assets/data-export-1.js", "/assets/data-export-1.js"),
            ("/api/graphql", "/api/graphql"),
        ] {
            assert_eq!(without_token(path), told);
        }
    }
}
