//! What is done behind the answers: each kind of job, and who does it.

use chrono::TimeDelta;
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::{
    api_key, data_export, erasure,
    error::Result,
    gateway::Gateway,
    job::{
        self, Job, JobKind,
        service::{NewJob, Outcome},
    },
    known_device, mail, one_time_token, session, verification,
};

/// How often what has run out is removed.
pub const CLEAN_UP_EVERY: TimeDelta = TimeDelta::hours(1);

/// How many jobs a replica does at once: one that waits for a slow mail server keeps none of the others.
pub const AT_ONCE: usize = 4;

/// Works until `shutdown`; the jobs that are under way are finished.
pub async fn run(gateway: Gateway, shutdown: CancellationToken) {
    if let Err(error) = schedule(&gateway).await {
        tracing::warn!(error = format!("{error:#?}"), "the hourly clean-up could not be queued");
    }
    join_all((0..AT_ONCE).map(|_| job::worker::run(gateway.clone(), perform, shutdown.clone()))).await;
}

/// Does one job.
///
/// # Errors
/// Internal only.
pub async fn perform(gateway: Gateway, job: Job) -> Result<Outcome> {
    match job.kind {
        JobKind::SendMail => mail::service::perform(&gateway, &job).await,
        JobKind::WriteMail => verification::requested::perform(&gateway, &job).await,
        JobKind::CleanUp => clean_up(&gateway).await,
        JobKind::ExportData => data_export::make::perform(&gateway, &job).await,
        JobKind::EraseAccount => erasure::service::perform(&gateway, &job).await,
    }
}

/// Queues what comes back by itself, unless it is there already.
async fn schedule(gateway: &Gateway) -> Result<()> {
    let clean_up = NewJob {
        kind: JobKind::CleanUp,
        payload: serde_json::Value::Null,
        run_at: gateway.clock.now(),
        unique_key: Some("clean-up".into()),
    };
    job::service::enqueue(&gateway.db, &gateway.clock, clean_up).await
}

async fn clean_up(gateway: &Gateway) -> Result<Outcome> {
    erasure::service::queue_due(gateway).await?;
    let tokens = one_time_token::service::remove_expired(gateway).await?;
    let devices = known_device::service::remove_stale(gateway).await?;
    let keys = api_key::service::remove_old(gateway).await?;
    let jobs = job::service::remove_finished(gateway).await?;
    let mails = mail::service::remove_old(gateway).await?;
    let sessions = session::service::remove_old(gateway).await?;
    let exports = data_export::service::remove_expired(gateway).await?;
    tracing::debug!(tokens, devices, keys, jobs, mails, sessions, exports, "removed what has run out");
    Ok(Outcome::Again(gateway.clock.now() + CLEAN_UP_EVERY))
}
