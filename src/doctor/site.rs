//! `SITE_URL`: what people reach, and all that lies between them and the server.

use reqwest::{Client, StatusCode};
use url::Url;

use super::{
    Check, Finding, Group, Installation,
    check::Subject,
    clock::RoundTrip,
    console, cors,
    page::{NoPage, Page},
    passkeys, proxy,
    server::{Health, are_metrics},
    tls, websocket,
};
use crate::config::Config;

static SITE: Subject = Subject::new("site", Group::PublicAddress, "SITE_URL");
static HTTPS: Subject = Subject::new("https", Group::PublicAddress, "HTTPS");
static HIDDEN_METRICS: Subject = Subject::new("hidden_metrics", Group::PublicAddress, "Metrics from outside");

pub(super) async fn examine(installation: &Installation, client: &Client) -> Finding {
    let trip = RoundTrip::begin(&installation.clock);
    let ((site, page), certificate) = tokio::join!(reach(installation, client), tls::examine(installation));
    let time_ahead = page.as_ref().and_then(Page::date).map(|date| trip.ahead(date));
    let mut checks = vec![site];
    checks.extend(https(installation));
    checks.extend(certificate);
    let reached = page.is_some();
    let (metrics, proxy, socket, cors, console) = tokio::join!(
        when(reached, &HIDDEN_METRICS, hidden_metrics(installation, client)),
        proxy::examine(installation, client, reached),
        when(reached, &websocket::SOCKET, websocket::open(installation, client)),
        when(reached, &cors::CORS, cors::preflight(installation, client)),
        console::examine(installation, client, reached),
    );
    checks.extend(proxy);
    checks.extend([socket, cors]);
    checks.extend(console);
    checks.extend([metrics, passkeys::examine(installation)]);
    Finding { checks, time_ahead }
}

/// A check that needs `SITE_URL` to answer.
pub(super) async fn when(reached: bool, subject: &Subject, look: impl Future<Output = Check>) -> Check {
    if reached { subject.in_time(look).await } else { subject.skipped("SITE_URL does not answer") }
}

/// Whether an address is that of the process itself, with nothing in between.
pub(super) fn is_own(config: &Config, url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let own = config.own_address();
    let host = url.host_str().unwrap_or_default();
    let same_host = host == own.ip().to_string() || ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    url.scheme() == "http" && same_host && url.port_or_known_default() == Some(own.port())
}

async fn reach(installation: &Installation, client: &Client) -> (Check, Option<Page>) {
    if let Some(reason) = installation.unusable(&["SITE_URL"]) {
        return (SITE.skipped(reason), None);
    }
    let config = &installation.config;
    let site = &config.site_url;
    let own = config.own_address();
    let page = match Page::get(client, &format!("{site}/health")).await {
        Ok(page) => page,
        Err(NoPage::Refused) if is_own(config, site) => {
            return (SITE.skipped(format!("{site} is the server itself, which is not running")), None);
        }
        Err(reason) => {
            let fix = match reason {
                NoPage::Unresolved => "Point the name's DNS record to this machine, or correct SITE_URL",
                NoPage::Certificate => "Mend the certificate, see below",
                _ => {
                    "Start the proxy (`systemctl start nginx`), let its port through the firewall \
                     (`ufw allow 80,443/tcp`), or correct SITE_URL"
                }
            };
            return (SITE.failed(reason.at(site), fix), None);
        }
    };
    let check = match page.json::<Health>() {
        Some(health) if health.version == env!("CARGO_PKG_VERSION") => {
            return (SITE.ok(format!("version {} at {site}", health.version)), Some(page));
        }
        Some(health) => {
            let evidence = format!("version {} answers at {site}", health.version);
            return (SITE.failed(evidence, format!("Have the proxy pass to this server: {own}")), Some(page));
        }
        None if page.status.is_redirection() => SITE.failed(
            format!("{site} answers {}", page.describe()),
            "SITE_URL must be the address that needs no redirection",
        ),
        None if [StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT].contains(&page.status) => SITE.failed(
            format!("{site} answers {}: the proxy does not reach the server", page.describe()),
            format!("Start the server; in nginx: `proxy_pass http://{own};`"),
        ),
        None => SITE.failed(
            format!("{site}/health answers {}, and it is not this platform", page.describe()),
            format!("In nginx: `location /health {{ proxy_pass http://{own}; }}`; or correct SITE_URL"),
        ),
    };
    (check, None)
}

fn https(installation: &Installation) -> Option<Check> {
    if !installation.production || installation.unusable(&["SITE_URL"]).is_some() {
        return None;
    }
    let site = &installation.config.site_url;
    if site.starts_with("https://") {
        return Some(HTTPS.ok("SITE_URL is https, cookies are Secure"));
    }
    let host = Url::parse(site).ok().and_then(|url| url.domain().map(str::to_owned));
    let host = host.filter(|host| host.contains('.')).unwrap_or_else(|| "<your domain>".to_owned());
    Some(HTTPS.failed(
        format!("{site}: passwords and tokens go over the network for everybody to read"),
        format!("`certbot --nginx -d {host}`, then SITE_URL=https://{host}"),
    ))
}

async fn hidden_metrics(installation: &Installation, client: &Client) -> Check {
    let url = format!("{}/metrics", installation.config.site_url);
    match Page::get(client, &url).await {
        Ok(page) if are_metrics(&page) => HIDDEN_METRICS.failed(
            format!("everybody can read them at {url}"),
            "Take `location /metrics` out of the proxy; Prometheus asks at METRICS_ADDR",
        ),
        _ => HIDDEN_METRICS.ok("not served to the public"),
    }
}
