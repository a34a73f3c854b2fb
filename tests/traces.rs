//! Traces: from a caller's `traceparent` to the statement in the database, and no secret in them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use tokio::net::TcpListener;

use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD,
    process::{Installation, until},
};

/// A collector that keeps what it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

impl Collector {
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let keep = async |State(Self(kept)): State<Self>, body: Bytes| {
            kept.lock().unwrap().push(ExportTraceServiceRequest::decode(body).unwrap());
        };
        let router = Router::new().route("/v1/traces", post(keep)).with_state(collector.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (collector, address)
    }

    fn spans(&self) -> Vec<Span> {
        let batches = self.0.lock().unwrap().clone();
        let resources = batches.into_iter().flat_map(|batch| batch.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

#[tokio::test]
async fn a_callers_trace_goes_down_to_the_database() {
    let (collector, endpoint) = Collector::start().await;
    let installation = Installation::new()
        .await
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .with("OTEL_SERVICE_NAME", "平台")
        .with("LOG_FORMAT", "json");
    let server = installation.serve().await;
    let client = server.client().with_header("traceparent", &format!("00-{TRACE}-{CALLER}-01"));
    let client = client.signed_in(ADMIN_EMAIL, ADMIN_PASSWORD).await;
    client.query("{ users { nodes { email } } }").await.data();
    let log = server.process.log();
    server.stop().await;

    let spans = collector.spans();
    let service = collector.0.lock().unwrap()[0].resource_spans[0].resource.clone().unwrap();
    assert!(format!("{service:?}").contains("平台"));
    let by_id: HashMap<&[u8], &Span> = spans.iter().map(|span| (span.span_id.as_slice(), span)).collect();
    let statement = spans
        .iter()
        .find(|span| {
            hex::encode(&span.trace_id) == TRACE
                && span.kind() == SpanKind::Client
                && format!("{:?}", span.attributes).contains("FROM \\\"user")
        })
        .unwrap_or_else(|| panic!("{spans:#?}"));
    let mut names = vec![];
    let mut span = statement;
    while let Some(parent) = by_id.get(span.parent_span_id.as_slice()) {
        assert_eq!(hex::encode(&parent.trace_id), TRACE);
        names.push(parent.name.as_str());
        span = parent;
    }
    assert_eq!(names, ["mutation other", "POST /api/graphql"]);
    assert_eq!(span.kind(), SpanKind::Server);
    assert_eq!(hex::encode(&span.parent_span_id), CALLER);
    assert!(log.contains(&format!(r#""trace_id":"{TRACE}""#)), "{log}");

    let all = format!("{spans:?}");
    for secret in [ADMIN_PASSWORD, &client.token(), &client.refresh_token().unwrap_or_else(|| "none".into())]
    {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_collector_that_is_away_costs_no_request() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", taken.local_addr().unwrap());
    let server = Installation::new().await.with("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).serve().await;
    for _ in 0..50 {
        server.client().query("{ __typename }").await.data();
    }
    // Nothing answers there, and the process ends all the same.
    server.stop().await;
}

#[tokio::test]
async fn none_are_made_where_none_are_configured() {
    let server = Installation::new().await.with("LOG_FORMAT", "json").serve().await;
    let client = server.client().with_header("traceparent", &format!("00-{TRACE}-{CALLER}-01"));
    client.query("{ __typename }").await.data();
    until("the line is written", async || server.process.log().contains("/api/graphql").then_some(())).await;
    assert!(!server.process.log().contains("trace_id"), "{}", server.process.log());
}
