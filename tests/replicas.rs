//! Several servers on one PostgreSQL and one Redis, and what happens when these go away.

use std::time::Duration;

use futures_util::{StreamExt, future::join, stream::FuturesUnordered};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    Client, Response,
    client::REFRESH,
    process::{Installation, Server, until, within},
    proxy::{Network, PrivateRedis, Proxy},
    socket::Socket,
};

const AT_ONCE: Duration = Duration::from_secs(1);
const WITHOUT_REDIS: Duration = Duration::from_secs(5);
const ME: &str = "{ viewer { id } }";

/// The same device, behind another server.
fn moved(client: &Client, to: &Server) -> Client {
    let moved = to.client();
    moved.set_token(Some(&client.token()));
    moved
}

async fn refused(client: &Client) {
    until("requests are refused", async || (client.query(ME).await.status == 401).then_some(())).await;
}

async fn both(installation: &Installation) -> (Server, Server) {
    join(installation.serve(), installation.serve()).await
}

#[tokio::test]
async fn started_at_one_moment_on_an_empty_database() {
    for _ in 0..3 {
        let Some(installation) = Installation::empty_for_replicas().await else { return };
        // Both run before either is waited for.
        let (first, second) = (installation.spawn(&[], ""), installation.spawn(&[], ""));
        let (first, second) = join(first.listening(), second.listening()).await;
        for server in [&first, &second] {
            assert_eq!(server.health().await.json["status"], "ok");
            let users = server.admin().await.query("{ users { totalCount } }").await;
            assert_eq!(users.at("/users/totalCount"), 1, "one administrator");
        }
    }
}

#[tokio::test]
async fn what_happens_on_one_is_seen_on_the_other() {
    let Some(installation) = Installation::for_replicas().await else { return };
    let (first, second) = both(&installation).await;
    let zhang = first.with_user("zhang").await;
    let mut socket = Socket::watch(&second.sign_in("zhang").await).await;

    let started = first.sign_in("zhang").await;
    let id = started.session_id().await;
    assert_eq!(socket.event().await, ("STARTED".into(), id.clone()));
    end(&zhang, &id).await;
    assert_eq!(socket.event().await, ("ENDED".into(), id));
}

async fn end(client: &Client, session: &str) {
    let end = "mutation($input: EndSessionInput!) { endSession(input: $input) { endReason } }";
    client.query_with(end, json!({ "input": { "sessionId": session } })).await.data();
}

/// Ends a session on one server, while it is warm and has a socket on the other.
async fn a_session_ends_within(promised: Duration, here: &Server, there: &Server) {
    let (zhang, phone) = (here.sign_in("zhang").await, here.sign_in("zhang").await);
    let (id, phone) = (phone.session_id().await, moved(&phone, there));
    let mut socket = Socket::connect(&phone).await;
    phone.query(ME).await.data();
    end(&zhang, &id).await;
    let ended = join(refused(&phone), async { assert_eq!(socket.close_code().await, 4403) });
    within(promised, "the session ends on the other replica", ended).await;
    zhang.query(ME).await.data();
}

#[tokio::test]
async fn a_session_that_ends_on_one_is_over_on_the_other() {
    let Some(installation) = Installation::for_replicas().await else { return };
    let (first, second) = both(&installation).await;
    let mut watching = Socket::watch(&second.with_user("zhang").await).await;
    a_session_ends_within(AT_ONCE, &first, &second).await;
    a_session_ends_within(AT_ONCE, &second, &first).await;
    watching.event().await;
}

#[tokio::test]
async fn redis_may_die_and_come_back() {
    let Some(installation) = Installation::for_replicas().await else { return };
    let mut redis = PrivateRedis::away();
    redis.start().await;
    let (first, second) = both(&installation.with("REDIS_URL", redis.url())).await;
    let mut watching = Socket::watch(&second.with_user("zhang").await).await;
    a_session_ends_within(AT_ONCE, &first, &second).await;

    redis.kill();
    a_session_ends_within(WITHOUT_REDIS, &first, &second).await;
    for server in [&first, &second] {
        let health = server.health().await;
        assert_eq!((health.status.as_u16(), &health.json["status"]), (200, &json!("degraded")));
    }

    redis.start().await;
    // Nobody but the servers does anything about it.
    until("events flow again", async || {
        let id = first.sign_in("zhang").await.session_id().await;
        let event = async { while watching.event().await != ("STARTED".to_owned(), id.clone()) {} };
        tokio::time::timeout(Duration::from_secs(1), event).await.ok()
    })
    .await;
    a_session_ends_within(AT_ONCE, &first, &second).await;
    for server in [&first, &second] {
        until("health recovers", async || (server.health().await.json["status"] == "ok").then_some(())).await;
    }
}

#[tokio::test]
async fn redis_may_be_away_at_the_start() {
    let mut redis = PrivateRedis::away();
    let server = Installation::new().await.with("REDIS_URL", redis.url()).serve().await;
    let health = server.health().await;
    assert_eq!((health.status.as_u16(), &health.json["status"]), (200, &json!("degraded")));
    let of = |name: &str| health.json["components"][name]["status"].as_str().map(str::to_owned);
    assert_eq!([of("database"), of("migrations"), of("cache")].map(Option::unwrap), ["ok", "ok", "degraded"]);

    let zhang = server.with_user("zhang").await;
    let phone = server.sign_in("zhang").await;
    let mut socket = Socket::watch(&zhang).await;
    end(&phone, &zhang.session_id().await).await;
    assert_eq!(socket.close_code_within(AT_ONCE).await, 4403, "on one server it needs no Redis");
    within(AT_ONCE, "and is refused", refused(&zhang)).await;

    redis.start().await;
    until("health recovers", async || (server.health().await.json["status"] == "ok").then_some(())).await;
}

#[tokio::test]
async fn redis_that_answers_and_carries_no_events_is_no_health() {
    let mut redis = PrivateRedis::away();
    redis.start().await;
    redis.set_right("-subscribe").await;
    let server = Installation::new().await.with("REDIS_URL", redis.url()).serve().await;
    let health = server.health().await;
    assert_eq!((health.status.as_u16(), &health.json["status"]), (200, &json!("degraded")));
    assert_eq!(health.json["components"]["cache"]["status"], "degraded");
    let log = server.process.log();
    assert!(log.contains("events of other replicas do not arrive"), "Redis itself answers: {log}");

    redis.set_right("+subscribe").await;
    until("health recovers", async || (server.health().await.json["status"] == "ok").then_some(())).await;
}

async fn survives_without_postgres(network: Network) {
    let Some(installation) = Installation::for_replicas().await else { return };
    let (proxy, url) = Proxy::before(installation.var("DATABASE_URL"), 5432).await;
    let installation = installation.with("DATABASE_URL", url);
    let server = installation.serve().await;
    let zhang = server.with_user("zhang").await;
    let mut socket = Socket::connect(&zhang).await;

    proxy.set(network);
    let health = within(Duration::from_secs(3), "health answers", server.health()).await;
    assert_eq!((health.status.as_u16(), &health.json["status"]), (503, &json!("down")));
    assert_eq!(health.json["components"]["database"]["status"], "down");
    assert_eq!(health.json["components"]["cache"]["status"], "ok");
    let client = server.client();
    let live = client.send(client.request(Method::GET, "/health/live")).await;
    assert_eq!((live.status.as_u16(), live.text.as_str()), (200, "ok"));
    let check = installation.clone().with("PORT", server.port.to_string()).run(&["healthcheck"]).await;
    assert!(!check.success && check.err.contains("503"), "{check:?}");

    let list = "{ viewer { sessions { nodes { id } } } }";
    let deadline = Duration::from_secs(10);
    let answers = join(zhang.query(list), client.sign_in("zhang@example.com", "whatever it is"));
    let (listed, signed_in) = within(deadline, "requests are answered", answers).await;
    for answer in [listed, signed_in] {
        assert_eq!((answer.code(), answer.message()), ("INTERNAL", "Internal server error"));
        assert!(answer.error()["extensions"]["requestId"].is_string(), "{}", answer.text);
    }

    proxy.set(Network::Open);
    until("health recovers", async || (server.health().await.status.as_u16() == 200).then_some(())).await;
    zhang.query(list).await.data();
    server.sign_in("zhang").await;
    assert!(socket.run("1", list).await["data"].is_object(), "the socket lived through it");
}

#[tokio::test]
async fn postgres_may_break_off() {
    survives_without_postgres(Network::Cut).await;
}

#[tokio::test]
async fn postgres_may_fall_silent() {
    survives_without_postgres(Network::Stalled).await;
}

#[tokio::test]
async fn a_server_killed_while_it_refreshes_costs_no_session() {
    let Some(installation) = Installation::for_replicas().await else { return };
    let survivor = installation.serve().await;
    survivor.with_user("zhang").await;
    for answers in 0..4 {
        let mut victim = installation.serve().await;
        let zhang = victim.sign_in("zhang").await;
        zhang.refresh().await;
        let mut last = zhang.refresh_token().unwrap();
        let body = json!({ "query": REFRESH, "variables": { "input": { "refreshToken": last } } });
        let refresh = || victim.client().request(Method::POST, "/api/graphql").json(&body).send();
        let mut refreshing: FuturesUnordered<_> = (0..8).map(|_| refresh()).collect();
        for _ in 0..answers {
            let answer = Response::read(refreshing.next().await.unwrap().unwrap()).await;
            last = answer.text_at("/refreshSession/refreshToken");
        }
        // The others have got to wherever they are.
        victim.process.kill();
        while refreshing.next().await.is_some() {}
        survivor.client().refresh_with(&last).await.data();
    }
}
