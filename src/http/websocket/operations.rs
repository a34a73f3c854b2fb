//! The operations of one socket, each a task of its own: a panic in one ends that one alone,
//! and dropping the socket ends them all.

use std::{collections::HashMap, panic::AssertUnwindSafe, pin::pin, sync::Arc};

use async_graphql::{Request, Response, Value};
use futures_util::{FutureExt, StreamExt};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};
use tracing::Instrument;

use super::{Close, close, message::ServerMessage};
use crate::{
    auth::Viewer,
    error::Error,
    graphql::{self, RequestContext, context::RefreshCookie, error::server_error},
    http::{App, request_id::RequestId},
    session::start::Client,
};

/// Operations that one socket may run at once.
const MAX_OPERATIONS: usize = 50;

pub(super) struct Operations {
    app: App,
    viewer: Option<Viewer>,
    client: Client,
    answers: mpsc::Sender<ServerMessage>,
    running: HashMap<String, AbortHandle>,
    tasks: JoinSet<()>,
}

impl Operations {
    pub(super) fn new(
        app: App,
        viewer: Option<Viewer>,
        client: Client,
        answers: mpsc::Sender<ServerMessage>,
    ) -> Self {
        Self { app, viewer, client, answers, running: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Runs an operation under `id`.
    pub(super) fn start(&mut self, id: String, request: Request) -> Result<(), Close> {
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
        let work = run(
            self.context(),
            self.app.clone(),
            id.clone(),
            request,
            request_id.clone(),
            self.answers.clone(),
        );
        let answers = self.answers.clone();
        let failed = id.clone();
        let guarded = async move {
            // The panic hook has written where it happened.
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                let error =
                    server_error(Error::Internal(anyhow::anyhow!("an operation panicked")), &request_id);
                let _ = answers.send(ServerMessage::Error { id: failed, payload: vec![error] }).await;
            }
        };
        let task = self.tasks.spawn(guarded.instrument(span));
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
        Arc::new(RequestContext::new(gateway, self.viewer, self.client.clone(), RefreshCookie::default()))
    }
}

async fn run(
    context: Arc<RequestContext>,
    app: App,
    id: String,
    request: Request,
    request_id: String,
    answers: mpsc::Sender<ServerMessage>,
) {
    let mut responses = pin!(graphql::execute_stream(&app.schema, request.data(context), request_id));
    while let Some(response) = responses.next().await {
        let refused = was_refused(&response);
        let message = if refused {
            ServerMessage::Error { id: id.clone(), payload: response.errors }
        } else {
            ServerMessage::Next { id: id.clone(), payload: Box::new(response) }
        };
        // The socket is gone, or nothing may follow an `error`.
        if answers.send(message).await.is_err() || refused {
            return;
        }
    }
    let _ = answers.send(ServerMessage::Complete { id }).await;
}

/// Nothing was executed: the document does not parse or does not fit the schema.
fn was_refused(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}
