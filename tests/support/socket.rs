//! graphql-transport-ws, spoken message by message.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode, Upgraded, header};
use serde_json::{Value, json};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

use super::{
    Client,
    process::{PATIENCE, until, within},
};

const SUBPROTOCOL: &str = "graphql-transport-ws";
/// What [`Socket::watch`] subscribes to.
const WATCH: &str = "subscription { sessionEvents { kind session { id } } }";

/// The answer to a request for a socket; no subprotocol and no origin are named where these are empty.
pub(crate) async fn upgrade(client: &Client, subprotocol: &str, origin: &str) -> reqwest::Response {
    let mut request = client
        .request(Method::GET, "/api/graphql")
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==");
    if !subprotocol.is_empty() {
        request = request.header(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    if !origin.is_empty() {
        request = request.header(header::ORIGIN, origin);
    }
    request.send().await.unwrap()
}

/// An open socket; dropping it breaks the connection off without a word.
pub(crate) struct Socket(WebSocketStream<Upgraded>);

impl Socket {
    /// A socket on which nothing has been said.
    pub(crate) async fn open(client: &Client) -> Self {
        Self::over(upgrade(client, SUBPROTOCOL, "").await).await
    }

    /// An acknowledged socket of the client's session.
    pub(crate) async fn connect(client: &Client) -> Self {
        let mut socket = Self::open(client).await;
        socket.init(&client.token()).await;
        assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
        socket
    }

    /// An acknowledged socket of nobody.
    pub(crate) async fn connect_anonymously(client: &Client) -> Self {
        let mut socket = Self::open(client).await;
        socket.say(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
        socket
    }

    /// A socket that is told of `sessionEvents` under the ID `events`.
    ///
    /// The protocol does not acknowledge a subscription, so the session is refreshed until that is seen.
    pub(crate) async fn watch(client: &Client) -> Self {
        let mut socket = Self::connect(client).await;
        socket.subscribe("events", WATCH).await;
        let own = ("REFRESHED".to_owned(), client.session_id().await);
        until("the subscription stands", async || {
            client.refresh().await;
            let event = tokio::time::timeout(Duration::from_secs(5), socket.event()).await.ok()?;
            assert_eq!(event, own);
            Some(())
        })
        .await;
        socket
    }

    pub(crate) async fn over(response: reqwest::Response) -> Self {
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        let connection = response.upgrade().await.unwrap();
        Self(WebSocketStream::from_raw_socket(connection, Role::Client, None).await)
    }

    pub(crate) async fn write(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.write(Message::text(message.to_string())).await;
    }

    pub(crate) async fn init(&mut self, token: &str) {
        let payload = json!({ "authorization": format!("Bearer {token}") });
        self.say(json!({ "type": "connection_init", "payload": payload })).await;
    }

    pub(crate) async fn subscribe(&mut self, id: &str, query: &str) {
        self.subscribe_with(id, json!({ "query": query })).await;
    }

    /// As [`Socket::subscribe`], with any parameters.
    pub(crate) async fn subscribe_with(&mut self, id: &str, params: Value) {
        self.say(json!({ "type": "subscribe", "id": id, "payload": params })).await;
    }

    /// Says something to a server that may be gone; `None` once it is.
    pub(crate) async fn try_say(&mut self, message: Value) -> Option<()> {
        self.0.send(Message::text(message.to_string())).await.ok()
    }

    /// Returns when the server has read all that was said so far, with nothing else going on.
    pub(crate) async fn settle(&mut self) {
        self.say(json!({ "type": "ping" })).await;
        assert_eq!(self.next().await, json!({ "type": "pong" }));
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        self.next_or_close().await.unwrap_or_else(|close| panic!("instead of a message: {close:?}"))
    }

    /// The next message, or code and reason with which the server closes.
    pub(crate) async fn next_or_close(&mut self) -> Result<Value, (u16, String)> {
        match self.read().await {
            Message::Text(text) => Ok(serde_json::from_str(&text).unwrap()),
            Message::Close(Some(frame)) => Err((frame.code.into(), frame.reason.to_string())),
            other => panic!("neither a message nor a reason to close: {other:?}"),
        }
    }

    /// Returns when the server asks whether anybody is there; the answer goes with whatever is done next.
    pub(crate) async fn heartbeat(&mut self) {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("the server asks");
        assert!(matches!(next, Some(Ok(Message::Ping(_)))), "instead of a ping: {next:?}");
    }

    /// Runs a query or mutation to its end, with nothing else going on.
    pub(crate) async fn run(&mut self, id: &str, query: &str) -> Value {
        self.run_with(id, json!({ "query": query })).await
    }

    /// As [`Socket::run`], with any parameters.
    pub(crate) async fn run_with(&mut self, id: &str, params: Value) -> Value {
        self.subscribe_with(id, params).await;
        let answer = self.next().await;
        assert_eq!((&answer["type"], &answer["id"]), (&json!("next"), &json!(id)), "{answer}");
        assert_eq!(self.next().await, json!({ "type": "complete", "id": id }));
        answer["payload"].clone()
    }

    /// The next event of [`Socket::watch`]: what happened, and to which session. A client that is told that
    /// it missed some subscribes again, as the schema asks.
    pub(crate) async fn event(&mut self) -> (String, String) {
        loop {
            let message = self.next().await;
            if message["payload"]["errors"][0]["extensions"]["code"] == "EVENTS_MISSED" {
                continue;
            }
            if message == json!({ "type": "complete", "id": "events" }) {
                self.subscribe("events", WATCH).await;
                continue;
            }
            let event = &message["payload"]["data"]["sessionEvents"];
            let text =
                |value: &Value| value.as_str().unwrap_or_else(|| panic!("an event: {message}")).to_owned();
            return (text(&event["kind"]), text(&event["session"]["id"]));
        }
    }

    /// The code with which the server closes; what it says before that is of no interest.
    pub(crate) async fn close_code(&mut self) -> u16 {
        self.closing().await.0
    }

    /// As [`Socket::close_code`], with the reason.
    pub(crate) async fn closing(&mut self) -> (u16, String) {
        loop {
            if let Err(closing) = self.next_or_close().await {
                return closing;
            }
        }
    }

    /// As [`Socket::close_code`], in the promised time.
    pub(crate) async fn close_code_within(&mut self, promised: Duration) -> u16 {
        within(promised, "the socket closes", self.close_code()).await
    }

    async fn read(&mut self) -> Message {
        loop {
            let message =
                tokio::time::timeout(PATIENCE, self.0.next()).await.expect("the server says something");
            match message.expect("the server does not hang up without a word").unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }
}
