//! The schema: the features' roots merged, and the way a request runs through it.

pub mod context;
pub mod error;
mod limits;
pub mod loaders;
mod node;
pub mod page;

use std::time::Duration;

use async_graphql::{
    MergedObject, MergedSubscription, Request, Response, ServerError,
    parser::{
        parse_query,
        types::{DocumentOperations, ExecutableDocument, OperationType},
    },
};
use chrono::{DateTime, Utc};
use futures_util::{FutureExt, Stream, StreamExt};
use tracing::Instrument;

pub use context::RequestContext;
use error::ErrorQuery;
pub use error::{ApiError, Result};
use node::{Node, NodeQuery};

use crate::{
    error::{Error, ErrorCode},
    session::{
        graphql::{SessionConnection, SessionMutation, SessionSubscription},
        sign_in::SignInMutation,
    },
    user::graphql::{UserConnection, UserMutation, UserQuery},
};

/// How deep selections may nest, fragments included, since validation and execution are recursive;
/// fields have a limit of their own.
const MAX_RECURSION: usize = 32;
/// How many faults of a document are told.
const MAX_REFUSALS: usize = 20;
/// How long a query or mutation may take, over either transport. A subscription has no end.
const DEADLINE: Duration = Duration::from_secs(30);

/// What can be read.
#[derive(MergedObject, Default)]
pub struct Query(UserQuery, NodeQuery, ErrorQuery);

/// What can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(SignInMutation, SessionMutation, UserMutation);

/// What can be watched.
#[derive(MergedSubscription, Default)]
pub struct Subscription(SessionSubscription);

/// The schema of the platform.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds the schema. It holds no state: everything comes with the request.
#[must_use]
pub fn schema() -> Schema {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<Node>()
        .override_output_type_description::<UserConnection>("A page of users.")
        .override_output_type_description::<SessionConnection>("A page of sessions.")
        .override_output_type_description::<DateTime<Utc>>("A moment in UTC, as RFC 3339 writes it.")
        .limit_recursive_depth(MAX_RECURSION)
        .finish()
}

/// Runs a query or mutation.
pub async fn execute(schema: &Schema, mut request: Request, request_id: &str) -> Response {
    let mut response = match admit(&mut request) {
        Ok(kind) => answer(schema.clone(), request, kind).await,
        Err(refusal) => *refusal,
    };
    complete(&mut response, request_id);
    response
}

/// Runs any operation as a stream of responses; a query or mutation has one.
pub fn execute_stream(
    schema: &Schema,
    mut request: Request,
    request_id: String,
) -> impl Stream<Item = Response> + use<> {
    let responses = match admit(&mut request) {
        Ok(OperationType::Subscription) => schema.execute_stream(request),
        Ok(kind) => answer(schema.clone(), request, kind).into_stream().boxed(),
        Err(refusal) => futures_util::stream::iter([*refusal]).boxed(),
    };
    responses.map(move |mut response| {
        complete(&mut response, &request_id);
        response
    })
}

fn complete(response: &mut Response, request_id: &str) {
    // What has no path is of the document, and validation goes on after what is wrong with it.
    if response.errors.iter().all(|error| error.path.is_empty()) {
        response.errors.truncate(MAX_REFUSALS);
    }
    error::complete(&mut response.errors, ErrorCode::GraphqlValidationFailed, request_id);
}

/// Runs an admitted query or mutation. A mutation has a task of its own: neither a caller who goes away nor the
/// deadline stops it between its commit and its announcement.
async fn answer(schema: Schema, request: Request, kind: OperationType) -> Response {
    let work = async move { schema.execute(request).await };
    if kind != OperationType::Mutation {
        return within(DEADLINE, work).await;
    }
    let task = tokio::spawn(work.in_current_span());
    let answer = async {
        task.await.unwrap_or_else(|failed| match failed.try_into_panic() {
            // The transports turn it into an error of this one operation.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => {
                let error = Error::Internal(cancelled.into());
                Response::from_errors(vec![error::server_error(error, "")])
            }
        })
    };
    within(DEADLINE, answer).await
}

/// Waits for the answer to a query or mutation, and gives it up after `deadline` with the error `TIMEOUT`.
pub async fn within(deadline: Duration, answer: impl Future<Output = Response>) -> Response {
    let answer = tokio::time::timeout(deadline, answer).await;
    answer.unwrap_or_else(|_| Response::from_errors(vec![error::server_error(Error::Timeout, "")]))
}

/// Reads the request's document, once and for all, if it keeps within its limits; tells what kind of operation
/// is to be run.
fn admit(request: &mut Request) -> std::result::Result<OperationType, Box<Response>> {
    let refuse = |error| Box::new(Response::from_errors(vec![error]));
    let too_much = |sentence| refuse(ServerError::new(sentence, None));
    limits::check_source(&request.query).map_err(too_much)?;
    let document = parse_query(&request.query).map_err(|error| refuse(error::not_graphql(&error)))?;
    limits::check_document(&document, &request.variables).map_err(too_much)?;
    let kind = kind(&document, request.operation_name.as_deref());
    request.set_parsed_query(document);
    Ok(kind)
}

/// The kind of the operation called `name`. One that is not there is refused like a query.
fn kind(document: &ExecutableDocument, name: Option<&str>) -> OperationType {
    let chosen = match (&document.operations, name) {
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (operations, _) => operations.iter().next().map(|(_, operation)| operation),
    };
    chosen.map_or(OperationType::Query, |operation| operation.node.ty)
}
