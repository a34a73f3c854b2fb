use proptest::prelude::*;

use super::*;
use crate::store::test_redis::{TestRedis, eventually};

const QUOTA: Quota = Quota { burst: 5, per: Duration::from_secs(60) };

async fn admitted(limiter: &RateLimiter, key: &str) -> usize {
    let mut admitted = 0;
    while limiter.take(key, 1, QUOTA).await.is_ok() {
        admitted += 1;
    }
    admitted
}

#[tokio::test]
async fn admits_a_burst_and_says_how_long_to_wait() {
    let limiter = RateLimiter::in_process();
    assert_eq!(admitted(&limiter, "a").await, 5);
    let wait = limiter.take("a", 1, QUOTA).await.unwrap_err();
    assert!(wait > Duration::from_secs(11) && wait <= Duration::from_secs(12), "{wait:?}");
    assert_eq!(admitted(&limiter, "b").await, 5, "keys are apart");
}

#[tokio::test]
async fn admits_again_after_the_wait() {
    let quota = Quota { burst: 2, per: Duration::from_millis(100) };
    let limiter = RateLimiter::in_process();
    limiter.take("a", 1, quota).await.unwrap();
    limiter.take("a", 1, quota).await.unwrap();
    let wait = limiter.take("a", 1, quota).await.unwrap_err();
    tokio::time::sleep(wait).await;
    limiter.take("a", 1, quota).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_callers_share_one_burst() {
    let mut limiters = vec![RateLimiter::in_process()];
    let server = TestRedis::start().await;
    limiters.extend(server.as_ref().map(|server| RateLimiter::redis(server.connect())));
    for limiter in limiters {
        let callers: Vec<_> = (0..40)
            .map(|_| {
                let limiter = limiter.clone();
                tokio::spawn(async move { limiter.take("a", 1, QUOTA).await.is_ok() })
            })
            .collect();
        let mut admitted = 0;
        for caller in callers {
            admitted += usize::from(caller.await.unwrap());
        }
        assert_eq!(admitted, 5);
    }
}

#[tokio::test]
async fn replicas_share_a_quota_until_redis_goes() {
    let Some(mut server) = TestRedis::start().await else {
        return;
    };
    let (here, there) = (RateLimiter::redis(server.connect()), RateLimiter::redis(server.connect()));
    assert_eq!(admitted(&here, "a").await, 5);
    let wait = there.take("a", 1, QUOTA).await.unwrap_err();
    assert!(wait > Duration::from_secs(11) && wait <= Duration::from_secs(12), "{wait:?}");

    server.stop();
    assert_eq!(admitted(&there, "a").await, 5, "each replica for itself");
    assert_eq!(admitted(&there, "a").await, 0);

    server.restart().await;
    let recovered = async || {
        let _ = here.take("b", 1, QUOTA).await;
        let _ = there.take("b", 1, QUOTA).await;
        admitted(&here, "b").await == 0 && admitted(&there, "c").await + admitted(&here, "c").await == 5
    };
    eventually(recovered).await;
}

#[tokio::test]
async fn redis_counts_as_the_process_does() {
    let Some(server) = TestRedis::start().await else {
        return;
    };
    let quota = Quota { burst: 3, per: Duration::from_millis(300) };
    let limiter = RateLimiter::redis(server.connect());
    for _ in 0..3 {
        limiter.take("a", 1, quota).await.unwrap();
    }
    let wait = limiter.take("a", 1, quota).await.unwrap_err();
    assert!(wait <= Duration::from_millis(100), "{wait:?}");
    tokio::time::sleep(wait).await;
    limiter.take("a", 1, quota).await.unwrap();
    // The key goes when the quota is full again.
    let redis = server.connect();
    eventually(async || {
        let mut exists = redis::cmd("EXISTS");
        exists.arg(redis.key("rate:a"));
        redis.attempt(exists.query_async::<u8>(&mut redis.connection())).await == Some(0)
    })
    .await;
}

proptest! {
    /// From any first call on: never more than the burst and what came back since.
    #[test]
    fn never_admits_more(
        burst in 1u32..20,
        per_millis in 1u64..10_000,
        requests in prop::collection::vec((0u64..2_000, 0u32..5), 1..200),
    ) {
        let quota = Quota { burst, per: Duration::from_millis(per_millis) };
        let mut now = Instant::now();
        let mut full_at = now;
        let mut admitted = Vec::new();
        for (pause, amount) in requests {
            let amount = amount.min(burst);
            now += Duration::from_millis(pause);
            match quota.admit(amount, full_at, now) {
                Ok(next) => {
                    full_at = next;
                    admitted.push((now, amount));
                }
                Err(wait) => {
                    prop_assert!(wait <= quota.interval() * amount);
                    prop_assert!(quota.admit(amount, full_at, now + wait).is_ok(), "the wait is enough");
                }
            }
        }
        for (first, (start, _)) in admitted.iter().enumerate() {
            let mut taken = 0;
            for (end, amount) in &admitted[first..] {
                taken += u128::from(*amount);
                let came_back = (*end - *start).as_nanos() / quota.interval().as_nanos();
                prop_assert!(taken <= u128::from(burst) + came_back);
            }
        }
    }
}

#[tokio::test]
async fn tells_what_is_left() {
    let limiter = RateLimiter::in_process();
    let quota = Quota::per_minute(100);
    let left = limiter.take("a", 30, quota).await.unwrap();
    assert_eq!(left.amount, 70);
    assert!(left.full_in <= Duration::from_secs(18), "{left:?}");
    limiter.take("a", 71, quota).await.unwrap_err();
    assert_eq!(limiter.take("a", 70, quota).await.unwrap().amount, 0, "the refusal took nothing");
}
