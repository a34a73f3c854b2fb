//! The door below HTTP: heads, bodies and connections of clients that are slow, greedy or cunning.

use futures_util::future::join_all;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::support::{
    TestApp,
    process::{PATIENCE, until},
    socket::Socket,
};

const ALIVE: &str = "GET /health/live HTTP/1.1\r\nHost: platform.test\r\n\r\n";
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A connection that says what it is told, byte by byte.
struct Raw(TcpStream);

impl Raw {
    async fn connect(app: &TestApp) -> Self {
        Self(TcpStream::connect(app.address.strip_prefix("http://").unwrap()).await.unwrap())
    }

    /// A connection on which this has been said.
    async fn saying(app: &TestApp, text: impl AsRef<[u8]>) -> Self {
        let mut raw = Self::connect(app).await;
        raw.say(text).await;
        raw
    }

    async fn say(&mut self, text: impl AsRef<[u8]>) {
        // A server that has heard enough may have hung up.
        let _ = self.0.write_all(text.as_ref()).await;
    }

    /// All that comes until the server closes the connection, which it does.
    async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        // What was not read when the server closed makes an error of the end.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await.expect("the server hangs up");
        String::from_utf8(bytes).unwrap()
    }

    /// Head and body of the next answer, which tells its length.
    async fn answer(&mut self) -> (String, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, self.0.read_u8()).await.expect("an answer").unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.unwrap_or_else(|| panic!("no length: {head}")).parse().unwrap()];
        self.0.read_exact(&mut body).await.unwrap();
        (head, String::from_utf8(body).unwrap())
    }

    async fn is_alive(&mut self) {
        self.say(ALIVE).await;
        let (head, body) = self.answer().await;
        assert!(head.starts_with("http/1.1 200 ok"), "{head}{body}");
    }
}

/// A POST of GraphQL whose body is announced by `framing`.
fn post(framing: &str, body: &str) -> String {
    format!(
        "POST /api/graphql HTTP/1.1\r\nHost: platform.test\r\nContent-Type: application/json\r\n{framing}\r\n\r\n{body}"
    )
}

fn chunked(body: &str) -> String {
    let pieces: String = body
        .as_bytes()
        .chunks(64 * 1024)
        .map(|piece| format!("{:x}\r\n{}\r\n", piece.len(), String::from_utf8_lossy(piece)))
        .collect();
    post("Transfer-Encoding: chunked", &format!("{pieces}0\r\n\r\n"))
}

fn with_length(body: &str) -> String {
    post(&format!("Content-Length: {}", body.len()), body)
}

/// A query of exactly so many bytes.
fn query_of(length: usize) -> String {
    let query = json!({ "query": "{ viewer { id } }" }).to_string();
    format!("{query}{}", " ".repeat(length - query.len()))
}

/// A head of exactly so many bytes.
fn head_of(length: usize) -> String {
    let head = |fill: usize| ALIVE.replace("\r\n\r\n", &format!("\r\nX-Fill: {}\r\n\r\n", "x".repeat(fill)));
    head(length - head(0).len())
}

/// The status of the answer to something after which the server hangs up.
async fn status(app: &TestApp, request: impl AsRef<[u8]>) -> String {
    let answer = Raw::saying(app, request).await.rest().await;
    answer.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_head_that_trickles_is_cut_off_and_so_is_silence() {
    let app = TestApp::start().await;
    let mut kept_alive = Raw::connect(&app).await;
    kept_alive.is_alive().await;
    let mut silent = Raw::connect(&app).await;
    let mut trickling = Raw::saying(&app, "GET /health/live HTTP/1.1\r\n").await;
    let trickle = until("the server hangs up", async || {
        trickling.say("X: y\r\n").await;
        // Nothing to read is an error; the end is not.
        let mut byte = [0];
        match trickling.0.try_read(&mut byte) {
            Ok(length) => Some(length),
            Err(error) => (error.kind() != std::io::ErrorKind::WouldBlock).then_some(0),
        }
    });
    let (_, silence, idleness) = tokio::join!(trickle, silent.rest(), kept_alive.rest());
    assert_eq!((silence.as_str(), idleness.as_str()), ("", ""));
    Raw::connect(&app).await.is_alive().await;
}

#[tokio::test]
async fn a_head_has_at_most_a_hundred_fields() {
    let app = TestApp::start().await;
    let with = |fields: usize| {
        let more: String = (1..fields).map(|number| format!("X-{number}: 很长\r\n")).collect();
        ALIVE.replace("\r\n\r\n", &format!("\r\n{more}\r\n"))
    };
    let mut most = Raw::saying(&app, with(100)).await;
    assert!(most.answer().await.0.starts_with("http/1.1 200"));
    assert_eq!(status(&app, with(101)).await, "431");
}

#[tokio::test]
async fn a_head_has_at_most_64_kb() {
    let app = TestApp::start().await;
    let mut large = Raw::saying(&app, head_of(MAX_HEAD_BYTES)).await;
    assert!(large.answer().await.0.starts_with("http/1.1 200"));
    assert_eq!(status(&app, head_of(MAX_HEAD_BYTES + 1)).await, "431");
    assert_eq!(status(&app, head_of(2 * MAX_HEAD_BYTES)).await, "431");
    // What has come that far and has no end is refused then.
    assert_eq!(status(&app, &head_of(4 * MAX_HEAD_BYTES)[..MAX_HEAD_BYTES + 1]).await, "431");
    Raw::connect(&app).await.is_alive().await;
}

#[tokio::test]
async fn a_body_has_at_most_1_mb_however_it_is_framed() {
    let app = TestApp::start().await;
    for framed in [with_length, chunked] {
        let mut fits = Raw::saying(&app, framed(&query_of(MAX_BODY_BYTES))).await;
        let (head, body) = fits.answer().await;
        assert!(head.starts_with("http/1.1 200") && body == r#"{"data":{"viewer":null}}"#, "{head}{body}");
        for length in [MAX_BODY_BYTES + 1, 8 * MAX_BODY_BYTES] {
            let mut large = Raw::saying(&app, framed(&query_of(length))).await;
            let (head, body) = large.answer().await;
            assert!(head.starts_with("http/1.1 413") && body.contains("BAD_REQUEST"), "{head}{body}");
        }
    }
    // Nobody waits for the rest of what is too long already.
    let unfinished = &chunked(&query_of(2 * MAX_BODY_BYTES))[..MAX_BODY_BYTES + 64 * 1024];
    let (head, _) = Raw::saying(&app, unfinished).await.answer().await;
    assert!(head.starts_with("http/1.1 413"), "{head}");
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let app = TestApp::start().await;
    for request in [
        "张三\r\n\r\n",
        "GET /health/live\r\n\r\n",
        "GET /health/live HTTP/3.0\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost : platform.test\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost: platform.test\r\n folded\r\n\r\n",
    ] {
        assert_eq!(status(&app, request).await, "400", "{request:?}");
    }
}

#[tokio::test]
async fn a_connection_serves_many_requests_one_after_another_and_at_once() {
    let app = TestApp::start().await;
    let mut raw = Raw::connect(&app).await;
    for _ in 0..3 {
        raw.is_alive().await;
    }
    let ask = |document: &str| with_length(&json!({ "query": document }).to_string());
    let pipelined = [&ask("{ viewer { id } }"), ALIVE, &ask("{ introspectionAllowed }")].concat();
    raw.say(pipelined).await;
    let bodies = [raw.answer().await.1, raw.answer().await.1, raw.answer().await.1];
    assert_eq!(bodies[0], r#"{"data":{"viewer":null}}"#);
    assert_eq!(bodies[1], "ok");
    assert_eq!(bodies[2], r#"{"data":{"introspectionAllowed":true}}"#);
}

#[tokio::test]
async fn http_1_0_is_spoken() {
    let app = TestApp::start().await;
    let old = "GET /health/live HTTP/1.0\r\n\r\n";
    let answer = Raw::saying(&app, old).await.rest().await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    let mut kept = Raw::saying(&app, old.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n")).await;
    assert!(kept.answer().await.0.contains("connection: keep-alive"));
    kept.say(old).await;
    assert!(kept.rest().await.starts_with("HTTP/1.0 200 OK\r\n"));
}

#[tokio::test]
async fn a_body_whose_length_is_said_in_two_ways_ends_the_connection() {
    let app = TestApp::start().await;
    let hidden = "GET /health/live HTTP/1.1\r\nHost: platform.test\r\nX-Request-Id: smuggled\r\n\r\n";
    // What one server takes for a body is the next one's request.
    let body = format!("0\r\n\r\n{hidden}");
    let length = body.len();
    for framing in [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}"),
        format!("Content-Length: {length}\r\nContent-Length: 5"),
        format!("Content-Length: {length}, 5"),
        "Content-Length: +5".to_owned(),
        "Transfer-Encoding: chunked, identity".to_owned(),
        "Transfer-Encoding: xchunked".to_owned(),
        "Transfer-Encoding : chunked".to_owned(),
    ] {
        let answers = Raw::saying(&app, post(&framing, &body)).await.rest().await;
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{framing}: {answers}");
        assert!(answers.starts_with("HTTP/1.1 400"), "{framing}: {answers}");
        assert!(!answers.contains("smuggled"), "{framing}: {answers}");
    }
    // Chunks go before a length (RFC 9112, section 6.3), and the connection ends all the same (section 6.1).
    let query = json!({ "query": "{ introspectionAllowed }" }).to_string();
    let chunks = format!("{:x}\r\n{query}\r\n0\r\n\r\n", query.len());
    let both = post("Content-Length: 3\r\nTransfer-Encoding: chunked", &format!("{chunks}{hidden}"));
    let answers = Raw::saying(&app, both).await.rest().await;
    assert!(answers.ends_with(r#"{"data":{"introspectionAllowed":true}}"#), "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
}

#[tokio::test]
async fn who_comes_when_all_places_are_taken_waits_for_one() {
    let app = TestApp::configured(&[("MAX_CONNECTIONS", "10")]).await;
    let mut idle = Vec::new();
    for _ in 0..8 {
        let mut raw = Raw::connect(&app).await;
        raw.is_alive().await;
        idle.push(raw);
    }
    let mut sockets = Vec::new();
    for _ in 0..2 {
        sockets.push(Socket::connect_anonymously(&app.client()).await);
    }

    // Each is connected, by the kernel, and not served.
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(Raw::saying(&app, ALIVE).await);
    }
    let mut first = waiting.remove(0);
    for raw in &mut idle {
        raw.is_alive().await;
    }
    for socket in &mut sockets {
        socket.settle().await;
    }
    let mut byte = [0];
    assert!(first.0.try_read(&mut byte).is_err(), "nothing came while the others were served");
    drop(idle.pop());
    assert!(first.answer().await.0.starts_with("http/1.1 200"));

    let mut second = waiting.remove(0);
    idle[0].is_alive().await;
    assert!(second.0.try_read(&mut byte).is_err());
    drop(sockets.pop());
    assert!(second.answer().await.0.starts_with("http/1.1 200"), "a socket had its place as well");
}

/// What comes back when the health is asked for on a connection of its own; nothing where it is hung up on.
async fn health_from(app: &TestApp, address: &str) -> String {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    let there = app.address.strip_prefix("http://").unwrap().parse().unwrap();
    let mut raw = Raw(socket.connect(there).await.unwrap());
    raw.say(ALIVE.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await;
    raw.rest().await
}

#[tokio::test]
async fn one_address_has_a_quarter_of_all_connections() {
    let app = TestApp::configured(&[("TRUSTED_PROXIES", "203.0.113.0/24"), ("MAX_CONNECTIONS", "20")]).await;
    let mut idle = Vec::new();
    for _ in 0..4 {
        let mut raw = Raw::connect(&app).await;
        raw.is_alive().await;
        idle.push(raw);
    }
    let mut socket = Socket::connect_anonymously(&app.client()).await;
    for _ in 0..3 {
        assert_eq!(health_from(&app, "127.0.0.1").await, "", "the sixth is hung up on");
    }
    for _ in 0..20 {
        assert!(health_from(&app, "127.0.0.2").await.starts_with("HTTP/1.1 200"), "another address is not");
    }
    for raw in &mut idle {
        raw.is_alive().await;
    }
    socket.settle().await;
    drop(idle.pop());
    let served = async || health_from(&app, "127.0.0.1").await.starts_with("HTTP/1.1 200").then_some(());
    until("the place of one that closed is free", served).await;

    let mut again = until("the place is free once more", async || {
        let mut raw = Raw::saying(&app, ALIVE).await;
        let mut byte = [0];
        (timeout(PATIENCE, raw.0.read(&mut byte)).await.expect("an answer").ok()? > 0).then_some(raw)
    })
    .await;
    assert_eq!(health_from(&app, "127.0.0.1").await, "", "it is taken again");
    drop(socket);
    until("a socket had a place as well", served).await;
    again.say(ALIVE).await;
}

#[tokio::test]
async fn a_trusted_proxy_has_as_many_connections_as_there_are() {
    let app = TestApp::configured(&[("TRUSTED_PROXIES", "127.0.0.1/32"), ("MAX_CONNECTIONS", "20")]).await;
    let mut idle = Vec::new();
    for _ in 0..19 {
        let mut raw = Raw::connect(&app).await;
        raw.is_alive().await;
        idle.push(raw);
    }
    for raw in &mut idle {
        raw.is_alive().await;
    }
}

#[tokio::test]
async fn two_hundred_slow_clients_are_in_nobodys_way() {
    let app = TestApp::start().await;
    let unfinished = [
        "GET /health/live HTTP/1.1\r\nHost: ".to_owned(),
        post("Content-Length: 1000", "{\"query\": \""),
        post("Transfer-Encoding: chunked", "400\r\n{\"query\": \""),
        String::new(),
    ];
    let slow = (0..200).map(|number| Raw::saying(&app, &unfinished[number % unfinished.len()]));
    let slow = join_all(slow).await;
    for _ in 0..20 {
        Raw::connect(&app).await.is_alive().await;
    }
    app.with_user("张三").await.query("{ viewer { id } }").await.data();
    for raw in &slow {
        let mut byte = [0];
        let nothing = raw.0.try_read(&mut byte).unwrap_err();
        assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock, "they all hang still");
    }
}
