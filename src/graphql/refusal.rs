//! Why a request is not run at all.

use async_graphql::{Response, ServerError};

use super::error::server_error;
use crate::error::Error;

/// What is wrong with a request before anything of it was executed; the answer has no `data` (GraphQL specification,
/// section 7.1.2).
#[derive(Debug)]
pub struct Refusal(Box<ServerError>);

impl Refusal {
    /// The sentence for the caller.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub(super) fn into_response(self) -> Response {
        Response::from_errors(vec![*self.0])
    }
}

/// One that async-graphql's parser, or a limit, words.
impl From<ServerError> for Refusal {
    fn from(error: ServerError) -> Self {
        Self(Box::new(error))
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(Box::new(server_error(error, "")))
    }
}
