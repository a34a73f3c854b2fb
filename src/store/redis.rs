//! The connection to Redis, for callers that go on without it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use prometheus_client::metrics::counter::Counter;
use redis::{
    Client, ConnectionInfo, IntoConnectionInfo, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};
use tokio::time::{Instant, timeout};

/// How long a request waits for Redis.
const DEADLINE: Duration = Duration::from_millis(250);
/// How long requests leave Redis alone after a failure: a host that swallows packets costs
/// one request in a while its 250 ms, and not every request.
const REST: Duration = Duration::from_millis(500);
/// How often at most the log says that Redis is away, where it comes and goes.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A shared, self-reconnecting connection, and the prefix of every key of this platform.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    client: Client,
    connection: ConnectionManager,
    key_prefix: String,
    deadline: Duration,
    state: Mutex<State>,
    failures: Counter,
}

#[derive(Default)]
struct State {
    /// Set while Redis fails: when to try again.
    resting_until: Option<Instant>,
    /// Whether the log was told of the failure that goes on.
    announced: bool,
    announced_at: Option<Instant>,
}

impl Redis {
    /// Prepares a connection to `url`, which is opened when first used; so this never waits, and
    /// Redis may be away. To be called in a Tokio runtime.
    ///
    /// # Errors
    /// `url` is not a Redis URL. The text has no part of it.
    pub fn connect(url: &str, key_prefix: impl Into<String>) -> anyhow::Result<Self> {
        Self::connect_with(url, key_prefix, DEADLINE, CONNECT_TIMEOUT)
    }

    /// As [`Redis::connect`], with other deadlines for answers and for connections.
    pub(super) fn connect_with(
        url: &str,
        key_prefix: impl Into<String>,
        deadline: Duration,
        connect_timeout: Duration,
    ) -> anyhow::Result<Self> {
        let client = Client::open(lively(url).context("the Redis URL is not valid")?)?;
        // No retries of its own: a caller would wait for them. The next caller triggers a new attempt.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(connect_timeout))
            .set_response_timeout(Some(connect_timeout));
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        let (key_prefix, state, failures) = (key_prefix.into(), Mutex::default(), Counter::default());
        Ok(Self(Arc::new(Inner { client, connection, key_prefix, deadline, state, failures })))
    }

    /// Redis for people: `Redis at host:port`.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("Redis at {}", self.0.client.get_connection_info().addr())
    }

    /// Asks Redis for a sign of life.
    ///
    /// # Errors
    /// There was none within 250 ms.
    pub async fn ping(&self) -> anyhow::Result<()> {
        let mut connection = self.connection();
        let result = self.run(redis::cmd("PING").query_async::<()>(&mut connection)).await;
        result.with_context(|| format!("{} is away", self.describe()))
    }

    /// Operations that Redis did not answer well, or in time.
    #[must_use]
    pub fn failures(&self) -> &Counter {
        &self.0.failures
    }

    /// A handle for one operation, to be awaited in [`Redis::attempt`].
    pub(super) fn connection(&self) -> ConnectionManager {
        self.0.connection.clone()
    }

    /// The client, for connections of one's own.
    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    /// `name` under this platform's prefix.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.0.key_prefix)
    }

    /// The answer of `operation`, or `None` when Redis failed, took longer than 250 ms or failed
    /// a moment ago; the log has been told.
    pub(super) async fn attempt<T>(&self, operation: impl Future<Output = RedisResult<T>>) -> Option<T> {
        if self.state().resting_until.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        self.run(operation).await.ok()
    }

    /// As [`Redis::attempt`], also a moment after a failure.
    pub(super) async fn run<T>(&self, operation: impl Future<Output = RedisResult<T>>) -> anyhow::Result<T> {
        self.run_within(self.0.deadline, operation).await
    }

    /// As [`Redis::run`], with a deadline of its own where that is later.
    pub(super) async fn run_within<T>(
        &self,
        deadline: Duration,
        operation: impl Future<Output = RedisResult<T>>,
    ) -> anyhow::Result<T> {
        let deadline = deadline.max(self.0.deadline);
        let result = match timeout(deadline, operation).await {
            Ok(result) => result.map_err(anyhow::Error::from),
            Err(_) => Err(anyhow::anyhow!("no answer within {} ms", deadline.as_millis())),
        };
        self.note(result.as_ref().err());
        result
    }

    fn note(&self, failure: Option<&anyhow::Error>) {
        let mut state = self.state();
        let now = Instant::now();
        if let Some(error) = failure {
            self.0.failures.inc();
            state.resting_until = Some(now + REST);
            if !state.announced && state.announced_at.is_none_or(|at| now - at >= ANNOUNCE_EVERY) {
                (state.announced, state.announced_at) = (true, Some(now));
                tracing::warn!("{} is away, going on without it: {error:#}", self.describe());
            }
        } else {
            state.resting_until = None;
            if std::mem::take(&mut state.announced) {
                tracing::info!("{} answers again", self.describe());
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A host that went away without a word would else be written to for a quarter of an hour; the
/// connection manager reconnects only when the kernel gives the connection up.
fn lively(url: &str) -> RedisResult<ConnectionInfo> {
    let settings = TcpSettings::default().set_nodelay(true);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(CONNECT_TIMEOUT);
    Ok(url.into_connection_info()?.set_tcp_settings(settings))
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redis({})", self.0.client.get_connection_info().addr())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::store::test_redis::{TestRedis, eventually};

    #[tokio::test]
    async fn starts_with_redis_away_and_finds_it_later() {
        let Some(mut server) = TestRedis::start().await else {
            return;
        };
        server.stop();
        let redis = server.connect();
        let error = format!("{:#} {redis:?}", redis.ping().await.unwrap_err());
        assert!(error.contains("127.0.0.1:"), "{error}");
        server.restart().await;
        eventually(async || redis.attempt(std::future::ready(Ok(()))).await.is_some()).await;
        eventually(async || redis.ping().await.is_ok()).await;
    }

    #[tokio::test]
    async fn a_silent_host_costs_one_caller_its_deadline() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://:hunter2@{}", silent.local_addr().unwrap());
        let redis = Redis::connect(&url, "test:").unwrap();
        let started = Instant::now();
        for _ in 0..100 {
            let ping = redis::cmd("PING");
            assert!(redis.attempt(ping.query_async::<()>(&mut redis.connection())).await.is_none());
        }
        assert!(started.elapsed() < 2 * DEADLINE, "{:?}", started.elapsed());
        let shown =
            format!("{redis:?} {:?} {:?}", redis.ping().await, Redis::connect("hunter2@x", "").unwrap_err());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
