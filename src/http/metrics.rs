//! `/metrics`: everything that is counted, for Prometheus, on a listener of its own.
//!
//! This list, and those of [`live`] and [`process`], are all the metrics there are; `docs/operations.md` explains each,
//! and a test keeps the documents, the alert rules and the dashboard to these names. No label has values that callers
//! choose.

mod live;
mod process;
mod requests;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{encoding::text, metrics::gauge::Gauge, registry::Registry};
use tokio::time::timeout;

pub(super) use requests::{Metrics, Request, method_of, route_of};

use super::App;
use crate::{error::Result, gateway::Gateway, job, mail};

/// OpenMetrics 1.0, which Prometheus asks for first.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How long the database may take to answer when it is asked for Prometheus, who waits for 10 s.
const DATABASE_DEADLINE: Duration = Duration::from_secs(3);

pub(super) fn router(app: &App) -> Router {
    let database = DatabaseGauges::default();
    let registry = registry(app, &database);
    let asked = Asked { gateway: app.gateway.clone(), registry, database };
    Router::new().route("/metrics", get(report)).with_state(Arc::new(asked))
}

/// What is asked each time, since nothing counts it.
struct Asked {
    gateway: Gateway,
    registry: Registry,
    database: DatabaseGauges,
}

/// What the database knows alone; what it does not answer stays as it was.
#[derive(Default)]
struct DatabaseGauges {
    up: Gauge,
    jobs_waiting: Gauge,
    mails_failed: Gauge,
}

impl DatabaseGauges {
    async fn ask(&self, gateway: &Gateway) {
        let answered = timeout(DATABASE_DEADLINE, self.read(gateway)).await;
        self.up.set(matches!(answered, Ok(Ok(()))).into());
    }

    async fn read(&self, gateway: &Gateway) -> Result<()> {
        gateway.db.ping().await?;
        let waiting = job::service::backlog(&gateway.db, gateway.clock.now()).await?;
        self.jobs_waiting.set(waiting.try_into().unwrap_or(i64::MAX));
        let failed = mail::service::count_failed(&gateway.db).await?;
        self.mails_failed.set(failed.try_into().unwrap_or(i64::MAX));
        Ok(())
    }
}

async fn report(State(asked): State<Arc<Asked>>) -> Response {
    asked.database.ask(&asked.gateway).await;
    let mut report = String::new();
    match text::encode(&mut report, &asked.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], report).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Names and explains what the parts count.
fn registry(app: &App, database: &DatabaseGauges) -> Registry {
    let (gateway, http, graphql) = (&app.gateway, &app.metrics, app.engine.metrics());
    let mut all = Registry::default();

    all.register(
        "http_server_request_duration_seconds",
        "Time from a request to its answer",
        http.requests.clone(),
    );
    all.register("websocket_closes", "WebSockets that the server closed, by close code", http.closes.clone());

    all.register(
        "graphql_operation_duration_seconds",
        "Time of queries and mutations, payment from the budget included",
        graphql.operations.clone(),
    );
    all.register("graphql_subscriptions", "Subscriptions begun", graphql.subscriptions.clone());
    all.register("graphql_events", "Events that subscriptions were told of", graphql.events.clone());
    all.register("graphql_errors", "Errors of answers, by code", graphql.errors.clone());
    all.register("graphql_documents", "Documents, by how they were known", graphql.documents.clone());
    all.register("graphql_cost_points", "Points paid for operations", graphql.cost.clone());

    let happenings = &gateway.happenings;
    all.register("sign_ups", "Accounts that people made for themselves", happenings.sign_ups.clone());
    all.register("sign_ins", "Attempts to sign in", happenings.sign_ins.clone());
    all.register("sign_in_second_steps", "Second steps of sign-ins", happenings.second_steps.clone());
    all.register(
        "provider_sign_ins",
        "Journeys to identity providers, by what came of them",
        gateway.identity_providers.journeys.clone(),
    );
    all.register(
        "refused_guesses",
        "Guesses that were not looked at, by what said wait",
        happenings.refused_guesses.clone(),
    );
    all.register("session_refreshes", "Refresh tokens presented", happenings.refreshes.clone());
    all.register("session_ends", "Sessions ended before their time", happenings.ends.clone());

    let hashing = &gateway.hasher.work;
    all.register(
        "password_hash_wait_seconds",
        "Time that a password waited for a core",
        hashing.waited.0.clone(),
    );
    all.register("password_hash_duration_seconds", "Time of a password's hash", hashing.took.0.clone());
    all.register(
        "password_hash_refusals",
        "Passwords that the queue had no place for",
        hashing.refused.clone(),
    );

    all.register("db_client_up", "Whether the database answers", database.up.clone());
    all.register("jobs_waiting", "Jobs whose time has come, or that run", database.jobs_waiting.clone());
    all.register("mails_failed", "Mails that were given up", database.mails_failed.clone());
    all.register(
        "db_client_operation_duration_seconds",
        "Time of database statements",
        gateway.statements.0.clone(),
    );
    if let Some(redis) = &gateway.redis {
        all.register(
            "redis_failures",
            "Operations that Redis did not answer well or in time",
            redis.failures().clone(),
        );
    }
    let traffic = &gateway.bus.traffic;
    all.register("bus_messages_published", "Messages to all replicas", traffic.published.clone());
    all.register("bus_messages_received", "Messages of other replicas", traffic.received.clone());
    all.register("bus_gaps", "Times at which messages were or may have been missed", traffic.gaps.clone());
    all.register(
        "bus_round_trip_seconds",
        "Time of a message to Redis and back",
        traffic.round_trip.0.clone(),
    );

    all.register_collector(Box::new(live::Live(app.clone())));
    all.register_collector(Box::new(process::Process(gateway.clock.now())));
    all
}
