//! How a socket ends: with a word to the other side, and without breaking off a mutation that has begun.

use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::ME;
use crate::support::{
    PASSWORD, TestApp,
    process::{Installation, PATIENCE, until},
    socket::Socket,
};

#[tokio::test]
async fn a_client_that_goes_away_does_not_stop_its_mutation() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let mut socket = Socket::connect(&zhang).await;
    // The mutation has to wait: on SQLite for the connection, on PostgreSQL for the row.
    let other = app.gateway.begin().await.unwrap();
    other.execute_unprepared("UPDATE users SET updated_at = updated_at").await.unwrap();
    socket.subscribe("1", r#"mutation { updateProfile(input: { name: "张三丰" }) { name } }"#).await;
    // What comes behind it on its way is answered, so it has got that far.
    assert_eq!(
        socket.run("2", "{ introspectionAllowed }").await,
        json!({ "data": { "introspectionAllowed": true } })
    );
    assert_eq!(app.gateway.sockets.seats.operations(), 1);
    drop(socket);
    until("the socket is gone", async || (app.gateway.sockets.seats.sockets() == 0).then_some(())).await;
    other.commit().await.unwrap();
    until("the mutation is done", async || {
        (zhang.query("{ viewer { name } }").await.at("/viewer/name") == "张三丰").then_some(())
    })
    .await;
}

#[tokio::test]
async fn sigterm_lets_a_mutation_over_a_socket_finish() {
    let installation = Installation::new()
        .await
        .with("ARGON2_MEMORY_KIB", "65536")
        .with("ARGON2_ITERATIONS", "20")
        .with("SHUTDOWN_TIMEOUT", "25s");
    let mut server = installation.serve().await;
    let mut socket = Socket::connect_anonymously(&server.client()).await;
    let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename } }";
    let input = json!({ "email": "zhang@example.com", "password": PASSWORD, "name": "张三",
        "refreshTokenDelivery": "BODY" });
    let params = json!({ "query": sign_up, "variables": { "input": input } });
    socket.subscribe_with("1", params).await;
    // What comes behind it on its way is answered: its password is being hashed.
    socket.run("2", "{ introspectionAllowed }").await;
    server.process.signal("TERM");
    let closing = socket.next_or_close().await;
    assert_eq!(closing, Err((1001, "Server is going away".into())), "before the mutation is answered");
    let status = server.process.exit().await;
    let log = server.process.log();
    assert!(status.success() && !log.contains("broken off"), "{status}: {log}");

    let server = installation.with("ARGON2_ITERATIONS", "1").serve().await;
    let zhang = server.sign_in("zhang").await;
    assert_eq!(zhang.query(ME).await.at("/viewer/email"), "zhang@example.com");
}

/// A socket spoken to byte by byte.
struct Frames(TcpStream);

impl Frames {
    /// An upgraded connection on which nothing has been said.
    async fn open(app: &TestApp) -> Self {
        let address = app.address.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /api/graphql HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, stream.read_u8()).await.expect("an answer").unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        Self(stream)
    }

    /// An acknowledged socket of nobody.
    async fn connect(app: &TestApp) -> Self {
        let mut frames = Self::open(app).await;
        frames.say(0x81, br#"{"type":"connection_init"}"#).await;
        assert_eq!(frames.next().await, (0x81, br#"{"type":"connection_ack"}"#.to_vec()));
        frames
    }

    /// A masked frame, whose mask changes nothing.
    async fn say(&mut self, first: u8, payload: &[u8]) {
        let length = u8::try_from(payload.len()).unwrap();
        assert!(length < 126);
        self.write(&[&[first, 0x80 | length, 0, 0, 0, 0], payload].concat()).await;
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// First byte and payload of the server's next frame.
    async fn next(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        timeout(PATIENCE, self.0.read_exact(&mut head)).await.expect("a frame").unwrap();
        assert!(head[1] < 126, "a short frame, and not a masked one");
        let mut payload = vec![0; head[1].into()];
        self.0.read_exact(&mut payload).await.unwrap();
        (head[0], payload)
    }

    /// Code and reason of the server's close frame, which comes next.
    async fn closing(&mut self) -> (u16, String) {
        let (first, payload) = self.next().await;
        assert!(first == 0x88 && payload.len() >= 2, "no reason to close: {first:#x} {payload:?}");
        (u16::from_be_bytes([payload[0], payload[1]]), String::from_utf8(payload[2..].to_vec()).unwrap())
    }

    /// Returns when the server has ended the connection, having said nothing more.
    async fn end(mut self) {
        let mut rest = Vec::new();
        timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.expect("the connection ends").unwrap();
        assert_eq!(rest, b"");
    }
}

#[tokio::test]
async fn a_clients_close_is_answered_before_the_connection_ends() {
    let app = TestApp::start().await;
    let subscribe = br#"{"type":"subscribe","id":"1","payload":{"query":"{ introspectionAllowed }"}}"#;
    for (said, answer) in [
        (&b"\x03\xe8"[..], (1000, "")),
        (b"\x03\xe8\xe5\x86\x8d\xe8\xa7\x81", (1000, "再见")),
        (b"\x03\xe9", (1001, "")),
        (b"\x10\x04", (4100, "")),
    ] {
        let mut used = Frames::connect(&app).await;
        used.say(0x81, subscribe).await;
        used.next().await;
        used.next().await;
        for mut frames in [Frames::open(&app).await, Frames::connect(&app).await, used] {
            frames.say(0x88, said).await;
            assert_eq!(frames.closing().await, (answer.0, answer.1.to_owned()), "{said:?}");
            frames.end().await;
        }
    }
    let mut silent = Frames::connect(&app).await;
    silent.say(0x88, b"").await;
    assert_eq!(silent.next().await, (0x88, Vec::new()), "no code is answered by none");
    silent.end().await;
}

#[tokio::test]
async fn what_breaks_the_rules_of_websockets_is_told_why_the_socket_closes() {
    let app = TestApp::start().await;
    let (no_text, no_protocol) = ((1007, "Text is not UTF-8"), (1002, "Protocol error"));
    let too_long = [&b"\x89\xfe\x00\x7e"[..], &[0; 4 + 126]].concat();
    for (frame, (code, reason)) in [
        (&b"\x81\x83\0\0\0\0\"\xff\""[..], no_text),
        (b"\x81\x82\0\0\0\0\xe5\xbc", no_text),
        (b"\x01\x82\0\0\0\0\xe5\xbc\x80\x81\0\0\0\0x", no_text),
        // Not masked.
        (b"\x81\x0f{\"type\":\"ping\"}", no_protocol),
        (b"\x89\x00", no_protocol),
        // Reserved bits, and kinds of frames that nobody has given a meaning.
        (b"\xc1\x80\0\0\0\0", no_protocol),
        (b"\x91\x80\0\0\0\0", no_protocol),
        (b"\x83\x80\0\0\0\0", no_protocol),
        (b"\x8b\x80\0\0\0\0", no_protocol),
        // Control frames in pieces or too long, and pieces of nothing.
        (b"\x09\x80\0\0\0\0", no_protocol),
        (&too_long, no_protocol),
        (b"\x80\x80\0\0\0\0", no_protocol),
        (b"\x01\x80\0\0\0\0\x81\x80\0\0\0\0", no_protocol),
    ] {
        for mut frames in [Frames::open(&app).await, Frames::connect(&app).await] {
            frames.write(frame).await;
            assert_eq!(frames.closing().await, (code, reason.to_owned()), "{frame:x?}");
        }
    }
    Frames::connect(&app).await;
}
