//! Texts that replicas share for a while.

use std::time::Duration;

use redis::Cmd;

use super::redis::Redis;

/// Texts by key in Redis; without one, there are none. Losing them costs a client one more request and no error.
#[derive(Debug)]
pub struct Texts {
    namespace: &'static str,
    ttl: Duration,
    redis: Option<Redis>,
}

impl Texts {
    /// Texts that are kept for `ttl`. `namespace` is part of their keys.
    #[must_use]
    pub fn new(namespace: &'static str, ttl: Duration, redis: Option<Redis>) -> Self {
        Self { namespace, ttl, redis }
    }

    /// The text of `key`, as far as it is kept and Redis answers.
    pub async fn find(&self, key: &str) -> Option<String> {
        let redis = self.redis.as_ref()?;
        let get = Cmd::get(self.key(redis, key));
        redis.attempt(get.query_async::<Option<String>>(&mut redis.connection())).await.flatten()
    }

    /// Keeps `text` for everybody who knows its `key`.
    pub async fn keep(&self, key: &str, text: &str) {
        if let Some(redis) = &self.redis {
            let set = Cmd::set_ex(self.key(redis, key), text, self.ttl.as_secs());
            redis.attempt(set.query_async::<()>(&mut redis.connection())).await;
        }
    }

    fn key(&self, redis: &Redis, key: &str) -> String {
        redis.key(&format!("{}:{key}", self.namespace))
    }
}
