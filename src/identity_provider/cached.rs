//! What a provider tells of itself, kept for a while.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use crate::clock::Clock;

/// How long what a provider tells of itself is kept.
pub const FRESH_FOR: TimeDelta = TimeDelta::hours(1);
/// How long after a failure nobody asks a provider again, so that those who wait behind one another do not all wait in full.
pub const PAUSE: TimeDelta = TimeDelta::seconds(5);

/// A value that one asks for and the others wait for.
#[derive(Debug)]
pub(super) struct Cached<T> {
    state: Mutex<State<T>>,
    clock: Clock,
}

#[derive(Debug)]
struct State<T> {
    value: Option<(Arc<T>, DateTime<Utc>)>,
    failure: Option<(String, DateTime<Utc>)>,
}

impl<T> Cached<T> {
    pub(super) fn new(clock: Clock) -> Self {
        Self { state: Mutex::new(State { value: None, failure: None }), clock }
    }

    /// The value, from `ask` where there is none or it has grown old. An old one is better than none.
    pub(super) async fn get(&self, ask: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<Arc<T>> {
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        if let Some((value, at)) = &state.value
            && now < *at + FRESH_FOR
        {
            return Ok(Arc::clone(value));
        }
        if let Some((reason, at)) = &state.failure
            && now < *at + PAUSE
        {
            anyhow::bail!("{reason}");
        }
        match ask.await {
            Ok(value) => Ok(keep(&mut state, value, now)),
            Err(error) => match &state.value {
                Some((value, _)) => {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "an identity provider is taken as it was before"
                    );
                    Ok(Arc::clone(value))
                }
                None => {
                    state.failure = Some((format!("{error:#}"), self.clock.now()));
                    Err(error)
                }
            },
        }
    }

    /// The value as it is now, unless somebody has asked since `seen` was given out.
    pub(super) async fn renew(
        &self,
        seen: &Arc<T>,
        ask: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<Arc<T>> {
        let mut state = self.state.lock().await;
        if let Some((value, _)) = &state.value
            && !Arc::ptr_eq(value, seen)
        {
            return Ok(Arc::clone(value));
        }
        let value = ask.await?;
        let now = self.clock.now();
        Ok(keep(&mut state, value, now))
    }
}

fn keep<T>(state: &mut State<T>, value: T, now: DateTime<Utc>) -> Arc<T> {
    let value = Arc::new(value);
    *state = State { value: Some((Arc::clone(&value), now)), failure: None };
    value
}
