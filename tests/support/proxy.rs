//! What a test can take away from a server: the network to a store, and Redis itself.

use std::process::{Child, Command, Stdio};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};
use url::Url;

use super::process::until;

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// It carries.
    Open,
    /// It swallows everything without a word, as a firewall does.
    Stalled,
    /// It breaks every connection off, old and new, as a machine does on which nothing listens.
    Cut,
}

/// Carries TCP connections to one place, as long as it is told to; for the rest of the test.
pub(crate) struct Proxy {
    port: u16,
    network: watch::Sender<Network>,
}

impl Proxy {
    pub(crate) async fn to(host: &str, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy =
            Self { port: listener.local_addr().unwrap().port(), network: watch::Sender::new(Network::Open) };
        let (network, host) = (proxy.network.subscribe(), host.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, (host.clone(), port), network.clone()));
            }
        });
        proxy
    }

    /// The address that leads through the proxy to where `url` points.
    pub(crate) async fn before(url: &str, default_port: u16) -> (Self, String) {
        let mut url: Url = url.parse().unwrap();
        let proxy = Self::to(url.host_str().unwrap(), url.port().unwrap_or(default_port)).await;
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(proxy.port)).unwrap();
        (proxy, url.into())
    }

    pub(crate) fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

async fn carry(client: TcpStream, target: (String, u16), network: watch::Receiver<Network>) {
    let mut cut = network.clone();
    let both_ways = async {
        open(network.clone()).await;
        let Ok(server) = TcpStream::connect(target).await else { return };
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        tokio::select! {
            () = pump(from_client, to_server, network.clone()) => {}
            () = pump(from_server, to_client, network) => {}
        }
    };
    tokio::select! {
        () = both_ways => {}
        // Dropping both sides breaks them off.
        _ = cut.wait_for(|network| *network == Network::Cut) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, network: watch::Receiver<Network>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        open(network.clone()).await;
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

async fn open(mut network: watch::Receiver<Network>) {
    // An error means that the test is over.
    let _ = network.wait_for(|network| *network == Network::Open).await;
}

/// A Redis that a test can stop and start again, empty, on the same port.
pub(crate) struct PrivateRedis {
    port: u16,
    process: Option<Child>,
}

impl PrivateRedis {
    /// One that is away.
    pub(crate) fn away() -> Self {
        Self { port: quiet_port(), process: None }
    }

    pub(crate) async fn start(&mut self) {
        let port = self.port.to_string();
        let arguments = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let process = Command::new("redis-server").args(arguments).stdout(Stdio::null()).spawn();
        self.process = Some(process.expect("redis-server can be run"));
        let client = redis::Client::open(self.url()).unwrap();
        until("Redis answers", async || {
            let mut connection = client.get_multiplexed_async_connection().await.ok()?;
            redis::cmd("PING").query_async::<()>(&mut connection).await.ok()
        })
        .await;
    }

    /// Takes the right to a command, such as `-subscribe`, from everybody, or gives it back.
    pub(crate) async fn set_right(&self, right: &str) {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut set = redis::cmd("ACL");
        set.arg("SETUSER").arg("default").arg(right).query_async::<()>(&mut connection).await.unwrap();
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port on which nothing listens, outside the range from which the system serves itself: it stays free
/// while a server on it is stopped and started again.
fn quiet_port() -> u16 {
    let candidates = std::iter::repeat_with(|| rand::random_range(20_000..32_000));
    candidates.take(1000).find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}
