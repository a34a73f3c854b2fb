//! Refusals before anything was executed, in the form of every other error.

use std::sync::Arc;

use async_graphql::ServerError;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::media_type::MediaType;
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
    /// Methods that would be right.
    allow: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, error: Error) -> Self {
        Self { status, error, allow: None }
    }

    pub(super) fn allowing(self, methods: &'static str) -> Self {
        Self { allow: Some(methods), ..self }
    }

    /// A bug must cost one request, not the connection, and must not tell the caller about itself.
    pub(super) fn panicked() -> Self {
        // The panic hook has written where it happened.
        Error::Internal(anyhow::anyhow!("a request handler panicked")).into()
    }

    /// The status that fits an error.
    pub(super) fn status(code: ErrorCode) -> StatusCode {
        match code {
            ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorCode::Forbidden
            | ErrorCode::PersistedQueryRequired
            | ErrorCode::ReauthenticationRequired
            | ErrorCode::SecondFactorEnrollmentRequired => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::Timeout => StatusCode::GATEWAY_TIMEOUT,
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::new(Self::status(error.code()), error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
        }
        if let Some(methods) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(methods));
        }
        response.extensions_mut().insert(Arc::new(self.error));
        response
    }
}

/// Writes the body of a refusal, in the media type that the client wants, if it wants one of ours; any other response
/// is left as it is.
pub(super) fn complete(mut response: Response, media_type: Option<MediaType>, request_id: &str) -> Response {
    let Some(error) = response.extensions_mut().remove::<Arc<Error>>() else { return response };
    let body = body(&[server_error(error, request_id)]);
    let (mut head, _) = response.into_parts();
    head.headers.insert(header::CONTENT_TYPE, media_type.unwrap_or(MediaType::Json).header_value());
    head.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The length was that of no body.
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, body.into())
}

/// The body of an answer to a request of which nothing was executed.
pub(super) fn body(errors: &[ServerError]) -> String {
    serde_json::json!({ "errors": errors }).to_string()
}
