//! CORS: whether browsers let the console call an API of another origin.

use reqwest::{Client, Method, header};
use url::Url;

use super::{Check, Group, Installation, check::Subject, page::Page};

pub(super) static CORS: Subject = Subject::new("cors", Group::PublicAddress, "CORS");

/// What a browser asks before the console's first request (Fetch standard, CORS-preflight fetch).
pub(super) async fn preflight(installation: &Installation, client: &Client) -> Check {
    let config = &installation.config;
    if let Some(reason) = installation.unusable(&["FRONTEND_URL", "API_PREFIX"]) {
        return CORS.skipped(reason);
    }
    let Some(origin) = origin(&config.frontend_url) else {
        return CORS.skipped("FRONTEND_URL has no origin");
    };
    if Some(&origin) == self::origin(&config.site_url).as_ref() {
        return CORS.skipped("console and API have the same origin");
    }
    let request = client
        .request(Method::OPTIONS, format!("{}{}", config.site_url, config.graphql_path()))
        .header(header::ORIGIN, &origin)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type");
    let allowed = match Page::of(request).await {
        Ok(page) => page.header(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(str::to_owned),
        Err(reason) => return CORS.failed(reason.at("the API"), "See SITE_URL above"),
    };
    match allowed {
        Some(allowed) if allowed == origin => CORS.ok(format!("pages of {origin} may call the API")),
        Some(allowed) => CORS.failed(
            format!("the API allows {allowed:.80} to pages of {origin}"),
            "Take `add_header Access-Control-…` out of the proxy: the server answers by itself",
        ),
        None => CORS.failed(
            format!("the API does not allow pages of {origin}: browsers report a network error"),
            format!("CORS_ORIGIN={origin} (or FRONTEND_URL), then restart; the proxy must pass OPTIONS on"),
        ),
    }
}

pub(super) fn origin(url: &str) -> Option<String> {
    Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}
