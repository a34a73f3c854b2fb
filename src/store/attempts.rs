//! Attempts that are counted before anybody looks at them, and the waits that grow with them.
//!
//! Each [`Counter`] forgets one attempt after another as time goes by. What is above its allowance has to wait, twice as
//! long each time, up to a longest wait. An attempt counts with several counters at once, or, where one of them says
//! wait, with none: whoever is kept waiting does not put the end of the wait off by trying.

mod local;
mod shared;

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use self::{local::Local, shared::Shared};
use super::redis::Redis;

/// Waits that are listed at most; of more, those that end soonest are not.
const MOST_LISTED: usize = 1000;
/// Counters of one group that are forgotten together; of more, those that have least to forget are not.
const MOST_IN_GROUP: usize = 1000;

/// How much goes on without a wait, and how waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts without a wait; 0 counts as 1.
    pub allowance: u32,
    /// The time in which one attempt is forgiven.
    pub forgiven_every: Duration,
    /// The wait after the last of the allowance.
    pub first_wait: Duration,
    /// No wait is longer.
    pub longest_wait: Duration,
}

/// Something that attempts are counted of.
#[derive(Debug, Clone)]
pub struct Counter {
    /// Names it among all counters.
    pub id: Uuid,
    /// How much it lets through.
    pub patience: Patience,
    /// Names those that are forgotten together.
    pub group: Option<Uuid>,
    /// What a list of waits tells of it; kept for as long as the wait lasts.
    pub label: String,
}

/// A counter that says wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Which.
    pub id: Uuid,
    /// What was said of it.
    pub label: String,
    /// Attempts that are not forgiven.
    pub attempts: u32,
    /// How long.
    pub until: DateTime<Utc>,
}

/// An attempt that was not counted, because there is a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The place of the counter that says so.
    pub by: usize,
    /// How long it lasts.
    pub wait: Duration,
}

/// Counts attempts, in Redis for all replicas together or in this process. With Redis away, each replica counts for
/// itself. The time is the caller's, so that waits are as long as the clock of the platform says.
#[derive(Debug, Clone)]
pub struct Attempts {
    local: Local,
    shared: Option<Shared>,
}

impl Attempts {
    /// For this process.
    #[must_use]
    pub fn in_process() -> Self {
        Self { local: Local::default(), shared: None }
    }

    /// For all replicas on this Redis.
    #[must_use]
    pub fn redis(redis: Redis) -> Self {
        Self { local: Local::default(), shared: Some(Shared::new(redis)) }
    }

    /// Counts one attempt with each counter, or, where one says wait, with none. However many come at once, no more
    /// than the allowance are let through.
    ///
    /// # Errors
    /// The longest wait.
    pub async fn count(&self, counters: &[Counter], now: DateTime<Utc>) -> Result<(), Refused> {
        let now = now.timestamp_millis();
        let Some(shared) = &self.shared else { return self.local.count(counters, now) };
        match shared.count(counters, now).await {
            Some(Ok(())) => {
                // So that this replica's are known when Redis goes away: what it says meanwhile is for then.
                _ = self.local.count(counters, now);
                Ok(())
            }
            Some(refused) => refused,
            None => self.local.count(counters, now),
        }
    }

    /// Takes one attempt back that was counted.
    pub async fn give_back(&self, counters: &[Counter], now: DateTime<Utc>) {
        if let Some(shared) = &self.shared {
            shared.give_back(counters, now.timestamp_millis()).await;
        }
        self.local.give_back(counters, now.timestamp_millis());
    }

    /// Begins counters anew; tells whether any of them said wait.
    pub async fn forget(&self, ids: &[Uuid], now: DateTime<Utc>) -> bool {
        let now = now.timestamp_millis();
        let waited_here = self.local.forget(ids, now);
        match &self.shared {
            Some(shared) => shared.forget(ids, now).await.unwrap_or(waited_here),
            None => waited_here,
        }
    }

    /// Begins all counters of a group anew.
    pub async fn forget_group(&self, group: Uuid) {
        self.local.forget_group(group);
        if let Some(shared) = &self.shared {
            shared.forget_group(group).await;
        }
    }

    /// The longest waits there are, the longest first.
    pub async fn list(&self, most: usize, now: DateTime<Utc>) -> Vec<Wait> {
        if let Some(shared) = &self.shared
            && let Some(waits) = shared.list(most, now.timestamp_millis()).await
        {
            return waits;
        }
        self.local.list(most, now.timestamp_millis())
    }
}

/// What a counter knows, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    /// When everything is forgiven.
    forgiven_at: i64,
    /// When the last attempt was.
    last_at: i64,
}

impl Patience {
    /// The wait once so many attempts are not forgiven.
    #[must_use]
    pub fn wait_after(self, attempts: u32) -> Duration {
        match attempts.checked_sub(self.allowance.max(1)) {
            None => Duration::ZERO,
            Some(beyond) => self.first_wait.saturating_mul(1 << beyond.min(31)).min(self.longest_wait),
        }
    }

    fn interval(self) -> i64 {
        millis(self.forgiven_every).max(1)
    }

    /// Attempts that were not forgiven when the last one came.
    fn attempts(self, count: Count) -> u32 {
        let left = (count.forgiven_at - count.last_at).max(0);
        u32::try_from(left.unsigned_abs().div_ceil(self.interval().unsigned_abs())).unwrap_or(u32::MAX)
    }

    /// The end of the wait, which may be over.
    fn until(self, count: Count) -> i64 {
        count.last_at + millis(self.wait_after(self.attempts(count)))
    }

    fn add(self, count: Option<Count>, now: i64) -> Count {
        let forgiven_at = count.map_or(now, |count| count.forgiven_at.max(now)) + self.interval();
        Count { forgiven_at, last_at: now }
    }

    /// What is left without one of the attempts.
    fn take_back(self, count: Count, now: i64) -> Option<Count> {
        let forgiven_at = count.forgiven_at - self.interval();
        (forgiven_at > now).then_some(Count { forgiven_at, ..count })
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn to_duration(millis: i64) -> Duration {
    Duration::from_millis(millis.max(0).unsigned_abs())
}

fn to_time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests;
