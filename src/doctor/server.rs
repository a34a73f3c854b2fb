//! The process: whether it holds its port, what it says of itself, and its metrics.

use std::collections::BTreeMap;

use reqwest::Client;
use serde::Deserialize;

use super::{
    Check, Group, Installation,
    check::Subject,
    page::{NoPage, Page},
};

static SERVER: Subject = Subject::new("server", Group::Server, "Server");
static HEALTH: Subject = Subject::new("server_health", Group::Server, "Health");
static METRICS: Subject = Subject::new("metrics", Group::Server, "Metrics");

/// What `/health` says.
#[derive(Deserialize)]
pub(super) struct Health {
    status: String,
    pub(super) version: String,
    components: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
struct Component {
    status: String,
}

pub(super) async fn examine(installation: &Installation, client: &Client) -> Vec<Check> {
    if let Some(reason) = installation.unusable(&["PORT", "HOST"]) {
        return vec![SERVER.skipped(reason)];
    }
    let (server, health) = running(installation, client).await;
    let Some(health) = health else { return vec![server] };
    vec![server, components(&health), METRICS.in_time(metrics(installation, client)).await]
}

async fn running(installation: &Installation, client: &Client) -> (Check, Option<Health>) {
    let address = installation.config.own_address();
    if address.port() == 0 {
        return (SERVER.skipped("PORT is 0: which one the system has chosen is not known"), None);
    }
    let free_it = || {
        let port = address.port();
        format!("Stop it (`ss -ltnp 'sport = :{port}'` names it), or set PORT to a free one")
    };
    let check = match Page::get(client, &format!("http://{address}/health")).await {
        Ok(page) => match page.json::<Health>() {
            Some(health) => return (version(&health, &address.to_string()), Some(health)),
            None => {
                let evidence = format!("another program holds {address}; it answers {}", page.describe());
                SERVER.failed(evidence, free_it())
            }
        },
        Err(NoPage::Refused) => SERVER.wrong(
            installation.production,
            format!("not running: nothing listens at {address}"),
            "Start it: `fastgpt-platform`, `systemctl start fastgpt-platform` or `docker compose up -d`",
        ),
        Err(NoPage::Silent) => {
            SERVER.failed(format!("what holds {address} accepts connections and does not answer"), free_it())
        }
        Err(_) => {
            SERVER.failed(format!("another program holds {address}; it does not speak HTTP"), free_it())
        }
    };
    (check, None)
}

fn version(health: &Health, address: &str) -> Check {
    let own = env!("CARGO_PKG_VERSION");
    if health.version == own {
        return SERVER.ok(format!("version {own} at {address}"));
    }
    SERVER.warning(
        format!("version {} at {address}, while this program is {own}", health.version),
        "Restart it: `systemctl restart fastgpt-platform` or `docker compose up -d`",
    )
}

fn components(health: &Health) -> Check {
    let states = health.components.iter().map(|(name, component)| format!("{name} {}", component.status));
    let evidence = states.collect::<Vec<_>>().join(", ");
    match health.status.as_str() {
        "ok" => HEALTH.ok(evidence),
        status => HEALTH.wrong(
            status != "degraded",
            evidence,
            "Mend what failed under Storage; the log says more: `journalctl -u fastgpt-platform` or \
             `docker compose logs`",
        ),
    }
}

async fn metrics(installation: &Installation, client: &Client) -> Check {
    let Some(listener) = installation.config.metrics else {
        return METRICS.skipped("METRICS_ADDR is off");
    };
    let url = format!("http://{}/metrics", listener.own_address());
    match Page::get(client, &url).await {
        Ok(page) if are_metrics(&page) => METRICS.ok(url),
        Ok(page) => METRICS.warning(
            format!("{url} answers {} and has none", page.describe()),
            "Set METRICS_ADDR to a free address, such as 127.0.0.1:9464, and restart",
        ),
        Err(reason) => METRICS.warning(
            reason.at(&url),
            "Set METRICS_ADDR to an address of this machine, such as 127.0.0.1:9464, and restart; or to off",
        ),
    }
}

/// Prometheus' text format, or OpenMetrics.
pub(super) fn are_metrics(page: &Page) -> bool {
    page.status.is_success() && page.text.lines().any(|line| line.starts_with("# TYPE "))
}
