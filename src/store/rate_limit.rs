//! Rate limits by GCRA: <https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm>.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use moka::{Expiry, ops::compute::Op};
use redis::Script;

use super::redis::Redis;

/// How many keys one process remembers; past it, those seldom asked for are forgotten first.
const CAPACITY: u64 = 100_000;

/// So many at once, and the same number spread over every `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many may come at once; 0 counts as 1.
    pub burst: u32,
    /// How long a used-up burst takes to come back in full.
    pub per: Duration,
}

impl Quota {
    /// `burst` a minute.
    #[must_use]
    pub fn per_minute(burst: u32) -> Self {
        Self { burst, per: Duration::from_secs(60) }
    }

    /// `burst` an hour.
    #[must_use]
    pub fn per_hour(burst: u32) -> Self {
        Self { burst, per: Duration::from_secs(3600) }
    }
}

/// Counts what came for a key, in Redis for all replicas together or in this process. With Redis
/// away, each replica counts for itself.
#[derive(Debug, Clone)]
pub struct RateLimiter {
    local: Local,
    shared: Option<(Redis, Arc<Script>)>,
}

impl RateLimiter {
    /// A limiter for this process.
    #[must_use]
    pub fn in_process() -> Self {
        Self { local: Local::new(), shared: None }
    }

    /// A limiter that all replicas on this Redis share.
    #[must_use]
    pub fn redis(redis: Redis) -> Self {
        Self { local: Local::new(), shared: Some((redis, Arc::new(Script::new(GCRA)))) }
    }

    /// Takes `amount` from the quota of `key`, which the caller keeps short. A refusal takes nothing.
    ///
    /// # Errors
    /// There is not so much left: the time until there is.
    pub async fn take(&self, key: &str, amount: u32, quota: Quota) -> Result<Left, Duration> {
        if let Some((redis, script)) = &self.shared {
            let mut invocation = script.key(redis.key(&format!("rate:{key}")));
            invocation.arg(quota.interval().as_micros() as u64).arg(quota.burst.max(1)).arg(amount);
            let answer = redis.attempt(invocation.invoke_async::<(u64, u64)>(&mut redis.connection())).await;
            match answer {
                Some((0, full_in)) => return Ok(quota.left(Duration::from_micros(full_in))),
                Some((wait, _)) => return Err(Duration::from_micros(wait)),
                None => {}
            }
        }
        self.local.take(key, amount, quota).await
    }
}

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// So much may be taken at once.
    pub amount: u32,
    /// The time until the quota is full again.
    pub full_in: Duration,
}

impl Quota {
    /// The time in which one comes back; Redis counts whole microseconds.
    fn interval(self) -> Duration {
        (self.per / self.burst.max(1)).max(Duration::from_micros(1))
    }

    /// What is left when the quota is full again in `full_in`.
    #[must_use]
    pub fn left(self, full_in: Duration) -> Left {
        let taken = full_in.as_nanos().div_ceil(self.interval().as_nanos());
        Left { amount: self.burst.max(1).saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX)), full_in }
    }

    /// The whole rule: `full_at` is when the quota is full again, and a burst of intervals from
    /// `now` is as far as that may be put off. Gives the new `full_at`, or how long to wait.
    fn admit(self, amount: u32, full_at: Instant, now: Instant) -> Result<Instant, Duration> {
        let full_at = full_at.max(now) + self.interval() * amount;
        match full_at.saturating_duration_since(now + self.interval() * self.burst.max(1)) {
            Duration::ZERO => Ok(full_at),
            wait => Err(wait),
        }
    }
}

/// [`Quota::admit`] in Redis, in microseconds of its clock: the wait, or 0 and the time until the quota is full again.
const GCRA: &str = r"
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local interval, burst, amount = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
    local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + interval * amount
    local wait = full_at - now - interval * burst
    if wait > 0 then
        return {wait, 0}
    end
    redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
    return {0, full_at - now}
";

#[derive(Debug, Clone)]
struct Local(moka::future::Cache<String, Instant>);

struct WhenFull;

impl Expiry<String, Instant> for WhenFull {
    fn expire_after_create(&self, _: &String, full_at: &Instant, now: Instant) -> Option<Duration> {
        Some(full_at.saturating_duration_since(now))
    }

    fn expire_after_update(
        &self,
        _: &String,
        full_at: &Instant,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(full_at.saturating_duration_since(now))
    }
}

impl Local {
    fn new() -> Self {
        Self(moka::future::Cache::builder().max_capacity(CAPACITY).expire_after(WhenFull).build())
    }

    async fn take(&self, key: &str, amount: u32, quota: Quota) -> Result<Left, Duration> {
        let now = Instant::now();
        let mut left = Left { amount: 0, full_in: Duration::ZERO };
        let admit = async |known: Option<moka::Entry<String, Instant>>| {
            let full_at = known.map_or(now, moka::Entry::into_value);
            let full_at = quota.admit(amount, full_at, now)?;
            left = quota.left(full_at - now);
            Ok::<_, Duration>(Op::Put(full_at))
        };
        self.0.entry_by_ref(key).and_try_compute_with(admit).await?;
        Ok(left)
    }
}

#[cfg(test)]
mod tests;
