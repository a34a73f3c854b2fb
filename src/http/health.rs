//! `/health`: what works, for load balancers, containers and people.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
};
use serde::Serialize;

use super::{
    App,
    client::{client_ip, is_trusted},
};
use crate::{gateway::Gateway, store::database};

/// A component that takes longer is down.
const DEADLINE: Duration = Duration::from_secs(2);

/// The whole report.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    status: Status,
    version: &'static str,
    components: Components,
}

#[derive(Serialize)]
struct Components {
    database: Component,
    cache: Component,
    migrations: Component,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    status: Status,
    kind: &'static str,
    latency_ms: u64,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Status {
    /// Works.
    Ok,
    /// Works, with less than it should have.
    Degraded,
    /// Does not work.
    Down,
}

/// The caller, as its request arrived.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Caller {
    /// What sessions and limits take for the client: the proxy itself where its word is not taken.
    address: IpAddr,
    /// What the caller speaks with the proxy, if that says so and its word is taken; else what arrives here.
    scheme: String,
    /// Whether a proxy says for whom it asks.
    proxied: bool,
    /// Whether that word is taken (`TRUSTED_PROXIES`).
    proxy_trusted: bool,
}

/// Tells callers of themselves alone: whether the proxies in front are set up.
pub(super) async fn caller(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Json<Caller> {
    let trusted_proxies = &app.gateway.config.trusted_proxies;
    let proxy_trusted = is_trusted(trusted_proxies, peer.ip().to_canonical());
    let forwarded = headers.get("x-forwarded-proto").filter(|_| proxy_trusted);
    Json(Caller {
        address: client_ip(trusted_proxies, peer, &headers),
        scheme: forwarded.and_then(|scheme| scheme.to_str().ok()).unwrap_or("http").to_ascii_lowercase(),
        proxied: headers.contains_key("x-forwarded-for"),
        proxy_trusted,
    })
}

/// The process runs.
pub(super) async fn live() -> &'static str {
    "ok"
}

/// Every component; 503 when requests cannot be served. Redis away costs speed, not service.
pub(super) async fn report(State(app): State<App>) -> (StatusCode, Json<Report>) {
    let gateway = &app.gateway;
    let (database, cache, migrations) = tokio::join!(database(gateway), cache(gateway), migrations(gateway));
    let status = match (database.status, cache.status, migrations.status) {
        (Status::Ok, Status::Ok, Status::Ok) => Status::Ok,
        (Status::Ok, _, Status::Ok) => Status::Degraded,
        _ => Status::Down,
    };
    let code = if status == Status::Down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let components = Components { database, cache, migrations };
    (code, Json(Report { status, version: env!("CARGO_PKG_VERSION"), components }))
}

async fn database(gateway: &Gateway) -> Component {
    let kind = match gateway.db.get_database_backend() {
        sea_orm::DbBackend::Postgres => "postgresql",
        _ => "sqlite",
    };
    check("database", kind, Status::Down, async { Ok(gateway.db.ping().await?) }).await
}

async fn cache(gateway: &Gateway) -> Component {
    match &gateway.redis {
        None => Component { status: Status::Ok, kind: "in-process", latency_ms: 0 },
        Some(redis) => {
            let answers_and_relays = async {
                redis.ping().await?;
                anyhow::ensure!(gateway.bus.is_connected(), "events of other replicas do not arrive");
                Ok(())
            };
            check("cache", "redis", Status::Degraded, answers_and_relays).await
        }
    }
}

async fn migrations(gateway: &Gateway) -> Component {
    let none_pending = async {
        let pending = database::pending_migrations(&gateway.db).await?;
        anyhow::ensure!(pending == 0, "{pending} migrations are not applied");
        Ok(())
    };
    check("migrations", "sea-orm", Status::Down, none_pending).await
}

async fn check(
    name: &'static str,
    kind: &'static str,
    otherwise: Status,
    work: impl Future<Output = anyhow::Result<()>>,
) -> Component {
    let started = Instant::now();
    let outcome = tokio::time::timeout(DEADLINE, work)
        .await
        .unwrap_or_else(|_| Err(anyhow::anyhow!("no answer in time")));
    let status = match outcome {
        Ok(()) => Status::Ok,
        Err(error) => {
            tracing::warn!(component = name, error = format!("{error:#}"), "a component is not healthy");
            otherwise
        }
    };
    let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Component { status, kind, latency_ms }
}
