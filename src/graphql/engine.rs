//! The way of a request: what it means is found, held against its limits, paid for, and run.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::{
    Request, Response, ServerError,
    parser::{
        parse_schema,
        types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
    },
};
use futures_util::{
    FutureExt, Stream, StreamExt,
    stream::{self, BoxStream},
};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::{
    RequestContext, Schema,
    answer::{Answer, Suggestions},
    budget::{Balance, Budget},
    completion::OutputTypes,
    documents::{Documents, Known},
    limits,
    metrics::{Metrics, Operation},
    params::Params,
    refusal::Refusal,
    schema,
    variables::InputTypes,
};
use crate::{
    auth::{Viewer, api_key_scopes::Scope},
    error::{Error, Result as ServiceResult},
    gateway::Gateway,
    telemetry,
};

/// How long a query or mutation may take, over either transport. A subscription has no end.
const DEADLINE: Duration = Duration::from_secs(30);

/// The schema, and what is remembered of documents and of what principals spent. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Parts>);

struct Parts {
    schema: Schema,
    input_types: InputTypes,
    output_types: OutputTypes,
    documents: Documents,
    budget: Budget,
    /// Mutations, which no caller who goes away breaks off.
    mutations: TaskTracker,
    metrics: Metrics,
}

/// A request that may be run.
pub struct Admitted {
    /// What kind of operation it is.
    pub kind: OperationType,
    known: Arc<Known>,
    /// All but the document.
    request: Request,
    context: Arc<RequestContext>,
    cost: u32,
    shows_cost: bool,
}

impl Engine {
    /// An engine with the console's manifest of trusted documents, where there is a console. Mutations run among
    /// `tasks`, which are to end before the process does.
    ///
    /// # Errors
    /// A manifest of trusted documents cannot be used; the message says which.
    pub fn new(gateway: &Gateway, console: Option<&[u8]>, tasks: TaskTracker) -> anyhow::Result<Self> {
        let schema = schema();
        let printed = parse_schema(schema.sdl())?;
        let metrics = Metrics::new();
        Ok(Self(Arc::new(Parts {
            output_types: OutputTypes::of(&printed),
            input_types: InputTypes::of(printed),
            schema,
            documents: Documents::new(gateway, console, metrics.documents.clone())?,
            budget: Budget::new(gateway),
            mutations: tasks,
            metrics,
        })))
    }

    /// What operations took and came to.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Finds the document that a request means, and holds both against everything that needs no execution.
    ///
    /// # Errors
    /// What is wrong with them.
    pub async fn admit(&self, mut params: Params, context: Arc<RequestContext>) -> Result<Admitted, Refusal> {
        let known = self.0.documents.find(&mut params, &context).await?;
        if known.introspects && !context.may_introspect() {
            return Err(Error::Forbidden("Introspection is for administrators alone here.").into());
        }
        let operation = operation_of(&known.document, params.operation_name.as_deref())?;
        if let Some(viewer) = context.viewer() {
            viewer.check_scope(scope_of(operation.ty))?;
        }
        let refuse = |sentence: String| Refusal::from(ServerError::new(sentence, None));
        self.0.input_types.check_types(&known.document).map_err(|sentence| refuse(sentence.to_owned()))?;
        self.0.input_types.check(operation, &params.variables)?;
        let mut limits = context.gateway.config.document_limits;
        if let Some((_, budget)) = context.viewer().and_then(Viewer::key_budget) {
            // More it could never pay.
            limits.cost = limits.cost.min(budget);
        }
        let cost = limits::check_cost(&limits, &known.document, operation, &params.variables);
        let cost = cost.map_err(refuse)?;
        let (kind, shows_cost) = (operation.ty, params.asks_for_cost());
        let mut request = Request::new("").variables(params.variables).data(Arc::clone(&context));
        request.operation_name = params.operation_name;
        Ok(Admitted { kind, known, request, context, cost, shows_cost })
    }

    /// Runs an admitted query or mutation.
    pub async fn execute(&self, admitted: Admitted, request_id: &str) -> Answer {
        let suggestions = Suggestions::to(&admitted.context);
        self.answer(self.respond(admitted).await, suggestions, request_id)
    }

    /// The answer to a request that is not run.
    #[must_use]
    pub fn refuse(&self, refusal: Refusal, request_id: &str) -> Answer {
        self.answer(refusal.into_response(), Suggestions::Hidden, request_id)
    }

    /// Runs whatever is asked for as a stream of answers; a query or mutation has one.
    pub fn execute_stream(
        &self,
        params: Params,
        context: Arc<RequestContext>,
        request_id: String,
    ) -> impl Stream<Item = Answer> + Send + use<> {
        let (engine, answering, suggestions) = (self.clone(), self.clone(), Suggestions::to(&context));
        let responses = async move {
            match engine.admit(params, context).await {
                Ok(admitted) if admitted.kind == OperationType::Subscription => {
                    engine.subscribe(admitted).await
                }
                // A subscription lives long, and keeps what this function needs at most.
                Ok(admitted) => once(Box::pin(engine.respond(admitted)).await),
                Err(refusal) => once(refusal.into_response()),
            }
        };
        let responses = responses.flatten_stream();
        responses.map(move |response| answering.answer(response, suggestions, &request_id))
    }

    fn answer(&self, response: Response, suggestions: Suggestions, request_id: &str) -> Answer {
        let answer = Answer::of(response, suggestions, request_id);
        self.0.metrics.note(&answer);
        answer
    }

    async fn respond(&self, admitted: Admitted) -> Response {
        let started_at = Instant::now();
        let operation = Operation::new(admitted.kind, admitted.known.trusted_name.as_ref());
        let span = telemetry::operation_span(operation.r#type, &operation.name);
        let response = self.pay_and_run(admitted).instrument(span).await;
        let took = started_at.elapsed().as_secs_f64();
        self.0.metrics.operations.get_or_create(&operation).observe(took);
        response
    }

    async fn pay_and_run(&self, admitted: Admitted) -> Response {
        let balance = match self.pay(&admitted).await {
            Ok(balance) => balance,
            Err(error) => return Refusal::from(error).into_response(),
        };
        let (shows_cost, meant) = (admitted.shows_cost, admitted.meant());
        let mut response = self.run(admitted.kind, admitted.into_request()).await;
        self.complete(&mut response, &meant);
        if shows_cost {
            response.extensions.insert("cost".into(), balance.into_value());
        }
        response
    }

    /// A mutation has a task of its own: a caller who goes away does not stop it between its commit and its
    /// announcement. The deadline does, and what depends on the announcement then has to wait for the nets below it.
    async fn run(&self, kind: OperationType, request: Request) -> Response {
        let schema = self.0.schema.clone();
        let work = isolated(within(DEADLINE, Box::pin(async move { schema.execute(request).await })));
        if kind != OperationType::Mutation {
            return work.await;
        }
        let outcome = self.0.mutations.spawn(work.in_current_span()).await;
        outcome.unwrap_or_else(|cancelled| Refusal::from(Error::Internal(cancelled.into())).into_response())
    }

    async fn subscribe(&self, admitted: Admitted) -> BoxStream<'static, Response> {
        if let Err(error) = self.pay(&admitted).await {
            return once(Refusal::from(error).into_response());
        }
        self.0.metrics.subscriptions.inc();
        let (context, meant, engine) = (Arc::clone(&admitted.context), admitted.meant(), self.clone());
        let admitted_cost = admitted.cost;
        let events = isolated_events(self.0.schema.execute_stream(admitted.into_request()));
        let events = self.clone().while_authorised(events, context, admitted_cost);
        let complete = move |mut event| {
            engine.complete(&mut event, &meant);
            event
        };
        events.map(complete).boxed()
    }

    /// The events of a subscription for as long as its viewer may have them and can pay for them: each is authorised
    /// anew, and costs what the subscription does.
    fn while_authorised(
        self,
        events: impl Stream<Item = Response> + Send + Unpin + 'static,
        context: Arc<RequestContext>,
        cost: u32,
    ) -> impl Stream<Item = Response> + Send {
        stream::unfold(Some(events), move |events| {
            let (engine, context) = (self.clone(), Arc::clone(&context));
            async move {
                let mut events = events?;
                let event = events.next().await?;
                let may_go_on = async {
                    if let Some(viewer) = context.viewer() {
                        viewer.check_still_holds(&context.gateway).await?;
                    }
                    engine.spend(&context, cost).await
                };
                match may_go_on.await {
                    Ok(_) => {
                        engine.0.metrics.events.inc();
                        Some((event, Some(events)))
                    }
                    Err(error) => Some((Refusal::from(error).into_response(), None)),
                }
            }
        })
    }

    fn complete(&self, response: &mut Response, (known, operation_name): &Meant) {
        let Response { data, errors, .. } = response;
        let was_executed = errors.iter().all(|error| !error.path.is_empty());
        if let Ok(operation) = operation_of(&known.document, operation_name.as_deref())
            && was_executed
        {
            self.0.output_types.complete(data, errors, &known.document, operation);
        }
    }

    async fn pay(&self, admitted: &Admitted) -> ServiceResult<Balance> {
        self.spend(&admitted.context, admitted.cost).await
    }

    async fn spend(&self, context: &RequestContext, cost: u32) -> ServiceResult<Balance> {
        let balance = self.0.budget.spend(context, cost).await?;
        self.0.metrics.cost.inc_by(cost.into());
        Ok(balance)
    }
}

/// A document and the name of the operation in it.
type Meant = (Arc<Known>, Option<String>);

impl Admitted {
    fn meant(&self) -> Meant {
        (Arc::clone(&self.known), self.request.operation_name.clone())
    }

    fn into_request(self) -> Request {
        let mut request = self.request;
        request.set_parsed_query(self.known.document.clone());
        request
    }
}

/// What an API key must be good for to run an operation of this kind.
fn scope_of(kind: OperationType) -> Scope {
    match kind {
        OperationType::Query | OperationType::Subscription => Scope::Read,
        OperationType::Mutation => Scope::Write,
    }
}

fn once(response: Response) -> BoxStream<'static, Response> {
    stream::iter([response]).boxed()
}

/// The operation that is meant (GraphQL specification, section 6.1, GetOperation).
fn operation_of<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a OperationDefinition, Refusal> {
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), None) => {
            operations.values().next().filter(|_| operations.len() == 1)
        }
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
    };
    let sentence = match name {
        Some(_) => "The document has no operation of the name in `operationName`.",
        None => "The document has several operations: say which with `operationName`.",
    };
    found.map(|operation| &operation.node).ok_or_else(|| ServerError::new(sentence, None).into())
}

/// Waits for the answer to a query or mutation, and gives it up after `deadline` with the error `TIMEOUT`.
pub async fn within(deadline: Duration, response: impl Future<Output = Response>) -> Response {
    let response = tokio::time::timeout(deadline, response).await;
    response.unwrap_or_else(|_| Refusal::from(Error::Timeout).into_response())
}

/// Has a bug cost one operation and nothing else.
async fn isolated(response: impl Future<Output = Response>) -> Response {
    AssertUnwindSafe(response).catch_unwind().await.unwrap_or_else(panicked)
}

/// As [`isolated`]; what panicked ends.
fn isolated_events(events: impl Stream<Item = Response>) -> impl Stream<Item = Response> {
    AssertUnwindSafe(events).catch_unwind().map(|event| event.unwrap_or_else(panicked))
}

/// What the panic says is in the log, by the panic hook, and for nobody else.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    Refusal::from(Error::Internal(anyhow::anyhow!("an operation panicked"))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_internal_error_that_tells_nothing() {
        let event = isolated_events(stream::once(async { panic!("机密") })).boxed().next().await;
        for response in [isolated(async { panic!("机密") }).await, event.unwrap()] {
            let errors = serde_json::to_value(&response.errors).unwrap();
            assert_eq!(errors[0]["extensions"]["code"], "INTERNAL");
            assert_eq!(errors[0]["message"], "Internal server error");
        }
    }
}
