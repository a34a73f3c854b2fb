//! Changing the log level, here and on the other replicas.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use futures_util::StreamExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{LOG_LEVEL_CHANGED, LogLevelChange};
use crate::{
    auth::Admin,
    error::{Result, Rule, Violation},
    gateway::Gateway,
    store::bus::Received,
    telemetry::{LogLevel, change_log_level, restore_log_level},
};

/// For how many minutes a change may hold: a log that nobody turned down again fills disks.
const MINUTES: std::ops::RangeInclusive<u32> = 1..=1440;

/// The change that holds on this replica.
#[derive(Debug, Clone, Default)]
pub struct CurrentLogLevel(Arc<Mutex<Option<LogLevelChange>>>);

impl CurrentLogLevel {
    fn set(&self, change: Option<LogLevelChange>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = change;
    }
}

/// What holds now; `None`: what is configured.
#[must_use]
pub fn find(gateway: &Gateway, _: &Admin) -> Option<LogLevelChange> {
    let CurrentLogLevel(current) = &gateway.log_level;
    let change = *current.lock().unwrap_or_else(PoisonError::into_inner);
    change.filter(|change| gateway.clock.now() < change.until)
}

/// Has every replica that runs now log at `level` for so many minutes.
///
/// # Errors
/// `INVALID_INPUT` for less than one minute or more than a day.
pub fn change(gateway: &Gateway, admin: &Admin, level: LogLevel, minutes: u32) -> Result<LogLevelChange> {
    if !MINUTES.contains(&minutes) {
        let message = format!("The change may hold from {} to {} minutes.", MINUTES.start(), MINUTES.end());
        return Err(Violation::new("input.minutes", Rule::OutOfRange, message).into());
    }
    let until = gateway.clock.now() + TimeDelta::minutes(minutes.into());
    let change = LogLevelChange { level, until };
    announce(gateway, admin, Some(change));
    Ok(change)
}

/// Has every replica log as configured again.
pub fn reset(gateway: &Gateway, admin: &Admin) {
    announce(gateway, admin, None);
}

fn announce(gateway: &Gateway, admin: &Admin, change: Option<LogLevelChange>) {
    tracing::warn!(admin = %admin.viewer().user_id(), ?change, "an administrator changes the log level");
    gateway.log_level.set(change);
    gateway.bus.publish(&LOG_LEVEL_CHANGED, &change);
}

/// Has this process log as was last said anywhere, until `shutdown`. A message that is lost leaves it as it was.
pub async fn follow(gateway: Gateway, shutdown: CancellationToken) {
    let mut changes = gateway.bus.subscribe(&LOG_LEVEL_CHANGED);
    let mut ends_at = None;
    loop {
        let over = async {
            match ends_at {
                Some(ends_at) => tokio::time::sleep_until(ends_at).await,
                None => std::future::pending().await,
            }
        };
        let change = tokio::select! {
            () = shutdown.cancelled() => return,
            () = over => None,
            received = changes.next() => match received {
                Some(Received::Message(change)) => change,
                Some(Received::Gap) => continue,
                None => return,
            },
        };
        let left = |change: LogLevelChange| (change.until - gateway.clock.now()).to_std().unwrap_or_default();
        ends_at = change.map(|change| Instant::now() + left(change));
        gateway.log_level.set(change);
        let changed = change.map_or_else(restore_log_level, |change| change_log_level(change.level));
        if let Err(error) = changed {
            tracing::error!(error = format!("{error:#}"), "the log level stays as it was");
        }
    }
}
