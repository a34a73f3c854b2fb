//! Traces by OTLP over HTTP (<https://opentelemetry.io/docs/specs/otlp/>), joined to those of callers by the
//! `traceparent` header (W3C Trace Context).

use std::{fmt, time::Duration};

use opentelemetry::{
    KeyValue, global,
    propagation::Extractor,
    trace::{TraceContextExt, TracerProvider},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tokio::runtime::Handle;
use tracing::{Span, Subscriber, field::Empty, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

use crate::config::Traces;

/// The target of spans that are for traces alone, and no part of the log.
pub(super) const TARGET: &str = "fastgpt_platform::trace";
/// How long the collector may take for one batch.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long it may take for what is left at the end of the process.
const LAST_DEADLINE: Duration = Duration::from_secs(2);

/// Sends finished spans in batches, from a bounded queue: a collector that is away costs spans and no request.
pub(super) struct Exporter(SdkTracerProvider);

impl Exporter {
    pub(super) fn start(traces: &Traces) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(DEADLINE).build()?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client { client, runtime: Handle::current() })
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", traces.endpoint))
            .with_timeout(DEADLINE)
            .build()?;
        let resource = Resource::builder()
            .with_service_name(traces.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(traces.ratio))))
            .with_resource(resource)
            .build();
        global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Self(provider))
    }

    /// Puts spans into traces.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let tracer = self.0.tracer(env!("CARGO_PKG_NAME"));
        tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false)
    }

    pub(super) async fn finish(self) {
        // Waits for the thread that sends, which waits for this runtime.
        let sent = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(LAST_DEADLINE)).await;
        if let Ok(Err(error)) = sent {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// What is traced: the spans below, and SeaORM's of statements, whose SQL comes without its values.
pub(super) fn filter() -> Targets {
    Targets::new().with_target(TARGET, LevelFilter::INFO).with_target("sea_orm", LevelFilter::INFO)
}

/// A request in a trace, in that of the caller where its headers name one; disabled where no traces are made
/// (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>).
#[must_use]
pub fn request_span(method: &str, route: &str, headers: &dyn Extractor) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
    );
    if !span.is_disabled() {
        let parent = global::get_text_map_propagator(|propagator| propagator.extract(headers));
        // Fails for a span that has begun, which this one has not.
        let _ = span.set_parent(parent);
    }
    span
}

/// Notes what a request came to.
pub fn record_status(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// A query or mutation in a trace.
#[must_use]
pub fn operation_span(r#type: &str, name: &str) -> Span {
    tracing::info_span!(
        target: TARGET,
        "operation",
        otel.name = format!("{type} {name}"),
        graphql.operation.r#type = r#type,
        graphql.operation.name = name,
    )
}

/// The name of the trace that `span` is part of.
#[must_use]
pub fn trace_id(span: &Span) -> Option<String> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let trace_id = context.span().span_context().trace_id();
    Some(trace_id.to_string())
}

/// The HTTP client that the platform has anyway, for a thread that is none of the runtime's.
struct Client {
    client: reqwest::Client,
    runtime: Handle,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let answered = self.runtime.spawn(async move {
            let answer = client.execute(request.try_into()?).await?;
            let status = answer.status();
            let mut response = Response::new(answer.bytes().await?);
            *response.status_mut() = status;
            Ok(response)
        });
        answered.await?
    }
}
