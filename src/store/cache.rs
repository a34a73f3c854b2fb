//! A cache in front of the database: a tier in this process, and one in Redis where there is one.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use moka::Expiry;
use prometheus_client::metrics::counter::Counter;
use redis::{ExistenceCheck, SetExpiry, SetOptions};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::redis::Redis;
use crate::error::Result;

/// Values by ID, each at most `ttl` old.
///
/// - No value is served later than `ttl` after it was read from the database, whichever tier it
///   passed through and whatever the replicas' clocks say: Redis's own clock counts.
/// - A load that began before an invalidation is never served after it: by this replica from the
///   return of [`Cache::invalidate`], by another from its [`Cache::forget_local`]. Should Redis
///   fail just then, `ttl` is the bound.
/// - Loads of one key at one time are one load. What is absent is not cached.
/// - Redis away costs speed and no errors.
pub struct Cache<V> {
    namespace: &'static str,
    ttl: Duration,
    /// The generation is part of the key: after an invalidation nobody finds, or joins the load
    /// of, a value of an older one.
    local: moka::future::Cache<(Uuid, u64), Entry<V>>,
    generations: Box<[AtomicU64]>,
    shared: Option<Redis>,
    /// From where values came.
    pub lookups: Lookups,
}

/// How many values each tier had.
#[derive(Debug, Default)]
pub struct Lookups {
    /// This process.
    pub local: Counter,
    /// Redis.
    pub shared: Counter,
    /// Neither: the database was asked.
    pub loaded: Counter,
}

/// Keys share a generation by chance; an invalidation then costs the others one load.
const GENERATIONS: usize = 4096;
/// What an invalidation leaves in Redis for `ttl`: no value, and nothing that a load begun
/// earlier could overwrite.
const TOMBSTONE: &str = "";

struct Entry<V> {
    value: Arc<V>,
    expires_at: Instant,
}

impl<V> Clone for Entry<V> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), expires_at: self.expires_at }
    }
}

struct AtItsTime;

impl<V> Expiry<(Uuid, u64), Entry<V>> for AtItsTime {
    fn expire_after_create(&self, _: &(Uuid, u64), entry: &Entry<V>, now: Instant) -> Option<Duration> {
        Some(entry.expires_at.saturating_duration_since(now))
    }
}

/// Why a load left nothing to cache, for all who waited for it.
enum Nothing {
    Absent,
    Failed(String),
}

impl<V: Serialize + DeserializeOwned + Send + Sync + 'static> Cache<V> {
    /// A cache of at most `capacity` values in this process, and of as many as Redis keeps.
    /// `namespace` is part of the keys in Redis: one for each type of value.
    #[must_use]
    pub fn new(namespace: &'static str, ttl: Duration, capacity: u64, shared: Option<Redis>) -> Self {
        let local = moka::future::Cache::builder().max_capacity(capacity).expire_after(AtItsTime).build();
        let generations = (0..GENERATIONS).map(|_| AtomicU64::new(0)).collect();
        Self { namespace, ttl, local, generations, shared, lookups: Lookups::default() }
    }

    /// The value of `key`, from the nearest tier that has it, else by `load`.
    ///
    /// # Errors
    /// Those of `load`. A caller that shared another caller's load gets `Error::Internal`.
    pub async fn get_or_load(
        &self,
        key: Uuid,
        load: impl Future<Output = Result<Option<V>>>,
    ) -> Result<Option<Arc<V>>> {
        let generation = self.generation(key).load(Ordering::SeqCst);
        // The way through a load is long, and its future large: what is there needs none of it.
        if let Some(entry) = self.local.get(&(key, generation)).await {
            self.lookups.local.inc();
            return Ok(Some(entry.value));
        }
        let mut own_error = None;
        let load = async {
            load.await.map_err(|error| {
                let text = format!("{error:?}");
                own_error = Some(error);
                Nothing::Failed(text)
            })
        };
        let loaded = Box::pin(self.local.try_get_with((key, generation), self.load_through(key, load))).await;
        match loaded {
            Ok(entry) => Ok(Some(entry.value)),
            Err(nothing) => match (&*nothing, own_error) {
                (Nothing::Absent, _) => Ok(None),
                (Nothing::Failed(_), Some(error)) => Err(error),
                (Nothing::Failed(text), None) => {
                    Err(anyhow::anyhow!("the load of a {} that others wait for: {text}", self.namespace)
                        .into())
                }
            },
        }
    }

    /// Forgets `key` here and in Redis. To be called after the change is committed and before
    /// the bus tells the other replicas to [`Cache::forget_local`].
    pub async fn invalidate(&self, key: Uuid) {
        // Twice: at once, should the caller go away while Redis is asked; and after the tombstone
        // stands, for a load that began in between and found the old value in Redis.
        self.forget_local(key);
        if let Some(redis) = &self.shared {
            let bury = redis::Cmd::pset_ex(self.shared_key(redis, key), TOMBSTONE, millis(self.ttl));
            redis.attempt(bury.query_async::<()>(&mut redis.connection())).await;
            self.forget_local(key);
        }
    }

    /// Forgets `key` in this process: for an invalidation that another replica made.
    pub fn forget_local(&self, key: Uuid) {
        self.generation(key).fetch_add(1, Ordering::SeqCst);
    }

    /// Forgets everything in this process: for when invalidations may have been missed.
    pub fn flush_local(&self) {
        for generation in &self.generations {
            generation.fetch_add(1, Ordering::SeqCst);
        }
        self.local.invalidate_all();
    }

    async fn load_through(
        &self,
        key: Uuid,
        load: impl Future<Output = Result<Option<V>, Nothing>>,
    ) -> Result<Entry<V>, Nothing> {
        let mut deadline = None;
        if let Some(redis) = &self.shared {
            match self.find_shared(redis, key).await {
                Some(Shared::Found(entry)) => {
                    self.lookups.shared.inc();
                    return Ok(entry);
                }
                Some(Shared::Missing { expires_at_millis }) => deadline = Some((redis, expires_at_millis)),
                None => {}
            }
        }
        self.lookups.loaded.inc();
        // The age counts from before the load: what the database answers is no older.
        let expires_at = Instant::now() + self.ttl;
        let value = load.await?.ok_or(Nothing::Absent)?;
        if let Some((redis, expires_at_millis)) = deadline {
            self.share(redis, key, &value, expires_at_millis).await;
        }
        Ok(Entry { value: Arc::new(value), expires_at })
    }

    async fn find_shared(&self, redis: &Redis, key: Uuid) -> Option<Shared<V>> {
        let key = self.shared_key(redis, key);
        let asked_at = Instant::now();
        let mut pipeline = redis::pipe();
        pipeline.atomic().get(&key).pttl(&key).cmd("TIME");
        let mut connection = redis.connection();
        let answer = pipeline.query_async::<(Option<String>, i64, (u64, u64))>(&mut connection);
        let (json, left, (seconds, micros)) = redis.attempt(answer).await?;
        let left = Duration::from_millis(u64::try_from(left).unwrap_or_default());
        // A tombstone, or the value of another version of this program, does not parse.
        Some(match json.and_then(|json| serde_json::from_str(&json).ok()) {
            Some(value) => Shared::Found(Entry { value: Arc::new(value), expires_at: asked_at + left }),
            None => Shared::Missing { expires_at_millis: seconds * 1000 + micros / 1000 + millis(self.ttl) },
        })
    }

    /// The expiry is a moment of Redis's clock taken before the load: a command that the network
    /// holds up for longer than a tombstone stands stores nothing.
    async fn share(&self, redis: &Redis, key: Uuid, value: &V, expires_at_millis: u64) {
        let Ok(json) = serde_json::to_string(value) else {
            tracing::error!("a {} does not serialize and is not shared", self.namespace);
            return;
        };
        let options = SetOptions::default()
            .conditional_set(ExistenceCheck::NX)
            .with_expiration(SetExpiry::PXAT(expires_at_millis));
        let set = redis::Cmd::set_options(self.shared_key(redis, key), json, options);
        redis.attempt(set.query_async::<()>(&mut redis.connection())).await;
    }

    fn shared_key(&self, redis: &Redis, key: Uuid) -> String {
        redis.key(&format!("cache:{}:{key}", self.namespace))
    }

    /// The low half of a UUIDv7 is random.
    fn generation(&self, key: Uuid) -> &AtomicU64 {
        let (_, random) = key.as_u64_pair();
        &self.generations[random as usize % GENERATIONS]
    }
}

enum Shared<V> {
    Found(Entry<V>),
    /// Not there, and until when a value that is loaded now may stay, by Redis's clock.
    Missing {
        expires_at_millis: u64,
    },
}

impl<V> fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cache({}, {:?})", self.namespace, self.ttl)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
