//! `{API_PREFIX}/data-export/{token}`: the copy of a person's data, for whoever has the link.

use std::net::SocketAddr;

use axum::{
    Extension,
    body::Body,
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{TryStreamExt, stream};

use super::{App, client::client, refusal::Refusal, request_id::RequestId};
use crate::{
    data_export::service,
    error::{Error, Result},
    gateway::Gateway,
    id::DataExportId,
};

/// Sends the archive as it comes out of the database.
pub(super) async fn download(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let gateway = app.gateway;
    let client = client(&gateway.config.trusted_proxies, peer, &headers, &request_id);
    let export = service::open(&gateway, &token, &client).await?;
    let name = export.requested_at.format("attachment; filename=\"fastgpt-data-%Y-%m-%d.zip\"").to_string();
    let size = export.size_bytes.unwrap_or_default();
    let mut response = Body::from_stream(chunks(gateway, export.id)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CONTENT_LENGTH, size.into());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// One at a time, as the client takes them.
fn chunks(
    gateway: Gateway,
    id: DataExportId,
) -> impl futures_util::Stream<Item = Result<Vec<u8>>> + Send + 'static {
    let next = move |number: i32| {
        let gateway = gateway.clone();
        async move {
            let chunk = service::load_chunk(&gateway, id, number).await?;
            Ok::<_, Error>(chunk.map(|chunk| (chunk, number + 1)))
        }
    };
    stream::try_unfold(0, next).inspect_err(|error| {
        tracing::warn!(error = format!("{error:#?}"), "a download was broken off");
    })
}

/// The address exists, the method does not.
pub(super) async fn method_not_allowed() -> Refusal {
    let error = Error::BadRequest("Download by GET.");
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, error).allowing("GET")
}
