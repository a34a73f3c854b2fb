//! Serving until told to stop, and stopping without breaking anything off.

use std::{future::IntoFuture, net::SocketAddr};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{App, router};
use crate::{
    gateway::Gateway,
    session::{activity, live},
};

/// Serves on `listener` until `shutdown` fires. Then: no new connections, requests in flight finish, sockets
/// close with 1001 so that clients come back elsewhere, noted activity is written; all within the configured time.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    gateway: Gateway,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let app = App::new(gateway.clone(), shutdown.clone());
    let tasks = app.tasks.clone();
    tasks.spawn(live::follow_changes(gateway.clone(), shutdown.clone()));
    tasks.spawn(activity::keep_flushing(gateway.clone(), shutdown.clone()));

    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let stopped = shutdown.clone();
    let server = tokio::spawn(
        axum::serve(listener, service)
            .with_graceful_shutdown(async move { stopped.cancelled().await })
            .into_future(),
    );
    shutdown.cancelled().await;

    tracing::info!("stopping: requests in flight may finish");
    tasks.close();
    let abort = server.abort_handle();
    let finished = async {
        let outcome = server.await;
        tasks.wait().await;
        outcome
    };
    match tokio::time::timeout(gateway.config.shutdown_timeout, finished).await {
        Ok(outcome) => outcome??,
        Err(_) => {
            abort.abort();
            tracing::warn!("some requests did not finish in time and were broken off");
        }
    }
    Ok(())
}
