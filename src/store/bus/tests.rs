use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::store::test_redis::{TestRedis, eventually};

const NUMBERS: Topic<u32> = Topic::new("numbers");
const WORDS: Topic<String> = Topic::new("words");

async fn next<T>(stream: &mut BusStream<T>) -> Received<T> {
    timeout(Duration::from_secs(5), stream.next()).await.unwrap().unwrap()
}

#[tokio::test]
async fn delivers_by_topic_from_the_subscription_on() {
    let bus = Bus::in_process();
    bus.publish(&NUMBERS, &1);
    let mut numbers = bus.subscribe(&NUMBERS);
    bus.publish(&WORDS, &"not a number".into());
    bus.publish(&NUMBERS, &2);
    assert_eq!(next(&mut numbers).await, Received::Message(2));
    drop(bus);
    assert_eq!(numbers.next().await, None);
}

#[tokio::test]
async fn a_slow_subscriber_is_told_of_the_gap() {
    let bus = Bus::in_process();
    let mut numbers = bus.subscribe(&NUMBERS);
    for number in 0..=BACKLOG as u32 {
        bus.publish(&NUMBERS, &number);
    }
    assert_eq!(next(&mut numbers).await, Received::Gap);
    assert_eq!(next(&mut numbers).await, Received::Message(1));
}

#[tokio::test]
async fn what_does_not_parse_is_a_gap() {
    let bus = Bus::in_process();
    let mut numbers = bus.subscribe(&NUMBERS);
    bus.publish(&Topic::new("numbers"), &"text");
    assert_eq!(next(&mut numbers).await, Received::Gap);
}

#[tokio::test]
async fn replicas_hear_each_other_once_and_of_gaps() {
    let Some(mut server) = TestRedis::start().await else {
        return;
    };
    let shutdown = CancellationToken::new();
    let (here, there) = (Bus::redis(&server.connect(), &shutdown), Bus::redis(&server.connect(), &shutdown));
    let connected = async || here.is_connected() && there.is_connected();
    eventually(connected).await;
    let (mut heard_here, mut heard_there) = (here.subscribe(&NUMBERS), there.subscribe(&NUMBERS));

    here.publish(&NUMBERS, &1);
    here.publish(&NUMBERS, &2);
    assert_eq!(next(&mut heard_there).await, Received::Message(1));
    assert_eq!(next(&mut heard_there).await, Received::Message(2));
    there.publish(&NUMBERS, &3);
    // Its own come once, not again through Redis.
    for number in 1..=3 {
        assert_eq!(next(&mut heard_here).await, Received::Message(number));
    }
    assert_eq!(next(&mut heard_there).await, Received::Message(3));

    server.stop();
    eventually(async || !here.is_connected() && !there.is_connected()).await;
    here.publish(&NUMBERS, &4);
    assert_eq!(
        next(&mut heard_here).await,
        Received::Message(4),
        "local subscribers are told with Redis away"
    );

    server.restart().await;
    eventually(connected).await;
    assert_eq!(next(&mut heard_here).await, Received::Gap);
    assert_eq!(next(&mut heard_there).await, Received::Gap);
    // The writer's gap, for the 4 that was lost, may come before or after; then all is as before.
    eventually(async || {
        here.publish(&NUMBERS, &5);
        let received = timeout(Duration::from_millis(200), heard_there.next()).await;
        matches!(received, Ok(Some(Received::Message(5))))
    })
    .await;

    shutdown.cancel();
    eventually(async || !here.is_connected()).await;
}

/// The writer loses messages while the readers' connections stand: only it can tell them.
#[tokio::test]
async fn lost_messages_become_a_gap_elsewhere() {
    let Some(server) = TestRedis::start().await else {
        return;
    };
    let shutdown = CancellationToken::new();
    let (here, there) = (Bus::redis(&server.connect(), &shutdown), Bus::redis(&server.connect(), &shutdown));
    eventually(async || here.is_connected() && there.is_connected()).await;
    let mut heard_there = there.subscribe(&NUMBERS);

    // No await in between, so that the writer cannot drain: one more than its queue holds.
    for number in 0..=BACKLOG as u32 {
        here.publish(&NUMBERS, &number);
    }
    let mut received = Vec::new();
    while received.last() != Some(&Received::Gap) {
        received.push(next(&mut heard_there).await);
    }
    here.publish(&NUMBERS, &7);
    assert_eq!(next(&mut heard_there).await, Received::Message(7));
}
