//! Refusals before anything was executed, in the form of every other error.

use std::sync::Arc;

use async_graphql::Response as GraphQLAnswer;
use async_graphql_axum::GraphQLResponse;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    error::{Error, ErrorCode},
    graphql::error::server_error,
};

/// A request that goes no further.
///
/// Its body is written by [`complete`], where the request's name is known.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: Error,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, error: Error) -> Self {
        Self { status, error }
    }

    /// A bug must cost one request, not the connection, and must not tell the caller about itself.
    pub(super) fn panicked() -> Self {
        // The panic hook has written where it happened.
        Error::Internal(anyhow::anyhow!("a request handler panicked")).into()
    }
}

/// With the status that fits the error.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error.code() {
            ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorCode::Forbidden => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, error }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(Arc::new(self.error));
        response
    }
}

/// Writes the body of a refusal; any other response is left as it is.
pub(super) fn complete(mut response: Response, request_id: &str) -> Response {
    let Some(error) = response.extensions_mut().remove::<Arc<Error>>() else { return response };
    let answer = GraphQLAnswer::from_errors(vec![server_error(error, request_id)]);
    let (mut head, _) = response.into_parts();
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // The length was that of no body.
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, GraphQLResponse::from(answer).into_response().into_body())
}
