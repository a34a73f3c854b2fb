//! What happens between the signal and the end of the process.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixDatagram},
};

use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD,
    client::SIGN_IN,
    process::{Installation, Process, Server, until, within},
    socket::Socket,
};

/// A request that the server has begun to handle, and whose body it waits for.
struct InFlight {
    connection: TcpStream,
    body: String,
}

impl InFlight {
    /// A sign-in. The server asks for the body (RFC 9110, section 10.1.1) when it handles the request.
    async fn begin(server: &Server) -> Self {
        let input = json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD });
        let body = json!({ "query": SIGN_IN, "variables": { "input": input } }).to_string();
        let mut connection = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
        let head = format!(
            "POST /api/graphql HTTP/1.1\r\nHost: platform.test\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            body.len()
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut asked = [0; 25];
        connection.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self { connection, body }
    }

    async fn finish(mut self) -> String {
        self.connection.write_all(self.body.as_bytes()).await.unwrap();
        self.answer().await
    }

    /// All that comes until the server closes the connection.
    async fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        // A connection that is broken off may end in an error.
        let _ = self.connection.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }
}

async fn stopping(process: &Process) {
    until("the server notices the signal", async || process.log().contains("stopping").then_some(())).await;
}

async fn finishes_what_it_began(signal: &str) {
    // The hash takes its time as well.
    let installation =
        Installation::new().await.with("ARGON2_MEMORY_KIB", "19456").with("SHUTDOWN_TIMEOUT", "20s");
    let mut server = installation.serve().await;
    let mut socket = Socket::connect(&server.admin().await).await;
    let mut anonymous = Socket::connect_anonymously(&server.client()).await;
    let in_flight = InFlight::begin(&server).await;

    server.process.signal(signal);
    stopping(&server.process).await;
    assert_eq!(socket.close_code().await, 1001);
    assert_eq!(anonymous.close_code().await, 1001);
    until("nobody new is let in", async || {
        TcpStream::connect(("127.0.0.1", server.port)).await.is_err().then_some(())
    })
    .await;
    let answer = in_flight.finish().await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("accessToken"), "{answer}");
    let status = within(Duration::from_secs(5), "the process ends", server.process.exit()).await;
    assert!(status.success(), "{status}: {}", server.process.log());
    assert!(!server.process.log().contains("broken off"), "{}", server.process.log());
}

#[tokio::test]
async fn sigterm_lets_requests_finish() {
    finishes_what_it_began("TERM").await;
}

#[tokio::test]
async fn sigint_does_the_same() {
    finishes_what_it_began("INT").await;
}

#[tokio::test]
async fn a_request_that_is_stuck_is_broken_off_at_the_deadline() {
    let deadline = Duration::from_secs(2);
    let mut server = Installation::new().await.with("SHUTDOWN_TIMEOUT", "2s").serve().await;
    let mut stuck = InFlight::begin(&server).await;
    let started = Instant::now();
    server.process.signal("TERM");
    let status = within(deadline, "the process ends", server.process.exit()).await;
    assert!(started.elapsed() >= deadline, "{:?}", started.elapsed());
    assert!(status.success(), "{status}: {}", server.process.log());
    assert!(server.process.log().contains("broken off"), "{}", server.process.log());
    assert_eq!(stuck.answer().await, "");
}

#[tokio::test]
async fn a_client_that_does_not_answer_the_farewell_holds_nothing_up() {
    let mut server = Installation::new().await.with("SHUTDOWN_TIMEOUT", "20s").serve().await;
    // Opened and never read again.
    let _deaf = Socket::connect(&server.admin().await).await;
    let _without_init = Socket::open(&server.client()).await;
    server.process.signal("TERM");
    let status = within(Duration::from_secs(5), "the process ends", server.process.exit()).await;
    assert!(status.success(), "{status}: {}", server.process.log());
}

#[tokio::test]
async fn activity_is_written_before_the_end() {
    let installation = Installation::new().await;
    let server = installation.serve().await;
    let zhang = server.with_user("zhang").await;
    zhang.query("{ viewer { id } }").await.data();
    server.stop().await;

    let server = installation.serve().await;
    // Somebody else looks, since whoever looks is active.
    let users = r#"{ users(filter: { search: "zhang" }) { nodes { sessions { nodes { id createdAt lastActiveAt } } } } }"#;
    let users = server.admin().await.query(users).await;
    let sessions = users.list_at("/users/nodes/0/sessions/nodes");
    let active =
        |session: &&serde_json::Value| session["lastActiveAt"].as_str() > session["createdAt"].as_str();
    assert_eq!(sessions.iter().filter(active).count(), 1, "{sessions:?}");
}

/// A proxy's connection that nothing is asked over.
async fn keep_alive(server: &Server) -> TcpStream {
    TcpStream::connect(("127.0.0.1", server.port)).await.unwrap()
}

#[tokio::test]
async fn a_kept_connection_may_bring_one_more_request() {
    let installation = Installation::new().await.with("SHUTDOWN_DRAIN", "20s");
    let mut server = installation.serve().await;
    let mut kept = keep_alive(&server).await;
    let ask = b"GET /health/live HTTP/1.1\r\nHost: platform.test\r\n\r\n";
    kept.write_all(ask).await.unwrap();
    let mut answer = vec![0; 1024];
    let length = kept.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"));

    server.process.signal("TERM");
    stopping(&server.process).await;
    kept.write_all(ask).await.unwrap();
    let mut last = String::new();
    kept.read_to_string(&mut last).await.unwrap();
    assert!(last.starts_with("HTTP/1.1 200") && last.contains("connection: close"), "{last}");
    // With it gone nothing is left to wait for.
    let status = within(Duration::from_secs(5), "the process ends", server.process.exit()).await;
    assert!(status.success(), "{status}: {}", server.process.log());
}

#[tokio::test]
async fn a_kept_connection_that_brings_nothing_is_closed_after_the_drain() {
    let mut server = Installation::new().await.with("SHUTDOWN_DRAIN", "1s").serve().await;
    let mut kept = keep_alive(&server).await;
    server.process.signal("TERM");
    let status = within(Duration::from_secs(5), "the process ends", server.process.exit()).await;
    assert!(status.success(), "{status}: {}", server.process.log());
    assert!(!server.process.log().contains("broken off"), "{}", server.process.log());
    assert_eq!(kept.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_supervisor_is_told_how_the_server_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let supervisor = UnixDatagram::bind(&path).unwrap();
    let installation = Installation::new().await.with("NOTIFY_SOCKET", &path).with("WATCHDOG_USEC", "200000");
    let server = installation.serve().await;
    let heard = async || {
        let mut message = [0; 64];
        let length = supervisor.recv(&mut message).await.unwrap();
        String::from_utf8_lossy(&message[..length]).trim().to_owned()
    };
    assert_eq!(heard().await, "READY=1");
    for _ in 0..3 {
        assert_eq!(heard().await, "WATCHDOG=1");
    }
    server.process.signal("TERM");
    until("it says that it stops", async || (heard().await == "STOPPING=1").then_some(())).await;
    server.stop().await;
}
