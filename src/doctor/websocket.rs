//! WebSockets: whether subscriptions come through the proxy.

use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, StatusCode, header};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::client::generate_key, protocol::Role},
};

use super::{Check, Group, Installation, check::Subject, cors::origin, page::NoPage};

pub(super) static SOCKET: Subject = Subject::new("websocket", Group::PublicAddress, "WebSocket");

const UPGRADE: &str = "In nginx: `map $http_upgrade $connection_upgrade { default upgrade; '' ''; }`, and for the API \
                       `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \
                       $connection_upgrade;`";

/// Opens a socket as the console does, and says hello (graphql-transport-ws).
pub(super) async fn open(installation: &Installation, client: &Client) -> Check {
    let config = &installation.config;
    if let Some(reason) = installation.unusable(&["FRONTEND_URL", "API_PREFIX"]) {
        return SOCKET.skipped(reason);
    }
    let url = format!("{}{}", config.site_url, config.graphql_path());
    let origin = origin(&config.frontend_url).unwrap_or_default();
    let request = client
        .get(&url)
        .header(header::ORIGIN, &origin)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, generate_key())
        .header(header::SEC_WEBSOCKET_PROTOCOL, "graphql-transport-ws");
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return SOCKET.failed(NoPage::from(error).at(&url), UPGRADE),
    };
    let evidence = format!("{url} answers {} where 101 would be right", response.status());
    match response.status() {
        StatusCode::SWITCHING_PROTOCOLS => {}
        StatusCode::FORBIDDEN => {
            let fix = format!("CORS_ORIGIN={origin} (or FRONTEND_URL), then restart");
            return SOCKET.failed(format!("pages of {origin} may not open one"), fix);
        }
        StatusCode::NOT_FOUND => {
            return SOCKET.failed(evidence, "Have the proxy pass the API's path on as it is");
        }
        _ => return SOCKET.failed(evidence, UPGRADE),
    }
    match greet(response).await {
        Ok(true) => SOCKET.ok(format!("{url} is open for pages of {origin}")),
        Ok(false) => SOCKET.failed("it opens, and what answers is not the platform", UPGRADE),
        Err(error) => SOCKET.failed(format!("it opens and breaks off: {error:.100}"), UPGRADE),
    }
}

async fn greet(response: reqwest::Response) -> anyhow::Result<bool> {
    let stream = response.upgrade().await?;
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    socket.send(Message::text(r#"{"type":"connection_init"}"#)).await?;
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message? {
            socket.close(None).await?;
            return Ok(text.contains("connection_ack"));
        }
    }
    anyhow::bail!("closed without a word")
}
