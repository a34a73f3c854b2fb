use proptest::{prelude::*, strategy::ValueTree};

use super::*;
use crate::store::test_redis::TestRedis;

const PATIENCE: Patience = Patience {
    allowance: 3,
    forgiven_every: Duration::from_secs(900),
    first_wait: Duration::from_secs(60),
    longest_wait: Duration::from_secs(900),
};

fn counter(number: u128, patience: Patience) -> Counter {
    Counter {
        id: Uuid::from_u128(number),
        patience,
        group: Some(Uuid::from_u128(number / 10)),
        label: number.to_string(),
    }
}

fn after(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

/// In this process, and on a Redis of the test's own where there is one.
async fn both() -> (Vec<Attempts>, Option<TestRedis>) {
    let server = TestRedis::start().await;
    let shared = server.as_ref().map(|server| Attempts::redis(server.connect()));
    ([Attempts::in_process()].into_iter().chain(shared).collect(), server)
}

#[tokio::test]
async fn waits_begin_after_the_allowance_and_double_up_to_the_longest() {
    let (all, _server) = both().await;
    for attempts in all {
        let counters = [counter(1, PATIENCE)];
        for _ in 0..3 {
            attempts.count(&counters, after(0)).await.unwrap();
        }
        let mut now = 0;
        for expected in [60, 120, 240, 480, 480] {
            for _ in 0..3 {
                let refused = attempts.count(&counters, after(now)).await.unwrap_err();
                assert_eq!(
                    refused,
                    Refused { by: 0, wait: Duration::from_secs(expected) },
                    "trying adds nothing"
                );
            }
            now += i64::try_from(expected).unwrap();
            attempts.count(&counters, after(now)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn all_counters_count_or_none_does() {
    let (all, _server) = both().await;
    for attempts in all {
        let (one, two) = (counter(1, PATIENCE), counter(2, Patience { allowance: 1, ..PATIENCE }));
        attempts.count(&[one.clone(), two.clone()], after(0)).await.unwrap();
        let refused = attempts.count(&[one.clone(), two.clone()], after(0)).await.unwrap_err();
        assert_eq!(refused.by, 1);
        for _ in 0..2 {
            attempts.count(std::slice::from_ref(&one), after(0)).await.unwrap();
        }
        attempts.count(&[one], after(0)).await.unwrap_err();
    }
}

#[tokio::test]
async fn what_is_given_back_counts_no_more() {
    let (all, _server) = both().await;
    for attempts in all {
        let one = [counter(1, PATIENCE)];
        for round in 0..20 {
            attempts.count(&one, after(round)).await.unwrap();
            attempts.give_back(&one, after(round + 1)).await;
        }
        for _ in 0..3 {
            attempts.count(&one, after(30)).await.unwrap();
        }
        assert_eq!(attempts.list(10, after(30)).await.len(), 1);
        attempts.give_back(&one, after(30)).await;
        assert_eq!(attempts.list(10, after(30)).await, [], "its wait goes with it");
        attempts.count(&one, after(30)).await.unwrap();
        attempts.count(&one, after(30)).await.unwrap_err();
    }
}

#[tokio::test]
async fn waits_are_listed_the_longest_first_and_can_be_ended() {
    let (all, _server) = both().await;
    for attempts in all {
        for number in [1, 2, 13] {
            for _ in 0..3 {
                attempts.count(&[counter(number, PATIENCE)], after(0)).await.unwrap();
            }
        }
        for _ in 0..4 {
            attempts.count(&[counter(4, Patience { allowance: 4, ..PATIENCE })], after(30)).await.unwrap();
        }
        let listed = attempts.list(10, after(59)).await;
        let expected = Wait { id: Uuid::from_u128(4), label: "4".into(), attempts: 4, until: after(90) };
        assert_eq!((listed.len(), &listed[0]), (4, &expected));
        assert_eq!(attempts.list(1, after(59)).await, std::slice::from_ref(&expected));
        assert_eq!(attempts.list(10, after(60)).await, [expected], "what is over is not listed");
        assert!(attempts.forget(&[Uuid::from_u128(4)], after(60)).await);
        attempts.count(&[counter(2, PATIENCE)], after(60)).await.unwrap();

        assert!(attempts.forget(&[Uuid::from_u128(2)], after(61)).await);
        assert!(!attempts.forget(&[Uuid::from_u128(2)], after(61)).await);
        assert_eq!(attempts.list(10, after(61)).await, []);
        attempts.count(&[counter(2, PATIENCE)], after(61)).await.unwrap();
    }
}

#[tokio::test]
async fn a_group_is_forgotten_as_a_whole() {
    let (all, _server) = both().await;
    for attempts in all {
        for number in [11, 12, 21] {
            for _ in 0..3 {
                attempts.count(&[counter(number, PATIENCE)], after(0)).await.unwrap();
            }
        }
        attempts.forget_group(Uuid::from_u128(1)).await;
        for number in [11, 12] {
            attempts.count(&[counter(number, PATIENCE)], after(0)).await.unwrap();
        }
        attempts.count(&[counter(21, PATIENCE)], after(0)).await.unwrap_err();
        assert_eq!(attempts.list(10, after(0)).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_many_come_at_once_the_allowance_is_all() {
    let (mut all, server) = both().await;
    all.extend(server.as_ref().map(|server| Attempts::redis(server.connect())));
    // The last two are replicas on one Redis.
    for (number, attempts) in [vec![all[0].clone()], all[1..].to_vec()].iter().enumerate() {
        let tasks: Vec<_> = (0..200)
            .filter_map(|task| attempts.get(task % attempts.len().max(1)).cloned())
            .map(|attempts| {
                tokio::spawn(async move {
                    attempts.count(&[counter(number as u128, PATIENCE)], after(0)).await.is_ok()
                })
            })
            .collect();
        let mut let_through = 0;
        let asked = tasks.len();
        for task in tasks {
            let_through += usize::from(task.await.unwrap());
        }
        assert_eq!(let_through, if asked == 0 { 0 } else { 3 });
    }
}

#[tokio::test]
async fn without_redis_each_replica_counts_for_itself() {
    let Some(mut server) = TestRedis::start().await else { return };
    let replicas = [Attempts::redis(server.connect()), Attempts::redis(server.connect())];
    server.stop();
    for attempts in replicas {
        for _ in 0..3 {
            attempts.count(&[counter(1, PATIENCE)], after(0)).await.unwrap();
        }
        attempts.count(&[counter(1, PATIENCE)], after(0)).await.unwrap_err();
        assert_eq!(attempts.list(10, after(0)).await.len(), 1);
        assert!(attempts.forget(&[Uuid::from_u128(1)], after(0)).await);
    }
}

#[test]
fn what_one_process_remembers_is_bounded() {
    let local = local::Local::default();
    for number in 0..250_000 {
        local.count(&[counter(number, PATIENCE)], 0).unwrap();
        if number % 50_000 == 0 {
            for _ in 0..2 {
                local.count(&[counter(number, PATIENCE)], 0).unwrap();
            }
        }
    }
    assert_eq!(local.list(10, 0).len(), 5, "those who wait are kept");
}

fn patience() -> impl Strategy<Value = Patience> {
    (1u32..8, 1u64..5_000, 1u64..2_000, 1u64..20).prop_map(|(allowance, forgiven, first, times)| Patience {
        allowance,
        forgiven_every: Duration::from_millis(forgiven),
        first_wait: Duration::from_millis(first),
        longest_wait: Duration::from_millis(first * times),
    })
}

proptest! {
    #[test]
    fn waits_grow_and_have_an_end(patience in patience(), attempts in 0u32..u32::MAX) {
        let (wait, next) = (patience.wait_after(attempts), patience.wait_after(attempts + 1));
        prop_assert!(wait <= next && next <= patience.longest_wait);
        prop_assert_eq!(wait.is_zero(), attempts < patience.allowance);
        if attempts > patience.allowance {
            let before = patience.wait_after(attempts - 1);
            prop_assert!(wait == before * 2 || wait == patience.longest_wait);
        }
    }

    /// From any attempt on: never more than the allowance, what was forgiven since, and what waited for its turn.
    #[test]
    fn never_lets_more_through(
        patience in patience(),
        pauses in prop::collection::vec(0i64..3_000, 1..200),
    ) {
        let local = local::Local::default();
        let counters = [counter(1, patience)];
        let (mut now, mut through) = (1_800_000_000_000, Vec::new());
        for pause in pauses {
            now += pause;
            match local.count(&counters, now) {
                Ok(()) => through.push(now),
                Err(refused) => {
                    prop_assert!(refused.wait <= patience.longest_wait);
                    let again = now + millis(refused.wait);
                    prop_assert!(local.count(&counters, again - 1).is_err(), "no sooner than told");
                    let listed = local.list(1, now);
                    prop_assert_eq!(listed[0].until, to_time(again));
                }
            }
        }
        for (first, start) in through.iter().enumerate() {
            for (number, end) in through[first..].iter().enumerate() {
                let forgiven = (end - start) / patience.interval();
                let waited = (end - start) / millis(patience.first_wait);
                let bound = i64::from(patience.allowance) + forgiven + waited + 1;
                prop_assert!(i64::try_from(number).unwrap() < bound, "{number} in {} ms", end - start);
            }
        }
    }
}

/// The same story told to both.
#[tokio::test]
async fn redis_counts_as_the_process_does() {
    let (all, _server) = both().await;
    let [local, shared] = all.as_slice() else { return };
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for story in 0..30 {
        let steps = prop::collection::vec((0i64..2_000, 0u8..8, 0u128..3), 1..40);
        let (patience, steps) = (patience(), steps).new_tree(&mut runner).unwrap().current();
        // In seconds, so that nothing is over by the clock of Redis itself.
        let patience = Patience {
            forgiven_every: patience.forgiven_every * 1000,
            first_wait: patience.first_wait * 1000,
            longest_wait: patience.longest_wait * 1000,
            ..patience
        };
        let mut now = 0;
        for (pause, what, which) in steps {
            now += pause;
            let at = after(now);
            let base = u128::try_from(story).unwrap() * 100;
            let counters = [counter(base + which, patience), counter(base + 50, patience)];
            match what {
                0..5 => {
                    assert_eq!(local.count(&counters, at).await, shared.count(&counters, at).await);
                }
                5 => {
                    local.give_back(&counters, at).await;
                    shared.give_back(&counters, at).await;
                }
                6 => {
                    let id = [Uuid::from_u128(base + which)];
                    assert_eq!(local.forget(&id, at).await, shared.forget(&id, at).await);
                }
                _ => {
                    local.forget_group(Uuid::from_u128(base / 10)).await;
                    shared.forget_group(Uuid::from_u128(base / 10)).await;
                }
            }
        }
    }
}
