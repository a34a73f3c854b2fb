//! GraphQL over HTTP: `POST {API_PREFIX}/graphql` with a JSON body.

use std::{net::SocketAddr, sync::Arc};

use async_graphql::{Request, Response as GraphQLAnswer};
use async_graphql_axum::GraphQLResponse;
use axum::{
    Extension,
    body::Bytes,
    extract::{ConnectInfo, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{App, client::client, cookie, refusal::Refusal, request_id::RequestId};
use crate::{
    auth::Viewer,
    error::{Error, Result},
    gateway::Gateway,
    graphql::{self, RequestContext, context::RefreshCookie},
};

/// Executes the query or mutation of a request.
pub(super) async fn execute(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let gateway = &app.gateway;
    let request = read(&headers, body)?;
    let viewer = authenticate(gateway, &headers).await?;
    let client = client(&gateway.config.trusted_proxies, peer, &headers);
    let refresh_cookie = RefreshCookie::over_http(cookie::read(&gateway.config, &headers));
    let context = Arc::new(RequestContext::new(gateway.clone(), viewer, client, refresh_cookie));
    let answer = graphql::execute(&app.schema, request.data(Arc::clone(&context)), &request_id).await;
    answer_with_cookie(gateway, &context, answer)
}

fn read(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Request, Refusal> {
    // Browsers send other types across sites without asking first: nothing may be executed for them.
    if !is_json(headers) {
        let error = Error::BadRequest("Send the operation as `Content-Type: application/json`.");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    let body = body.map_err(|rejection| {
        let error = Error::BadRequest("The body could not be read, or is larger than 1 MB.");
        Refusal::new(rejection.status(), error)
    })?;
    // Serde would read a list as an object's values in their order.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let request = is_object.then(|| serde_json::from_slice(&body).ok()).flatten();
    request.ok_or_else(|| {
        Error::BadRequest(
            "The body must be a JSON object with `query`, and perhaps `variables` and `operationName`.",
        )
        .into()
    })
}

/// Who sends the request: nobody in particular without an `Authorization` header.
async fn authenticate(gateway: &Gateway, headers: &HeaderMap) -> Result<Option<Viewer>> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(bearer);
    let token = token.ok_or(Error::Unauthenticated("Send `Authorization: Bearer` with an access token."))?;
    let viewer = Viewer::authenticate(&gateway.access_tokens, gateway, token).await?;
    gateway.activity.note(viewer.session_id(), gateway.clock.now());
    Ok(Some(viewer))
}

/// The token of a `Bearer` credential (RFC 6750, section 2.1).
pub(super) fn bearer(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn answer_with_cookie(
    gateway: &Gateway,
    context: &RequestContext,
    answer: GraphQLAnswer,
) -> Result<Response, Refusal> {
    let mut response = GraphQLResponse::from(answer).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(change) = context.refresh_cookie.take_change() {
        let cookie = cookie::write(&gateway.config, change, gateway.clock.now()).map_err(Error::Internal)?;
        headers.append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The address exists, the method does not.
pub(super) async fn method_not_allowed() -> impl IntoResponse {
    let error = Error::BadRequest("Send operations by POST, or open a WebSocket.");
    ([(header::ALLOW, "GET, POST")], Refusal::new(StatusCode::METHOD_NOT_ALLOWED, error))
}
