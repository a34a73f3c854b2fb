//! How much of everything one client, one socket and one silent reader may have.

use chrono::TimeDelta;
use fastgpt_platform::session::events::{SESSION_CHANGED, SessionChange, SessionChanged};
use serde_json::json;

use super::{
    ME, WATCH, code_of,
    memory::{ask_without_reading, large_query},
};
use crate::support::{Client, TestApp, process::until, socket::Socket};

async fn is_full(client: &Client, token: Option<&str>) {
    let mut socket = Socket::open(client).await;
    match token {
        Some(token) => socket.init(token).await,
        None => socket.say(json!({ "type": "connection_init" })).await,
    }
    assert_eq!(socket.closing().await, (4429, "Too many open sockets".into()));
}

async fn sockets_are(app: &TestApp, number: usize) {
    until("the gauge follows", async || (app.gateway.sockets.seats.sockets() == number).then_some(())).await;
}

async fn operations_are(app: &TestApp, number: usize) {
    let seats = &app.gateway.sockets.seats;
    until("the gauge follows", async || (seats.operations() == number).then_some(())).await;
}

#[tokio::test]
async fn a_person_has_so_many_sockets_on_all_devices_together() {
    let app = TestApp::configured(&[("MAX_SOCKETS_PER_CLIENT", "2")]).await;
    let (zhang, li) = (app.with_user("zhang").await, app.with_user("li").await);
    let phone = app.sign_in("zhang").await;
    let first = Socket::connect(&zhang).await;
    let mut second = Socket::connect(&phone).await;
    is_full(&zhang, Some(&zhang.token())).await;
    is_full(&phone, Some(&phone.token())).await;
    Socket::connect(&li).await.run("1", ME).await;
    Socket::connect_anonymously(&app.client()).await.run("1", ME).await;

    sockets_are(&app, 2).await;
    drop(first);
    sockets_are(&app, 1).await;
    let _third = Socket::connect(&zhang).await;
    is_full(&phone, Some(&phone.token())).await;
    assert_eq!(second.run("1", ME).await["data"]["viewer"]["email"], "zhang@example.com");
}

#[tokio::test]
async fn people_unknown_share_the_sockets_of_their_network() {
    let app = TestApp::configured(&[("MAX_SOCKETS_PER_CLIENT", "2")]).await;
    for network in [["198.51.100.7", "198.51.100.7"], ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2"]] {
        let [here, there] = network.map(|ip| app.client_at(ip));
        let first = Socket::connect_anonymously(&here).await;
        let _second = Socket::connect_anonymously(&there).await;
        is_full(&here, None).await;
        let open = app.gateway.sockets.seats.sockets();
        drop(first);
        sockets_are(&app, open - 1).await;
        Socket::connect_anonymously(&here).await;
    }
    Socket::connect_anonymously(&app.client_at("198.51.100.8")).await;
    Socket::connect_anonymously(&app.client_at("2001:db8:0:2::1")).await;
}

#[tokio::test]
async fn what_ends_in_whatever_way_is_counted_no_more() {
    let app = TestApp::start().await;
    let (zhang, phone) = (app.with_user("zhang").await, app.sign_in("zhang").await);
    let mut mine = Socket::connect(&zhang).await;
    for id in ["1", "2", "3"] {
        mine.subscribe(id, WATCH).await;
    }
    let mut phones = Socket::connect(&phone).await;
    phones.subscribe("1", WATCH).await;
    sockets_are(&app, 2).await;
    operations_are(&app, 4).await;

    mine.run("4", ME).await;
    mine.subscribe("5", "{ nobody }").await;
    assert_eq!(mine.next().await["type"], "error");
    operations_are(&app, 4).await;
    mine.say(json!({ "type": "complete", "id": "2" })).await;
    operations_are(&app, 3).await;
    phone.query("mutation { signOut }").await.data();
    assert_eq!(phones.close_code().await, 4403);
    operations_are(&app, 2).await;
    // Without a word.
    drop(mine);
    operations_are(&app, 0).await;
    sockets_are(&app, 0).await;
}

#[tokio::test]
async fn whoever_does_not_answer_the_heartbeat_is_let_go() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    // Never read, so its pings are never answered.
    let mut deaf = Socket::connect(&zhang).await;
    deaf.subscribe("1", WATCH).await;
    let mut lively = Socket::connect(&zhang).await;
    sockets_are(&app, 2).await;
    lively.heartbeat().await;
    lively.settle().await;
    assert_eq!(app.gateway.sockets.seats.sockets(), 2, "one missed heartbeat is not the end yet");
    lively.heartbeat().await;
    sockets_are(&app, 1).await;
    operations_are(&app, 0).await;
    assert_eq!(lively.run("1", ME).await["data"]["viewer"]["email"], "zhang@example.com");
}

#[tokio::test]
async fn whoever_does_not_read_is_let_go_with_all_that_waits() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let query = large_query(&admin).await;
    let mut socket = Socket::connect(&admin).await;
    ask_without_reading(&mut socket, &query).await;
    operations_are(&app, 0).await;
    sockets_are(&app, 0).await;
}

#[tokio::test]
async fn whoever_reads_too_slowly_is_told_what_it_missed() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let viewer = app.viewer(&zhang).await;
    let mut socket = Socket::connect(&zhang).await;
    let devices: String = (0..25).map(|number| format!("d{number}: device {{ userAgent }} ")).collect();
    let watch = format!("subscription {{ sessionEvents {{ occurredAt session {{ {devices} }} }} }}");
    socket.subscribe("events", &watch).await;
    operations_are(&app, 1).await;

    app.sql("UPDATE sessions SET user_agent = $1", ["慢".repeat(160).into()]).await;
    let begin = app.now();
    for second in 0..4000 {
        let message = SessionChanged {
            change: SessionChange::Refreshed,
            session_id: viewer.session_id().unwrap(),
            user_id: viewer.user_id(),
            at: begin + TimeDelta::seconds(second),
        };
        app.gateway.bus.publish(&SESSION_CHANGED, &message);
        // The server runs on this thread too: it may take what is there, and write until nothing more fits.
        tokio::task::yield_now().await;
    }

    let mut seen = Vec::new();
    let last = loop {
        let message = socket.next().await;
        match message["payload"]["data"]["sessionEvents"]["occurredAt"].as_str() {
            Some(time) => {
                seen.push((time.parse::<chrono::DateTime<chrono::Utc>>().unwrap() - begin).num_seconds())
            }
            None => break message,
        }
    };
    let first = *seen.first().expect("some arrive");
    let consecutive: Vec<i64> = (first..first + i64::try_from(seen.len()).unwrap()).collect();
    assert_eq!(seen, consecutive, "no hole that nothing tells of");
    assert!(seen.last() < Some(&3999), "and not all arrive: {}", seen.len());
    assert_eq!(code_of(&last["payload"]["errors"]), "EVENTS_MISSED", "{last}");
    assert_eq!(socket.next().await, json!({ "type": "complete", "id": "events" }));
    socket.run("1", ME).await;
}
