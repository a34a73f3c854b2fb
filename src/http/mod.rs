//! Addresses and layers: what a request passes through, from the socket to the schema.

mod client;
pub mod console;
mod cookie;
mod data_export;
mod graphql;
mod health;
mod media_type;
mod metrics;
mod oauth;
mod origin;
mod refusal;
mod request_id;
mod server;
mod websocket;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, StatusCode, header},
    routing::{any, get, post},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceBuilder;
use tower_http::{compression::CompressionLayer, set_header::SetResponseHeaderLayer, timeout::TimeoutLayer};

use metrics::Metrics;
use refusal::Refusal;
pub use server::Server;

use crate::{error::Error, gateway::Gateway, graphql::Engine, session::sockets::Seats};

/// The greatest request body, in bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// How long a request may take, body and all: a little more than the operation in it.
const REQUEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(35);

/// What handlers share.
#[derive(Clone)]
struct App {
    gateway: Gateway,
    engine: Engine,
    /// Fires when the server is to stop.
    shutdown: CancellationToken,
    /// Everything that must end before the process does.
    tasks: TaskTracker,
    /// Open connections, by who opened them.
    connections: Seats,
    metrics: Metrics,
}

fn router(app: App) -> Router {
    let config = &app.gateway.config;
    let api = Router::new()
        .route(
            "/graphql",
            post(graphql::post).get(websocket::upgrade_or_query).fallback(graphql::method_not_allowed),
        )
        .route("/data-export/{token}", get(data_export::download).fallback(data_export::method_not_allowed))
        // Here as well, since a proxy may treat the API and /health differently.
        .route("/health/client", get(health::caller))
        .merge(oauth::routes())
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    Router::new()
        .nest(&config.api_prefix, api)
        .route(&format!("{}/", config.api_prefix), any(not_found))
        .route("/health", get(health::report))
        .route("/health/ready", get(health::report))
        .route("/health/live", get(health::live))
        .route("/health/client", get(health::caller))
        .layer(origin::cors(config))
        .merge(console::routes().layer(CompressionLayer::new()))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_TIMEOUT))
        .layer(
            ServiceBuilder::new()
                .layer(security_header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .layer(security_header(header::REFERRER_POLICY, "strict-origin-when-cross-origin"))
                .layer(security_header(header::X_FRAME_OPTIONS, "DENY"))
                .layer(axum::middleware::from_fn_with_state(app.clone(), request_id::follow)),
        )
        .with_state(app)
}

fn security_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

async fn not_found() -> Refusal {
    Error::NotFound("address").into()
}

impl App {
    fn new(gateway: Gateway, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let tasks = TaskTracker::new();
        let engine = Engine::new(&gateway, console::trusted_documents().as_deref(), tasks.clone())?;
        Ok(Self { gateway, engine, shutdown, tasks, connections: Seats::default(), metrics: Metrics::new() })
    }
}
