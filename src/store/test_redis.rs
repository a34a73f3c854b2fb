//! A private Redis for tests that need to stop it.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::redis::Redis;

/// How long tests wait for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A `redis-server` of its own on a free port; ends with the value.
pub(super) struct TestRedis {
    port: u16,
    process: Option<Child>,
}

impl TestRedis {
    /// `None` where there is no `redis-server` and `TEST_REDIS_URL` does not ask for the Redis suite.
    #[expect(clippy::disallowed_methods, reason = "says whether the suite with Redis is run")]
    pub(super) async fn start() -> Option<Self> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            assert!(std::env::var("TEST_REDIS_URL").is_err(), "redis-server is missing");
            eprintln!("skipped: there is no redis-server");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut redis = Self { port, process: None };
        redis.restart().await;
        Some(redis)
    }

    pub(super) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it again, empty, on the same port, and waits until it answers.
    pub(super) async fn restart(&mut self) {
        self.stop();
        let port = self.port.to_string();
        let arguments = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let process = Command::new("redis-server").args(arguments).stdout(Stdio::null()).spawn();
        self.process = Some(process.unwrap());
        let redis = self.connect();
        eventually(async || redis.ping().await.is_ok()).await;
    }

    /// A connection that waits for what must come, however busy the machine is.
    pub(super) fn connect(&self) -> Redis {
        let url = format!("redis://127.0.0.1:{}", self.port);
        Redis::connect_with(&url, "test:", PATIENCE, PATIENCE).unwrap()
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits until `condition` holds.
pub(super) async fn eventually(mut condition: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
}
