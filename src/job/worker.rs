//! Doing what waits in the queue.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures_util::{FutureExt, StreamExt};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Job,
    service::{self, Leased, Outcome, WORK_WAITS},
};
use crate::{error::Result, gateway::Gateway};

/// How long a worker that hears of nothing waits before it looks by itself.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The pause when the queue itself cannot be read.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Does jobs, one after the other, until `shutdown`; the one that is under way is finished.
pub async fn run<F>(gateway: Gateway, perform: impl Fn(Gateway, Job) -> F, shutdown: CancellationToken)
where
    F: Future<Output = Result<Outcome>>,
{
    let mut waking = gateway.bus.subscribe(&WORK_WAITS);
    while !shutdown.is_cancelled() {
        let pause = match run_next(&gateway, &perform).await {
            Ok(true) => continue,
            Ok(false) => until_next(&gateway).await,
            Err(error) => {
                tracing::warn!(error = format!("{error:#?}"), "the queue of jobs could not be read");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = waking.next() => {}
            () = sleep(pause) => {}
        }
    }
}

async fn until_next(gateway: &Gateway) -> Duration {
    let Ok(Some(due)) = service::next_due(gateway).await else { return LOOK_EVERY };
    (due - gateway.clock.now()).to_std().unwrap_or_default().clamp(Duration::from_millis(50), LOOK_EVERY)
}

/// Does the next job, if there is one; tells whether there was.
///
/// # Errors
/// The queue cannot be read or written. What fails in the job itself is written to it.
pub async fn run_next<F>(gateway: &Gateway, perform: &impl Fn(Gateway, Job) -> F) -> Result<bool>
where
    F: Future<Output = Result<Outcome>>,
{
    let Some(leased) = service::take(gateway).await? else { return Ok(false) };
    let outcome = attempt(gateway, &leased, perform).await;
    service::settle(gateway, &leased, outcome).await?;
    Ok(true)
}

async fn attempt<F>(gateway: &Gateway, leased: &Leased, perform: &impl Fn(Gateway, Job) -> F) -> Outcome
where
    F: Future<Output = Result<Outcome>>,
{
    let Leased { job, .. } = leased;
    let kind: &str = job.kind.into();
    if job.attempts > job.kind.most_attempts() {
        return Outcome::Failed("given up: each worker that took it was gone before it was done".into());
    }
    // Within the lease, so that no two workers are at one job.
    let deadline = job.kind.lease() * 9 / 10;
    let work = AssertUnwindSafe(perform(gateway.clone(), job.clone())).catch_unwind();
    let outcome = match timeout(deadline, work).await {
        Ok(Ok(Ok(outcome))) => outcome,
        Ok(Ok(Err(error))) => Outcome::Failed(format!("{error:#?}")),
        Ok(Err(_)) => Outcome::Failed("panicked; the log says where".into()),
        Err(_) => Outcome::Failed(format!("took longer than {} s", deadline.as_secs())),
    };
    if let Outcome::Failed(error) = &outcome {
        tracing::warn!(job = %job.id, kind, attempts = job.attempts, error, "a job failed");
    }
    outcome
}
