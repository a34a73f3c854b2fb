//! The messages of graphql-transport-ws.

use async_graphql::{Response, ServerError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::graphql::Params;

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ClientMessage {
    ConnectionInit { payload: Option<InitPayload> },
    Ping { payload: Option<Value> },
    Pong {},
    Subscribe { id: String, payload: Box<Params> },
    Complete { id: String },
}

/// What a client brings to `connection_init`; other keys are its own business.
#[derive(Deserialize)]
pub(super) struct InitPayload {
    #[serde(alias = "Authorization")]
    pub(super) authorization: Option<String>,
}

/// Never shows the token.
impl std::fmt::Debug for InitPayload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InitPayload").finish_non_exhaustive()
    }
}

/// What the server says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Value>,
    },
    Next {
        id: String,
        payload: Box<Response>,
    },
    Error {
        id: String,
        payload: Vec<ServerError>,
    },
    Complete {
        id: String,
    },
}
