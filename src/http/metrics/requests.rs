//! What is counted of requests and WebSockets.

use axum::{
    extract::MatchedPath,
    http::{Extensions, Method},
};
use prometheus_client::encoding::EncodeLabelSet;

use crate::metrics::{Counts, Latencies, latencies};

/// Counts since the start of this process.
#[derive(Clone)]
pub(in crate::http) struct Metrics {
    pub(super) requests: Latencies<Request>,
    pub(super) closes: Counts<Close>,
}

/// What tells requests apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(in crate::http) struct Request {
    pub(in crate::http) method: &'static str,
    pub(in crate::http) route: String,
    pub(in crate::http) status: u16,
}

/// Why a WebSocket was closed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Close {
    code: u16,
}

impl Metrics {
    pub(in crate::http) fn new() -> Self {
        Self { requests: latencies(), closes: Counts::default() }
    }

    /// Notes a request and how long it took, in seconds.
    pub(in crate::http) fn note_request(&self, request: &Request, seconds: f64) {
        self.requests.get_or_create(request).observe(seconds);
    }

    /// Notes that the server closed a WebSocket.
    pub(in crate::http) fn note_close(&self, code: u16) {
        self.closes.get_or_create(&Close { code }).inc();
    }
}

/// The method, where it is one that anything here understands.
pub(in crate::http) fn method_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::POST => "POST",
        _ => "other",
    }
}

/// The route, as it was written and not as it was asked for; the console has all that is nobody else's.
pub(in crate::http) fn route_of(extensions: &Extensions) -> String {
    extensions.get::<MatchedPath>().map_or("console", MatchedPath::as_str).to_owned()
}
