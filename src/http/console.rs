//! The console and GraphiQL, embedded in the binary.

use std::borrow::Cow;

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use rust_embed::{Embed, EmbeddedFile};

use super::{App, cookie, refusal::Refusal};
use crate::{auth::viewer::Role, session::refresh};

/// What `npm run build` made; empty where it never ran.
#[derive(Embed)]
#[folder = "frontend/dist"]
#[allow_missing = true]
struct Dist;

/// Only our own scripts, no frames, no plug-ins. Styles may be inline: the component library writes them. `nginx.conf`
/// says the same.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self' data:; worker-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'",
);

/// Files named by their content never change.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_EACH_TIME: HeaderValue = HeaderValue::from_static("no-cache");

const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>FastGPT Platform</title>\
    <body style=\"font:16px/1.5 system-ui;max-width:40em;margin:4em auto;padding:0 1em\">\
    <h1>The API is running; the console is not built</h1>\
    <p>This binary was made without it. Run <code>make build</code> and start it again.</p>\
    <h1 lang=zh-CN>接口已启动，控制台尚未构建</h1>\
    <p lang=zh-CN>此程序构建时不含控制台。请运行 <code>make build</code> 后重新启动。</p>";

/// Whether this binary has a console.
#[must_use]
pub fn is_built() -> bool {
    Dist::get("index.html").is_some()
}

/// The operations that the console sends, as its build lists them.
pub(super) fn trusted_documents() -> Option<Cow<'static, [u8]>> {
    Dist::get("operations.json").map(|file| file.data)
}

/// Pages and files. Every address that is not a file belongs to the console's own router.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api-docs", get(api_docs))
        .route("/assets/{*path}", get(asset))
        .fallback_service(get(file_or_console))
}

/// GraphiQL, for those who may read the schema; others find nothing here.
async fn api_docs(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refusal> {
    let config = &app.gateway.config;
    let holder = match cookie::read(config, &headers, cookie::REFRESH).filter(|_| !config.introspection) {
        Some(token) => refresh::find_holder(&app.gateway, &token).await?,
        None => None,
    };
    if config.introspection || holder.is_some_and(|live| live.role == Role::Admin) {
        return Ok(page("api-docs.html", &headers));
    }
    let mut missing = page("index.html", &HeaderMap::new());
    *missing.status_mut() = StatusCode::NOT_FOUND;
    Ok(missing)
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let name = format!("assets/{path}");
    Dist::get(&name)
        .map_or_else(|| StatusCode::NOT_FOUND.into_response(), |file| send(&name, file, FOREVER, &headers))
}

async fn file_or_console(uri: Uri, headers: HeaderMap) -> Response {
    let name = uri.path().trim_start_matches('/');
    match Dist::get(name) {
        Some(file) if !name.ends_with(".html") => send(name, file, ASK_EACH_TIME, &headers),
        // A file that is asked for by name and is not there must not become a page.
        None if name.rsplit('/').next().is_some_and(|last| last.contains('.')) => {
            StatusCode::NOT_FOUND.into_response()
        }
        _ => page("index.html", &headers),
    }
}

fn page(name: &str, headers: &HeaderMap) -> Response {
    match Dist::get(name) {
        Some(file) => send(name, file, ASK_EACH_TIME, headers),
        None => (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response(),
    }
}

fn send(name: &str, file: EmbeddedFile, caching: HeaderValue, request: &HeaderMap) -> Response {
    let digest = file.metadata.sha256_hash();
    let etag = format!("\"{:032x}\"", u128::from_be_bytes(std::array::from_fn(|place| digest[place])));
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let known = request.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind.as_ref())], file.data).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, caching);
    headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}
