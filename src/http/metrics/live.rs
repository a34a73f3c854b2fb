//! What is read at the moment Prometheus asks.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use tokio::runtime::Handle;

use crate::{backup::folder::Folder, http::App, store::cache::Lookups, store::database};

/// The state of the platform.
pub(super) struct Live(pub(super) App);

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Live")
    }
}

impl Collector for Live {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let gateway = &self.0.gateway;
        let config = &gateway.config;
        let mut gauge = |name: &str, help: &str, value: usize| {
            let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            constant(value).encode(gauge)
        };

        gauge(
            "http_server_connections",
            "Open connections, WebSockets among them",
            self.0.connections.sockets(),
        )?;
        gauge("http_server_connections_max", "MAX_CONNECTIONS", config.max_connections as usize)?;
        let seats = &gateway.sockets.seats;
        gauge("websocket_connections", "Open WebSockets that were initialised", seats.sockets())?;
        gauge("graphql_socket_operations", "Operations that run over WebSockets", seats.operations())?;

        let hashing = gateway.hasher.queue();
        gauge("password_hashes_running", "Passwords being hashed", hashing.running)?;
        gauge("password_hashes_waiting", "Passwords that wait for a core", hashing.waiting)?;

        gauge(
            "db_client_connection_max",
            "DATABASE_MAX_CONNECTIONS",
            config.database_max_connections as usize,
        )?;
        gauge("redis_configured", "Whether replicas share a Redis", gateway.redis.is_some().into())?;
        gauge("bus_connected", "Whether events of other replicas arrive", gateway.bus.is_connected().into())?;

        let runtime = Handle::current().metrics();
        gauge("tokio_alive_tasks", "Tasks that have not ended", runtime.num_alive_tasks())?;
        gauge("tokio_global_queue_depth", "Tasks that wait for a worker", runtime.global_queue_depth())?;

        if let Ok(Some(newest)) = Folder::new(config.backup.folder.clone()).newest(gateway.clock.now()) {
            let seconds = usize::try_from(newest.timestamp()).unwrap_or_default();
            gauge("backup_last_success_timestamp_seconds", "When the newest archive was made", seconds)?;
        }

        let pool = database::pool_of(&gateway.db);
        let states = [([("state", "used")], pool.used as usize), ([("state", "idle")], pool.idle as usize)];
        write_gauges(&mut encoder, "db_client_connection_count", "Connections to the database", &states)?;
        let version = [([("version", env!("CARGO_PKG_VERSION"))], 1)];
        write_gauges(&mut encoder, "build_info", "Which version runs", &version)?;
        write_lookups(
            &mut encoder,
            &[
                ("session", &gateway.sessions.lookups),
                ("user", &gateway.users.lookups),
                ("api-key", &gateway.api_keys.lookups),
            ],
        )
    }
}

fn write_gauges(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: &[(impl EncodeLabelSet, usize)],
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in values {
        constant(*value).encode(metric.encode_family(labels)?)?;
    }
    Ok(())
}

fn constant(value: usize) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}

fn write_lookups(encoder: &mut DescriptorEncoder<'_>, caches: &[(&str, &Lookups)]) -> fmt::Result {
    const HELP: &str = "Values asked for, by the tier that had them";
    let mut metric = encoder.encode_descriptor("cache_lookups", HELP, None, MetricType::Counter)?;
    for (cache, lookups) in caches {
        for (tier, count) in
            [("local", &lookups.local), ("redis", &lookups.shared), ("database", &lookups.loaded)]
        {
            let labels = [("cache", *cache), ("tier", tier)];
            ConstCounter::new(count.get()).encode(metric.encode_family(&labels)?)?;
        }
    }
    Ok(())
}
