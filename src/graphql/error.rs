//! How an [`Error`] looks in a GraphQL response.

use std::sync::Arc;

use async_graphql::{
    ErrorExtensionValues, ErrorExtensions, Name, ServerError, Value, indexmap::IndexMap, parser,
};

use crate::error::{Error, ErrorCode, Violation, whole_seconds};

/// How much is left of a message that may repeat what the caller wrote.
const MAX_MESSAGE_CHARS: usize = 200;

/// An error on its way to the caller.
///
/// Deliberately not `Display`: async-graphql turns whatever is into a response with its full text, so that a `?`
/// on a stray database error would leak it. A resolver's `?` takes this type and nothing else.
#[derive(Debug, Clone)]
pub struct ApiError(Arc<Error>);

/// The `Result` of resolvers; async-graphql's macros look for this name.
pub type Result<T, E = ApiError> = std::result::Result<T, E>;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(Arc::new(error))
    }
}

/// A loader shares one failure among the keys of its batch.
impl From<Arc<Error>> for ApiError {
    fn from(error: Arc<Error>) -> Self {
        Self(error)
    }
}

/// `try_load` fails only when a batch function leaves a key out, which is our fault.
impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        Error::Internal(error.into()).into()
    }
}

impl From<ApiError> for async_graphql::Error {
    fn from(ApiError(error): ApiError) -> Self {
        if let Error::Internal(cause) = &*error {
            tracing::error!(error = format!("{cause:#}"), "a request failed");
        }
        let message = error.to_string();
        async_graphql::Error::new(message).extend_with(|_, extensions| describe(&error, extensions))
    }
}

fn describe(error: &Error, extensions: &mut ErrorExtensionValues) {
    extensions.set("code", error.code().as_value());
    match error {
        Error::InvalidInput(violations) => {
            extensions.set("violations", Value::List(violations.iter().map(violation_value).collect()));
        }
        Error::RateLimited(after) => {
            extensions.set("retryAfterSeconds", whole_seconds(*after));
        }
        _ => {}
    }
}

fn violation_value(violation: &Violation) -> Value {
    Value::Object(IndexMap::from([
        (Name::new("field"), Value::from(violation.field.as_ref())),
        (Name::new("rule"), Value::from(violation.rule.as_str())),
        (Name::new("message"), Value::from(violation.message.as_str())),
    ]))
}

impl ErrorCode {
    /// The code as the schema writes it.
    #[must_use]
    pub fn as_value(self) -> Value {
        async_graphql::resolver_utils::enum_value(self)
    }
}

/// A failure that no resolver saw: of authentication, of the transport.
#[must_use]
pub fn server_error(error: impl Into<ApiError>, request_id: &str) -> ServerError {
    let error = async_graphql::Error::from(error.into());
    let mut error = ServerError { extensions: error.extensions, ..ServerError::new(error.message, None) };
    complete(std::slice::from_mut(&mut error), ErrorCode::Internal, request_id);
    error
}

/// Where a document stops being GraphQL, and why.
///
/// The parser's own message is not for the caller: it repeats the whole line, however long.
pub(super) fn not_graphql(error: &parser::Error) -> ServerError {
    let reason = match error {
        parser::Error::MissingOperation => "it has no operation",
        parser::Error::MultipleOperations { .. } => "an operation without a name must be the only one",
        parser::Error::OperationDuplicated { .. } => "two operations have the same name",
        parser::Error::FragmentDuplicated { .. } => "two fragments have the same name",
        parser::Error::RecursionLimitExceeded => "it nests too deep",
        _ => "syntax error",
    };
    let place = error.positions().next();
    let at = place.map_or(String::new(), |at| format!(" at line {}, column {}", at.line, at.column));
    let mut error = ServerError::new(format!("The document is not GraphQL: {reason}{at}."), place);
    complete(std::slice::from_mut(&mut error), ErrorCode::GraphqlParseFailed, "");
    error
}

/// Completes the errors that async-graphql itself made, which carry no code and repeat what the caller wrote,
/// and names the request in those that only the log explains.
pub(super) fn complete(errors: &mut [ServerError], otherwise: ErrorCode, request_id: &str) {
    for error in errors {
        // A value that does not fit its argument's type is found while resolving, so it has a path.
        let code = if error.path.is_empty() { otherwise } else { ErrorCode::InvalidInput };
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", code.as_value());
        }
        cut(&mut error.message);
        if extensions.get("code") == Some(&ErrorCode::Internal.as_value()) {
            extensions.set("requestId", request_id);
        }
    }
}

fn cut(message: &mut String) {
    if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE_CHARS) {
        message.truncate(end);
        message.push('…');
    }
}
