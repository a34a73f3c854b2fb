//! `healthcheck`: for containers that have no curl.

use std::time::Duration;

use anyhow::Context;
use clap::Args;

use crate::config::Config;

const DEADLINE: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(super) struct Options {
    /// Address to ask [default: /health/ready on this machine, at the configured port]
    #[arg(long)]
    url: Option<String>,
}

/// Fails unless the server answers that it is ready.
pub(super) async fn run(options: Options) -> anyhow::Result<()> {
    let url = match options.url {
        Some(url) => url,
        None => format!("http://{}/health/ready", Config::load()?.own_address()),
    };
    let client = reqwest::Client::builder().timeout(DEADLINE).no_proxy().build()?;
    let response = client.get(&url).send().await.with_context(|| format!("no answer from {url}"))?;
    let status = response.status();
    println!("{}", response.text().await?);
    anyhow::ensure!(status.is_success(), "{url} answered {status}");
    Ok(())
}
