//! GraphQL over WebSocket: the graphql-transport-ws protocol
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>).
//!
//! One task a socket reads and writes; one task an operation runs it. Both queues between them are bounded,
//! so a client that does not read slows its own operations and is let go when a write takes too long.

mod message;
mod operations;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::{
        ConnectInfo, RawQuery, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use self::{
    message::{ClientMessage, ServerMessage},
    operations::Operations,
};
use super::{
    App,
    client::client,
    graphql::{self, bearer},
    origin,
    refusal::Refusal,
    request_id::RequestId,
    server::Place,
};
use crate::{
    auth::{Client, Principal, Viewer},
    error::{Error, ErrorCode, Result},
    gateway::Gateway,
    session::{socket_token::SocketToken, sockets::Registered},
};

const SUBPROTOCOL: &str = "graphql-transport-ws";
const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// tungstenite reserves this for every socket; its default is 128 KiB.
const READ_BUFFER_BYTES: usize = 4 * 1024;
const INIT_DEADLINE: Duration = Duration::from_secs(3);
const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// How often a quiet client must show that it is there.
const PING_INTERVAL: Duration = Duration::from_secs(12);
/// Answers of a socket's operations that wait to be written.
const QUEUE: usize = 32;

/// Why a socket is closed; the codes are the protocol's, reasons are at most 123 bytes (RFC 6455, section 5.5).
type Close = CloseFrame;

fn close(code: u16, reason: &'static str) -> Close {
    Close { code, reason: reason.into() }
}

/// Opens a socket for a page of ours or of an allowed origin; any other GET is a query.
pub(super) async fn upgrade_or_query(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(place): Extension<Place>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        let query = query.unwrap_or_default();
        return graphql::get(&app, peer, &request_id, &headers, &query).await.into_response();
    };
    if !origin::may_open_socket(&app.gateway.config, &headers) {
        let error = Error::Forbidden("This website may not open a socket here.");
        return Refusal::from(error).into_response();
    }
    let client = client(&app.gateway.config.trusted_proxies, peer, &headers, &request_id);
    let tasks = app.tasks.clone();
    upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .on_upgrade(move |socket| tasks.track_future(Connection { app, client, socket, _place: place }.run()))
}

struct Connection {
    app: App,
    client: Client,
    socket: WebSocket,
    _place: Place,
}

impl Connection {
    async fn run(mut self) {
        let reason =
            match self.socket.protocol().map(|protocol| protocol.as_bytes() == SUBPROTOCOL.as_bytes()) {
                Some(true) => self.talk().await,
                _ => Some(close(4406, "Subprotocol not acceptable")),
            };
        let farewell = async {
            if let Some(reason) = reason {
                self.app.metrics.note_close(reason.code);
                self.socket.send(Message::Close(Some(reason))).await?;
            }
            // The closing handshake, whoever began it, ends with the other side's going away.
            while let Some(Ok(_)) = self.socket.recv().await {}
            Ok::<_, axum::Error>(())
        };
        // A client that is gone needs no farewell.
        let _ = timeout(Duration::from_secs(1), farewell).await;
    }

    /// Returns why to close, or `None` when the client is gone.
    async fn talk(&mut self) -> Option<Close> {
        let viewer = match timeout(INIT_DEADLINE, self.initialise()).await {
            Ok(Ok(viewer)) => viewer,
            Ok(Err(reason)) => return reason,
            Err(_) => return Some(close(4408, "Connection initialisation timeout")),
        };
        let principal = Principal::of(viewer.as_ref(), self.client.network());
        let gateway = &self.app.gateway;
        let Some(_seat) = gateway.sockets.seats.take(principal, gateway.config.max_sockets_per_client) else {
            return Some(close(4429, "Too many open sockets"));
        };
        let registered = viewer.as_ref().map(|viewer| gateway.sockets.register(viewer));
        // What happened between authenticating and registering was told to nobody.
        if let Some(viewer) = &viewer
            && viewer.check_still_holds(gateway).await.is_err()
        {
            return Some(close(4403, "Session ended"));
        }
        match self.send(ServerMessage::ConnectionAck).await {
            Ok(()) => self.serve(viewer, registered).await,
            Err(gone) => gone,
        }
    }

    /// Waits for `connection_init` and authenticates it; without a token the client stays anonymous.
    async fn initialise(&mut self) -> Result<Option<Viewer>, Option<Close>> {
        loop {
            match self.receive().await? {
                Some(ClientMessage::ConnectionInit { payload }) => {
                    let Some(credentials) = payload.and_then(|payload| payload.authorization) else {
                        return Ok(None);
                    };
                    let token = bearer(&credentials).ok_or(Some(close(4403, "Forbidden")))?;
                    return authenticate(&self.app.gateway, token).await.map(Some);
                }
                Some(ClientMessage::Ping { payload }) => self.send(ServerMessage::Pong { payload }).await?,
                Some(ClientMessage::Pong { .. }) | None => {}
                Some(ClientMessage::Subscribe { .. } | ClientMessage::Complete { .. }) => {
                    return Err(Some(close(4401, "Unauthorized")));
                }
            }
        }
    }

    /// The conversation proper.
    async fn serve(&mut self, viewer: Option<Viewer>, registered: Option<Registered>) -> Option<Close> {
        let (answers, mut queue) = mpsc::channel(QUEUE);
        let token = viewer.map(|viewer| Arc::new(SocketToken::new(viewer)));
        let mut operations = Operations::new(self.app.clone(), token.clone(), self.client.clone(), answers);
        let shutdown = self.app.shutdown.clone();
        let revoked = async {
            match &registered {
                Some(registered) => registered.revoked().await,
                None => std::future::pending().await,
            }
        };
        let gateway = self.app.gateway.clone();
        let token_expired = async {
            match &token {
                Some(token) => token.expired(&gateway).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(revoked, token_expired);
        let mut heartbeat = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard_since_ping = true;
        loop {
            let step = tokio::select! {
                () = shutdown.cancelled() => Err(Some(close(1001, "Server is going away"))),
                () = &mut revoked => Err(Some(close(4403, "Session ended"))),
                () = &mut token_expired => Err(Some(close(4401, "Access token expired"))),
                _ = heartbeat.tick() => {
                    if !std::mem::take(&mut heard_since_ping) {
                        return None;
                    }
                    self.write(Message::Ping(Vec::new().into())).await
                }
                Some(answer) = queue.recv() => match operations.take(answer) {
                    Some(message) => self.send(message).await,
                    None => Ok(()),
                },
                received = self.receive() => {
                    heard_since_ping = true;
                    match received {
                        Ok(Some(message)) => self.handle(message, &mut operations).await,
                        Ok(None) => Ok(()),
                        Err(reason) => Err(reason),
                    }
                }
            };
            if let Err(reason) = step {
                return reason;
            }
        }
    }

    async fn handle(
        &mut self,
        message: ClientMessage,
        operations: &mut Operations,
    ) -> Result<(), Option<Close>> {
        match message {
            ClientMessage::ConnectionInit { .. } => {
                Err(Some(close(4429, "Too many initialisation requests")))
            }
            ClientMessage::Ping { payload } => self.send(ServerMessage::Pong { payload }).await,
            ClientMessage::Pong { .. } => Ok(()),
            ClientMessage::Subscribe { id, payload } => operations.start(id, *payload).map_err(Some),
            ClientMessage::Complete { id } => {
                operations.stop(&id);
                Ok(())
            }
        }
    }

    /// The next message; `Ok(None)` for what only keeps the line open.
    async fn receive(&mut self) -> Result<Option<ClientMessage>, Option<Close>> {
        match self.socket.recv().await {
            Some(Ok(Message::Text(text))) => match ClientMessage::parse(&text) {
                Some(message) => Ok(Some(message)),
                None => Err(Some(close(4400, "Invalid message received"))),
            },
            Some(Ok(Message::Binary(_))) => Err(Some(close(4400, "Invalid message received"))),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
            Some(Ok(Message::Close(_))) | None => Err(None),
            Some(Err(error)) => Err(violation(&error)),
        }
    }

    async fn send(&mut self, message: ServerMessage) -> Result<(), Option<Close>> {
        let text = serde_json::to_string(&message).map_err(|error| {
            tracing::error!(%error, "an answer could not be written as JSON");
            Some(close(1011, "Internal server error"))
        })?;
        self.write(Message::Text(text.into())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), Option<Close>> {
        match timeout(WRITE_DEADLINE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(None),
        }
    }
}

async fn authenticate(gateway: &Gateway, token: &str) -> Result<Viewer, Option<Close>> {
    match Viewer::authenticate(&gateway.access_tokens, gateway, token).await {
        Ok(viewer) => {
            gateway.note_use(&viewer);
            Ok(viewer)
        }
        Err(error) if error.code() == ErrorCode::Unauthenticated => Err(Some(close(4403, "Forbidden"))),
        Err(error) => {
            tracing::error!(error = format!("{error:?}"), "a socket could not be authenticated");
            Err(Some(close(1011, "Internal server error")))
        }
    }
}

/// The close code for what breaks the rules of WebSockets themselves (RFC 6455, section 7.4.1).
fn violation(error: &axum::Error) -> Option<Close> {
    use tokio_tungstenite::tungstenite::Error;
    let source = std::error::Error::source(error)?;
    match source.downcast_ref()? {
        Error::Capacity(_) => Some(close(1009, "Message too big")),
        Error::Utf8(_) => Some(close(1007, "Text is not UTF-8")),
        Error::Protocol(_) => Some(close(1002, "Protocol error")),
        _ => None,
    }
}
