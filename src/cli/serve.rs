//! `serve`: everything from configuration to the last goodbye.

use std::{net::SocketAddr, path::Path};

use anyhow::Context;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use super::supervisor;
use crate::{
    clock::Clock,
    config::Config,
    gateway::Gateway,
    http,
    store::{data_folder::DataFolderLock, database},
    user::{self, service::FirstAdmin},
    worker,
};

/// Serves until SIGTERM or SIGINT.
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    raise_file_limit(&config);
    let address = SocketAddr::new(config.host, config.port);
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; set PORT (and HOST) to an address that is free")
    })?;
    let _alone = config.database_url.file().and_then(Path::parent).map(DataFolderLock::take).transpose()?;
    // The bus goes on while the last requests are answered: what they change must reach the other replicas.
    let disconnect = CancellationToken::new();
    let gateway = Gateway::connect(config, Clock::system(), disconnect.clone()).await?;
    let shutdown = CancellationToken::new();
    let mut server = http::Server::new(gateway.clone(), shutdown.clone())?;
    if let Some(listener) = listen_for_metrics(&gateway.config).await? {
        server = server.with_metrics(listener);
    }
    let applied = database::migrate(&gateway.config.database_url).await?;
    if applied > 0 {
        tracing::info!(applied, "migrations applied");
    }
    let first_admin =
        user::service::ensure_first_admin(&gateway).await.context("cannot create the first administrator")?;
    announce(&gateway, listener.local_addr()?, first_admin);
    tokio::spawn(supervisor::keep_informed(shutdown.clone()));
    let worker = tokio::spawn(worker::run(gateway.clone(), shutdown.clone()));
    let stopped = super::stop_signal()?;
    tokio::spawn(async move {
        stopped.await;
        shutdown.cancel();
    });
    server.serve(listener).await;
    // A job that is broken off is done again, by another worker, once its lease has run out.
    let _ = timeout(gateway.config.shutdown_timeout, worker).await;
    gateway.bus.flush().await;
    disconnect.cancel();
    Ok(())
}

/// A laptop has many programs, and one of them the usual port; whoever names an address wants that one.
async fn listen_for_metrics(config: &Config) -> anyhow::Result<Option<TcpListener>> {
    let Some(wanted) = config.metrics else { return Ok(None) };
    match TcpListener::bind(wanted.address).await {
        Ok(listener) => {
            tracing::info!(address = %listener.local_addr()?, "metrics are ready");
            Ok(Some(listener))
        }
        Err(error) if wanted.is_required => Err(error).with_context(|| {
            format!("cannot listen on {}; set METRICS_ADDR to an address that is free", wanted.address)
        }),
        Err(error) => {
            tracing::warn!(address = %wanted.address, %error, "no metrics: set METRICS_ADDR to an address that is free");
            Ok(None)
        }
    }
}

/// Connections, sockets and the database's files need descriptors: asks the system for as many as may be needed.
fn raise_file_limit(config: &Config) {
    let needed = config.open_files();
    match rlimit::increase_nofile_limit(needed) {
        Ok(limit) if limit >= needed => {}
        outcome => {
            let limit = outcome.unwrap_or_default();
            tracing::warn!(
                limit,
                needed,
                "too few open files are allowed for MAX_CONNECTIONS; raise the limit (ulimit -n), or lower it"
            );
        }
    }
}

/// Tells a person at a terminal where to go, and a log what runs.
fn announce(gateway: &Gateway, address: SocketAddr, first_admin: FirstAdmin) {
    let config = &gateway.config;
    let cache = gateway
        .redis
        .as_ref()
        .map_or_else(|| "in-process cache and events".to_owned(), |redis| redis.describe());
    match first_admin {
        FirstAdmin::Created => tracing::info!(email = config.admin.email, "first administrator created"),
        FirstAdmin::Missing => {
            tracing::warn!(
                "there is no administrator: set ADMIN_PASSWORD, or run `fastgpt-platform admin create`"
            );
        }
        FirstAdmin::Exists => {}
    }
    tracing::info!(%address, database = config.database_url.describe(), cache, "serving");
    if config.is_production() {
        return;
    }
    let site = &config.site_url;
    println!("\n  FastGPT Platform {}\n", env!("CARGO_PKG_VERSION"));
    println!(
        "  Console   {site}{}",
        if http::console::is_built() { "" } else { "  (not built: run `make build`)" }
    );
    if config.introspection {
        println!("  GraphiQL  {site}/api-docs");
    }
    println!("  API       {site}{}", config.graphql_path());
    match first_admin {
        FirstAdmin::Created if config.admin.has_default_password() => {
            println!("\n  Sign in as {} with Admin@123456, and change that password.\n", config.admin.email);
        }
        FirstAdmin::Created => {
            println!("\n  Sign in as {} with the configured password.\n", config.admin.email)
        }
        FirstAdmin::Exists | FirstAdmin::Missing => println!(),
    }
}
