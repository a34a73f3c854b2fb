//! GraphQL over HTTP (<https://graphql.github.io/graphql-over-http/draft/>): any operation but a subscription by
//! POST, queries also by GET.

use std::{collections::HashSet, net::SocketAddr, sync::Arc, time::Duration};

use async_graphql::{ServerError, Value, parser::types::OperationType};
use async_graphql_axum::GraphQLResponse;
use axum::{
    Extension,
    body::Bytes,
    extract::{ConnectInfo, FromRequest, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{
    App,
    client::client,
    cookie,
    media_type::MediaType,
    refusal::{self, Refusal},
    request_id::RequestId,
};
use crate::{
    auth::Viewer,
    error::{Error, ErrorCode, Result},
    gateway::Gateway,
    graphql::{
        Answer, Params, RequestContext,
        answer::{code_of, extension_of},
    },
};

/// How long a client may take to send its body.
const BODY_DEADLINE: Duration = Duration::from_secs(15);
/// Headers that no page of another website can send without being asked for its origin first (Fetch standard, CORS
/// preflight). A GET has to bring one of them, since a mere link or image makes GETs too.
pub(super) const PREFLIGHT_HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("graphql-preflight"), HeaderName::from_static("apollo-require-preflight")];

/// Executes what the body asks for.
pub(super) async fn post(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    mut request: Request,
) -> Result<Response, Refusal> {
    // Browsers send other types across sites without asking first: nothing may be executed for them.
    if !is_json(request.headers()) {
        let error = Error::BadRequest(
            "Send the operation as `Content-Type: application/json`, in UTF-8 and not compressed.",
        );
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    let media_type = negotiate(request.headers())?;
    let headers = std::mem::take(request.headers_mut());
    let body = read_body(request).await?;
    let params = Params::parse(&body).ok_or(Error::BadRequest(
        "The body must be a JSON object with `query`, and perhaps `variables`, `operationName` and `extensions`, \
         and nothing else; it may have 20,000 values.",
    ))?;
    answer(&app, peer, &request_id, &Method::POST, &headers, media_type, params).await
}

/// Executes the query that the address asks for.
pub(super) async fn get(
    app: &App,
    peer: SocketAddr,
    request_id: &str,
    headers: &HeaderMap,
    query: &str,
) -> Result<Response, Refusal> {
    let media_type = negotiate(headers)?;
    if !headers.contains_key(header::AUTHORIZATION)
        && !PREFLIGHT_HEADERS.iter().any(|name| headers.contains_key(name))
    {
        return Err(Error::BadRequest(
            "A query by GET needs the header `GraphQL-Preflight: 1` or `Authorization`. Anything else goes by POST, \
             or over a WebSocket.",
        )
        .into());
    }
    let params = read_query(query)?;
    answer(app, peer, request_id, &Method::GET, headers, media_type, params).await
}

async fn answer(
    app: &App,
    peer: SocketAddr,
    request_id: &str,
    method: &Method,
    headers: &HeaderMap,
    media_type: MediaType,
    params: Params,
) -> Result<Response, Refusal> {
    let gateway = &app.gateway;
    let viewer = authenticate(gateway, headers).await?;
    let client = client(&gateway.config.trusted_proxies, peer, headers, request_id);
    let cookies = cookie::read_all(&gateway.config, headers);
    let context = Arc::new(RequestContext::over_http(gateway.clone(), viewer, client, cookies));
    let answer = match app.engine.admit(params, Arc::clone(&context)).await {
        Ok(admitted) => match admitted.kind {
            OperationType::Subscription => {
                return Err(Error::BadRequest(
                    "Subscriptions need a WebSocket: graphql-transport-ws, at this address.",
                )
                .into());
            }
            OperationType::Mutation if method == Method::GET => {
                let error = Error::BadRequest("Mutations go by POST.");
                return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, error).allowing("POST"));
            }
            _ => app.engine.execute(admitted, request_id).await,
        },
        Err(refusal) => app.engine.refuse(refusal, request_id),
    };
    respond(gateway, &context, answer, media_type)
}

fn negotiate(headers: &HeaderMap) -> Result<MediaType, Refusal> {
    MediaType::negotiate(headers).ok_or_else(|| {
        let error = Error::BadRequest("Answers are application/graphql-response+json or application/json.");
        Refusal::new(StatusCode::NOT_ACCEPTABLE, error)
    })
}

async fn read_body(request: Request) -> Result<Bytes, Refusal> {
    match timeout(BODY_DEADLINE, Bytes::from_request(request, &())).await {
        Ok(body) => body.map_err(|rejection| {
            let error = Error::BadRequest("The body could not be read, or is larger than 1 MB.");
            Refusal::new(rejection.status(), error)
        }),
        Err(_) => {
            let error = Error::BadRequest("The body did not arrive in time.");
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, error))
        }
    }
}

/// The parameters of a GET (GraphQL over HTTP, section 5.5): those that are no text are JSON.
fn read_query(query: &str) -> Result<Params> {
    const NAMES: [&str; 5] = ["query", "documentId", "operationName", "variables", "extensions"];
    let mut params = Params::default();
    let mut seen = HashSet::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "query" => params.query = Some(value.into_owned()),
            "documentId" => params.document_id = Some(value.into_owned()),
            "operationName" => params.operation_name = Some(value.into_owned()),
            "variables" => params.variables = read_json(&value)?,
            "extensions" => params.extensions = read_json(&value)?,
            _ => {}
        }
        if !NAMES.contains(&&*name) || !seen.insert(name) {
            return Err(Error::BadRequest(
                "The address may have `query` or `documentId`, `variables`, `operationName` and `extensions`, each \
                 once, and nothing else.",
            ));
        }
    }
    Ok(params)
}

fn read_json<T: DeserializeOwned>(value: &str) -> Result<T> {
    let error = Error::BadRequest("`variables` and `extensions` must be JSON objects.");
    serde_json::from_str(value).map_err(|_| error)
}

/// Who sends the request: nobody in particular without an `Authorization` header.
async fn authenticate(gateway: &Gateway, headers: &HeaderMap) -> Result<Option<Viewer>> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(bearer);
    let token = token.ok_or(Error::Unauthenticated("Send `Authorization: Bearer` with an access token."))?;
    let viewer = Viewer::authenticate(&gateway.access_tokens, gateway, token).await?;
    gateway.note_use(&viewer);
    Ok(Some(viewer))
}

/// The token of a `Bearer` credential (RFC 6750, section 2.1).
pub(super) fn bearer(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// JSON in UTF-8, as it is.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let is_utf_8 = parts.all(|parameter| {
        let charset = parameter.to_ascii_lowercase().replace('"', "");
        !charset.starts_with("charset=") || charset == "charset=utf-8"
    });
    is_json && is_utf_8 && !headers.contains_key(header::CONTENT_ENCODING)
}

fn respond(
    gateway: &Gateway,
    context: &RequestContext,
    answer: Answer,
    media_type: MediaType,
) -> Result<Response, Refusal> {
    let mut response = match answer {
        Answer::Executed(response) => GraphQLResponse::from(*response).into_response(),
        Answer::Refused(errors) => refuse(&errors, media_type),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type.header_value());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    cookie::write_all(&gateway.config, &context.cookies, gateway.clock.now(), headers)
        .map_err(Error::Internal)?;
    Ok(response)
}

fn refuse(errors: &[ServerError], media_type: MediaType) -> Response {
    let code = code_of(errors).unwrap_or(ErrorCode::Internal);
    // Under `application/json` a document that cannot be run is answered like any other (section 6.4.1).
    let is_of_document = !matches!(
        code,
        ErrorCode::BadRequest | ErrorCode::RateLimited | ErrorCode::Timeout | ErrorCode::Internal
    );
    let legacy = is_of_document && media_type == MediaType::Json;
    let status = if legacy { StatusCode::OK } else { Refusal::status(code) };
    let mut response = (status, refusal::body(errors)).into_response();
    if let Some(Value::Number(seconds)) = extension_of(errors, "retryAfterSeconds") {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.as_u64().unwrap_or_default().into());
    }
    response
}

/// The address exists, the method does not.
pub(super) async fn method_not_allowed() -> Refusal {
    let error = Error::BadRequest("Send operations by POST, queries also by GET, or open a WebSocket.");
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, error).allowing("GET, POST")
}
