//! The operations of one socket, each a task of its own; dropping the socket ends them all.

use std::{collections::HashMap, pin::pin, sync::Arc};

use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};
use tracing::Instrument;

use super::{Close, close, message::ServerMessage};
use crate::{
    auth::Client,
    error,
    graphql::{Answer, Params, RequestContext, error::server_error},
    http::{App, request_id::RequestId},
    session::socket_token::SocketToken,
};

/// Operations that one socket may run at once.
const MAX_OPERATIONS: usize = 50;

pub(super) struct Operations {
    app: App,
    token: Option<Arc<SocketToken>>,
    client: Client,
    answers: mpsc::Sender<Answered>,
    running: HashMap<String, Running>,
    /// How many were started.
    started: u64,
    tasks: JoinSet<()>,
}

struct Running {
    number: u64,
    task: AbortHandle,
}

/// What an operation has to say, for as long as its client still wants to hear it.
pub(super) struct Answered {
    number: u64,
    id: String,
    message: ServerMessage,
}

impl Operations {
    pub(super) fn new(
        app: App,
        token: Option<Arc<SocketToken>>,
        client: Client,
        answers: mpsc::Sender<Answered>,
    ) -> Self {
        Self { app, token, client, answers, running: HashMap::new(), started: 0, tasks: JoinSet::new() }
    }

    /// Runs an operation under `id`.
    pub(super) fn start(&mut self, id: String, params: Params) -> Result<(), Close> {
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
        self.started += 1;
        let answers = Answers { number: self.started, id: id.clone(), queue: self.answers.clone() };
        let work = run(self.context(&request_id), self.app.clone(), params, request_id, answers);
        let counted = async move {
            let _running = running;
            work.await;
        };
        let task = self.tasks.spawn(counted.instrument(span));
        self.running.insert(id, Running { number: self.started, task });
        Ok(())
    }

    /// Ends an operation at the client's wish, which needs no answer.
    pub(super) fn stop(&mut self, id: &str) {
        if let Some(running) = self.running.remove(id) {
            running.task.abort();
        }
    }

    /// What the client is to hear of an answer: nothing when it has ended the operation meanwhile, even if another one
    /// has its ID now. After the last answer the ID is free.
    pub(super) fn take(&mut self, Answered { number, id, message }: Answered) -> Option<ServerMessage> {
        self.running.get(&id).filter(|running| running.number == number)?;
        if !matches!(message, ServerMessage::Next { .. }) {
            self.running.remove(&id);
        }
        Some(message)
    }

    /// In a box, which goes once the operation runs: a subscription stands for hours.
    fn context(&self, request_id: &str) -> BoxFuture<'static, error::Result<RequestContext>> {
        let gateway = self.app.gateway.clone();
        let client = Client { request_id: request_id.to_owned(), ..self.client.clone() };
        RequestContext::over_socket(gateway, self.token.clone(), client).boxed()
    }
}

/// The way of one operation's answers to the socket.
struct Answers {
    number: u64,
    id: String,
    queue: mpsc::Sender<Answered>,
}

impl Answers {
    /// Waits for room; false when the socket is gone.
    async fn send(&self, message: ServerMessage) -> bool {
        let answered = Answered { number: self.number, id: self.id.clone(), message };
        self.queue.send(answered).await.is_ok()
    }
}

async fn run(
    context: BoxFuture<'static, error::Result<RequestContext>>,
    app: App,
    params: Params,
    request_id: String,
    answers: Answers,
) {
    let id = || answers.id.clone();
    let context = match context.await {
        Ok(context) => Arc::new(context),
        Err(error) => {
            let payload = vec![server_error(error, &request_id)];
            answers.send(ServerMessage::Error { id: id(), payload }).await;
            return;
        }
    };
    let mut stream = pin!(app.engine.execute_stream(params, context, request_id));
    while let Some(answer) = stream.next().await {
        let (message, is_last) = match answer {
            Answer::Executed(response) => (ServerMessage::Next { id: id(), payload: response }, false),
            // Nothing may follow an `error`.
            Answer::Refused(errors) => (ServerMessage::Error { id: id(), payload: errors }, true),
        };
        if !answers.send(message).await || is_last {
            return;
        }
    }
    answers.send(ServerMessage::Complete { id: id() }).await;
}
