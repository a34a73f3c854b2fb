//! What a supervisor such as systemd is told (sd_notify(3)); without one, nobody is told anything.

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

/// Says that the server is ready, that it is alive for as long as it is, and that it stops.
pub(super) async fn keep_informed(shutdown: CancellationToken) {
    tell(NotifyState::Ready);
    shutdown.run_until_cancelled(show_life()).await;
    tell(NotifyState::Stopping);
}

/// Half the time in which the supervisor expects it.
async fn show_life() {
    let Some(expected_within) = sd_notify::watchdog_enabled() else { return std::future::pending().await };
    let mut interval = tokio::time::interval(expected_within / 2);
    loop {
        interval.tick().await;
        tell(NotifyState::Watchdog);
    }
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the supervisor cannot be told how the server is");
    }
}
