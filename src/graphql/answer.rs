//! What comes of a request.

use async_graphql::{Response, ServerError, Value, resolver_utils::EnumType};

use super::{RequestContext, error};
use crate::error::ErrorCode;

/// How many faults of a document are told.
const MAX_REFUSALS: usize = 20;
/// With which async-graphql ends a message that knows better names.
const SUGGESTION: &str = " Did you mean";

/// What a caller is told: complete, and nothing that is not fit to be told.
#[derive(Debug)]
pub enum Answer {
    /// What was executed, perhaps with errors of single fields.
    Executed(Box<Response>),
    /// Why nothing was executed: there is no `data` (GraphQL specification, section 7.1.2).
    Refused(Vec<ServerError>),
}

/// Whether errors may tell what the caller probably meant, which tells about the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suggestions {
    Shown,
    Hidden,
}

impl Suggestions {
    pub(super) fn to(request: &RequestContext) -> Self {
        if request.may_introspect() { Self::Shown } else { Self::Hidden }
    }
}

impl Answer {
    /// Completes what async-graphql answered: its own errors carry no code, and repeat what the caller wrote.
    pub(super) fn of(mut response: Response, suggestions: Suggestions, request_id: &str) -> Self {
        let errors = &mut response.errors;
        // What has no path is of the document.
        let has_no_path = errors.iter().all(|error| error.path.is_empty());
        if has_no_path {
            // Validation goes on after what is wrong.
            errors.truncate(MAX_REFUSALS);
        }
        if suggestions == Suggestions::Hidden {
            for error in errors.iter_mut() {
                error.message.truncate(error.message.find(SUGGESTION).unwrap_or(error.message.len()));
            }
        }
        error::complete(errors, ErrorCode::GraphqlValidationFailed, request_id);
        if response.data == Value::Null && !response.errors.is_empty() && has_no_path {
            Self::Refused(response.errors)
        } else {
            Self::Executed(Box::new(response))
        }
    }
}

/// The code of a refused request's first error.
#[must_use]
pub fn code_of(errors: &[ServerError]) -> Option<ErrorCode> {
    let code = extension_of(errors, "code")?;
    ErrorCode::items().iter().map(|item| item.value).find(|known| known.as_value() == *code)
}

/// An extension of that error.
#[must_use]
pub fn extension_of<'a>(errors: &'a [ServerError], name: &str) -> Option<&'a Value> {
    errors.first()?.extensions.as_ref()?.get(name)
}
