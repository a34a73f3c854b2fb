use std::sync::{Mutex, atomic::AtomicUsize};

use tokio::{sync::oneshot, time::sleep};

use super::*;
use crate::{error::Error, store::test_redis::TestRedis};

const TTL: Duration = Duration::from_secs(5);

fn cache(shared: Option<Redis>) -> Arc<Cache<String>> {
    Arc::new(Cache::new("thing", TTL, 100, shared))
}

fn key() -> Uuid {
    Uuid::from_u128(rand::random())
}

async fn value(text: &str) -> Result<Option<String>> {
    Ok(Some(text.into()))
}

async fn untouched() -> Result<Option<String>> {
    panic!("is cached")
}

async fn get(cache: &Cache<String>, key: Uuid, load: impl Future<Output = Result<Option<String>>>) -> String {
    cache.get_or_load(key, load).await.unwrap().unwrap().to_string()
}

#[tokio::test]
async fn keeps_values_and_not_absence_or_errors() {
    let (cache, key) = (cache(None), key());
    assert!(cache.get_or_load(key, async { Ok(None) }).await.unwrap().is_none());
    assert!(matches!(
        cache.get_or_load(key, async { Err(Error::Conflict("busy")) }).await,
        Err(Error::Conflict("busy"))
    ));
    assert_eq!(get(&cache, key, value("one")).await, "one");
    assert_eq!(get(&cache, key, untouched()).await, "one");
    cache.invalidate(key).await;
    assert_eq!(get(&cache, key, value("two")).await, "two");
    cache.flush_local();
    assert_eq!(get(&cache, key, value("three")).await, "three");
}

#[tokio::test]
async fn age_counts_from_before_the_load() {
    let cache = Cache::new("thing", Duration::from_millis(200), 100, None);
    let key = key();
    let slow = async {
        sleep(Duration::from_millis(150)).await;
        value("old").await
    };
    assert_eq!(get(&cache, key, slow).await, "old");
    assert_eq!(get(&cache, key, untouched()).await, "old");
    sleep(Duration::from_millis(60)).await;
    assert_eq!(get(&cache, key, value("new")).await, "new");
}

#[tokio::test]
async fn who_shares_a_failed_load_is_told_so() {
    let (cache, key) = (cache(None), key());
    let load = async || {
        sleep(Duration::from_millis(20)).await;
        Err(Error::Conflict("busy"))
    };
    let (own, shared) = tokio::join!(cache.get_or_load(key, load()), cache.get_or_load(key, load()));
    assert!(matches!(own, Err(Error::Conflict(_))));
    assert!(matches!(shared, Err(Error::Internal(_))));
}

#[tokio::test]
async fn loads_of_one_key_are_one() {
    let (cache, key, loads) = (cache(None), key(), AtomicUsize::new(0));
    let load = async || {
        loads.fetch_add(1, Ordering::SeqCst);
        sleep(Duration::from_millis(50)).await;
        value("one").await
    };
    let all = (0..50).map(|_| get(&cache, key, load()));
    futures_util::future::join_all(all).await;
    assert_eq!(loads.load(Ordering::SeqCst), 1);
}

/// Holds a load open across an invalidation, then sees what the next caller is given.
async fn invalidate_during_a_load(cache: Arc<Cache<String>>, by: impl AsyncFnOnce(Uuid)) {
    let key = key();
    let (started, has_started) = oneshot::channel();
    let (finish, may_finish) = oneshot::channel::<()>();
    let stale = {
        let cache = Arc::clone(&cache);
        tokio::spawn(async move {
            let load = async {
                started.send(()).unwrap();
                may_finish.await.unwrap();
                value("old").await
            };
            get(&cache, key, load).await
        })
    };
    has_started.await.unwrap();
    by(key).await;
    // Neither joins the load that began before, nor finds what it leaves.
    assert_eq!(get(&cache, key, value("new")).await, "new");
    finish.send(()).unwrap();
    assert_eq!(stale.await.unwrap(), "old");
    assert_eq!(get(&cache, key, value("new")).await, "new");
    cache.flush_local();
    assert_eq!(get(&cache, key, value("new")).await, "new");
}

#[tokio::test]
async fn a_load_never_lands_after_an_invalidation() {
    let cache = cache(None);
    invalidate_during_a_load(Arc::clone(&cache), async |key| cache.invalidate(key).await).await;
}

#[tokio::test]
async fn nor_through_redis() {
    let Some(server) = TestRedis::start().await else {
        return;
    };
    let here = cache(Some(server.connect()));
    invalidate_during_a_load(Arc::clone(&here), async |key| here.invalidate(key).await).await;
    // The invalidation is another replica's, whose message arrives.
    let there = cache(Some(server.connect()));
    invalidate_during_a_load(Arc::clone(&here), async |key| {
        there.invalidate(key).await;
        here.forget_local(key);
    })
    .await;
}

#[tokio::test]
async fn replicas_share_values_and_their_age() {
    let Some(server) = TestRedis::start().await else {
        return;
    };
    let ttl = Duration::from_millis(400);
    let (here, there) = (
        Cache::new("thing", ttl, 100, Some(server.connect())),
        Cache::new("thing", ttl, 100, Some(server.connect())),
    );
    let key = key();
    assert_eq!(get(&here, key, value("one")).await, "one");
    sleep(ttl / 2).await;
    assert_eq!(get(&there, key, untouched()).await, "one");
    sleep(ttl / 2).await;
    assert_eq!(get(&there, key, value("two")).await, "two");

    there.invalidate(key).await;
    here.forget_local(key);
    assert_eq!(get(&here, key, value("three")).await, "three");
}

/// The whole contract under a storm: no reader ever sees a value older than the last
/// invalidation that returned before the read began.
async fn storm(replicas: Vec<Arc<Cache<u64>>>) {
    let row = Arc::new(AtomicU64::new(0));
    let key = key();
    let floor = Arc::new(Mutex::new(0));
    let writer = {
        let (replicas, row, floor) = (replicas.clone(), Arc::clone(&row), Arc::clone(&floor));
        async move {
            for version in 1..=200 {
                row.store(version, Ordering::SeqCst);
                replicas[0].invalidate(key).await;
                replicas.iter().for_each(|replica| replica.forget_local(key));
                *floor.lock().unwrap() = version;
                sleep(Duration::from_millis(1)).await;
            }
        }
    };
    let writer = tokio::spawn(writer);
    let readers: Vec<_> = (0..16)
        .map(|reader| {
            let (replica, row, floor) =
                (Arc::clone(&replicas[reader % replicas.len()]), Arc::clone(&row), Arc::clone(&floor));
            tokio::spawn(async move {
                while *floor.lock().unwrap() < 200 {
                    let least = *floor.lock().unwrap();
                    let load = async {
                        let read = row.load(Ordering::SeqCst);
                        sleep(Duration::from_micros(rand::random_range(0..2000))).await;
                        Ok(Some(read))
                    };
                    let seen = *replica.get_or_load(key, load).await.unwrap().unwrap();
                    assert!(seen >= least, "saw {seen} after the invalidation of {least}");
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    writer.await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_in_one_process() {
    storm(vec![Arc::new(Cache::new("row", TTL, 100, None))]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_on_two_replicas() {
    let Some(server) = TestRedis::start().await else {
        return;
    };
    // A tombstone that stands for 20 ms: its end is part of the storm.
    let replica = || Arc::new(Cache::new("row", Duration::from_millis(20), 100, Some(server.connect())));
    storm(vec![replica(), replica()]).await;
}

#[tokio::test]
async fn goes_on_without_redis() {
    let Some(mut server) = TestRedis::start().await else {
        return;
    };
    let (cache, first, second) = (cache(Some(server.connect())), key(), key());
    assert_eq!(get(&cache, first, value("one")).await, "one");
    server.stop();
    let started = Instant::now();
    assert_eq!(get(&cache, first, untouched()).await, "one");
    assert_eq!(get(&cache, second, value("two")).await, "two");
    cache.invalidate(first).await;
    assert_eq!(get(&cache, first, value("three")).await, "three");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}
