//! The console: whether it is there, and which API it was built for.

use reqwest::Client;
use serde::Deserialize;
use url::Url;

use super::{
    Check, Group, Installation,
    check::Subject,
    page::Page,
    site::{is_own, when},
};
use crate::config::Config;

static CONSOLE: Subject = Subject::new("console", Group::PublicAddress, "Console");
static API: Subject = Subject::new("console_api", Group::PublicAddress, "API of the console");

/// What our `index.html` has, built or not.
const MARKS: [&str; 2] = ["<title>FastGPT Platform</title>", "<div id=\"root\">"];

/// What the build of the console says of itself: `console.json` (`frontend/build-info.ts`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Build {
    api_url: Option<String>,
}

pub(super) async fn examine(installation: &Installation, client: &Client, site_reached: bool) -> [Check; 2] {
    if let Some(reason) = installation.unusable(&["FRONTEND_URL", "SITE_URL", "API_PREFIX"]) {
        return [CONSOLE.skipped(&reason), API.skipped(reason)];
    }
    let config = &installation.config;
    let reachable = site_reached || config.frontend_url != config.site_url;
    tokio::join!(
        when(reachable, &CONSOLE, console(config, client)),
        when(reachable, &API, api(config, client))
    )
    .into()
}

async fn console(config: &Config, client: &Client) -> Check {
    let address = &config.frontend_url;
    let page = match Page::get(client, &format!("{address}/")).await {
        Ok(page) => page,
        Err(reason) => {
            let fix = "Start what serves the console, or correct FRONTEND_URL (left out: SITE_URL)";
            return CONSOLE.failed(reason.at(address), fix);
        }
    };
    if page.status.is_success() && MARKS.iter().all(|mark| page.text.contains(mark)) {
        return CONSOLE.ok(format!("served at {address}"));
    }
    if page.text.contains("make build") {
        return CONSOLE.failed(format!("the server at {address} was built without it"), "make build");
    }
    CONSOLE.failed(
        format!("{address} answers {}, and it is not the console", page.describe()),
        "Correct FRONTEND_URL, or have the proxy pass `/` to the server, which serves the console",
    )
}

async fn api(config: &Config, client: &Client) -> Check {
    let expected = format!("{}{}", config.site_url, config.api_prefix);
    let page = match Page::get(client, &format!("{}/console.json", config.frontend_url)).await {
        Ok(page) => page,
        Err(_) => return API.skipped("FRONTEND_URL does not answer"),
    };
    let Some(build) = page.json::<Build>().filter(|_| page.status.is_success()) else {
        return API.warning(
            format!("not known: {}/console.json is missing", config.frontend_url),
            "Build and deploy the console of this version: `make build`",
        );
    };
    let Some(built_for) = resolve(&config.frontend_url, build.api_url.as_deref()) else {
        return API.failed("built for something that is no address", rebuild(config));
    };
    if built_for == expected {
        return API.ok(built_for);
    }
    let evidence = format!("built for {built_for}, while the API is at {expected}");
    if is_of_this_machine(&built_for) && !is_of_this_machine(&config.frontend_url) {
        return API.failed(format!("{evidence}: every browser would ask its own machine"), rebuild(config));
    }
    if speaks_graphql(client, &built_for).await {
        return API.ok(format!("{built_for}, which answers as well as SITE_URL does"));
    }
    API.failed(evidence, rebuild(config))
}

fn rebuild(config: &Config) -> String {
    let (site, prefix) = (&config.site_url, &config.api_prefix);
    let same_origin = is_own(config, &config.frontend_url) || config.frontend_url == *site;
    let remark = if same_origin && prefix == "/api" { ", or without VITE_API_URL" } else { "" };
    format!("Build it again: `VITE_API_URL={site}{prefix} make build`{remark}; then deploy it")
}

/// As `frontend/src/graphql/endpoint.ts` does.
fn resolve(frontend: &str, api_url: Option<&str>) -> Option<String> {
    let origin = Url::parse(frontend).ok()?.origin().ascii_serialization();
    let api_url = api_url.filter(|url| !url.is_empty()).unwrap_or("/api");
    let resolved = Url::parse(&origin).ok()?.join(api_url).ok()?;
    Some(resolved.as_str().trim_end_matches('/').to_owned())
}

fn is_of_this_machine(url: &str) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    matches!(host.as_deref(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Refusals are an answer too.
async fn speaks_graphql(client: &Client, api: &str) -> bool {
    let page = Page::get(client, &format!("{api}/graphql?query=%7B__typename%7D")).await;
    let answer = page.ok().and_then(|page| page.json::<serde_json::Value>());
    answer.is_some_and(|answer| answer.get("data").is_some() || answer.get("errors").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_console_by_what_its_page_has() {
        let page = include_str!("../../frontend/index.html");
        assert!(MARKS.iter().all(|mark| page.contains(mark)));
    }

    #[test]
    fn resolves_as_the_console_does() {
        for (frontend, api_url, resolved) in [
            ("https://a.example/console", None, "https://a.example/api"),
            ("https://a.example", Some(""), "https://a.example/api"),
            ("https://a.example", Some("/v1/"), "https://a.example/v1"),
            ("https://a.example", Some("http://localhost:5000/api"), "http://localhost:5000/api"),
        ] {
            assert_eq!(resolve(frontend, api_url).as_deref(), Some(resolved));
        }
    }
}
