//! The operations of one socket, each a task of its own; dropping the socket ends them all.

use std::{collections::HashMap, pin::pin, sync::Arc};

use futures_util::StreamExt;
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};
use tracing::Instrument;

use super::{Close, close, message::ServerMessage};
use crate::{
    graphql::{Answer, Params, RequestContext},
    http::{App, request_id::RequestId},
    session::{socket_token::SocketToken, start::Client},
};

/// Operations that one socket may run at once.
const MAX_OPERATIONS: usize = 50;

pub(super) struct Operations {
    app: App,
    token: Option<Arc<SocketToken>>,
    client: Client,
    answers: mpsc::Sender<ServerMessage>,
    running: HashMap<String, AbortHandle>,
    tasks: JoinSet<()>,
}

impl Operations {
    pub(super) fn new(
        app: App,
        token: Option<Arc<SocketToken>>,
        client: Client,
        answers: mpsc::Sender<ServerMessage>,
    ) -> Self {
        Self { app, token, client, answers, running: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Runs an operation under `id`.
    pub(super) fn start(&mut self, id: String, params: Params) -> Result<(), Close> {
        self.running.retain(|_, task| !task.is_finished());
        while self.tasks.try_join_next().is_some() {}
        if self.running.contains_key(&id) {
            return Err(close(4409, "Subscriber for this id already exists"));
        }
        if self.running.len() >= MAX_OPERATIONS {
            return Err(close(4429, "Too many operations on one socket"));
        }
        let RequestId(request_id) = RequestId::generate();
        let span = tracing::info_span!("operation", id = request_id, ip = self.client.ip);
        let running = self.app.gateway.sockets.seats.begin_operation();
        let work =
            run(self.context(), self.app.clone(), id.clone(), params, request_id, self.answers.clone());
        let counted = async move {
            let _running = running;
            work.await;
        };
        let task = self.tasks.spawn(counted.instrument(span));
        self.running.insert(id, task);
        Ok(())
    }

    /// Ends an operation at the client's wish, which needs no answer.
    pub(super) fn stop(&mut self, id: &str) {
        if let Some(task) = self.running.remove(id) {
            task.abort();
        }
    }

    fn context(&self) -> Arc<RequestContext> {
        let gateway = self.app.gateway.clone();
        Arc::new(RequestContext::over_socket(gateway, self.token.clone(), self.client.clone()))
    }
}

async fn run(
    context: Arc<RequestContext>,
    app: App,
    id: String,
    params: Params,
    request_id: String,
    answers: mpsc::Sender<ServerMessage>,
) {
    let mut stream = pin!(app.engine.execute_stream(params, context, request_id));
    while let Some(answer) = stream.next().await {
        let (message, is_last) = match answer {
            Answer::Executed(response) => (ServerMessage::Next { id: id.clone(), payload: response }, false),
            // Nothing may follow an `error`.
            Answer::Refused(errors) => (ServerMessage::Error { id: id.clone(), payload: errors }, true),
        };
        // Sending fails when the socket is gone.
        if answers.send(message).await.is_err() || is_last {
            return;
        }
    }
    let _ = answers.send(ServerMessage::Complete { id }).await;
}
