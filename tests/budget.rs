//! What callers may spend: told when asked for, shared by devices and replicas, and never overdrawn.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::join_all};
use serde_json::{Value, json};

use crate::support::{Client, Response, TestApp, backend, email_of, process::until, socket::Socket};

/// A hundred points, which take a minute to come back where there are no more.
const A_HUNDRED: &[(&str, &str)] = &[("GRAPHQL_COST_PER_MINUTE", "100"), ("GRAPHQL_MAX_COST", "100")];
/// A subscription that costs all of them.
const WATCH: &str =
    "subscription { sessionEvents { session { user { sessions(first: 48) { nodes { id } } } } } }";
/// In which one of a hundred points comes back.
const INTERVAL: Duration = Duration::from_millis(600);

/// A query that costs so many points, which are at least 4 and even: `viewer`, `sessions`, and of each session two.
fn query(cost: u32) -> String {
    format!("{{ viewer {{ sessions(first: {}) {{ nodes {{ id }} }} }} }}", (cost - 2) / 2)
}

async fn spend(client: &Client, cost: u32) -> Response {
    client.query(&query(cost)).await
}

fn is_paid(answer: &Response) -> bool {
    match answer.json["errors"][0]["extensions"]["code"].as_str() {
        None => true,
        Some("RATE_LIMITED") => false,
        other => panic!("{other:?}: {}", answer.text),
    }
}

fn assert_refused(answer: &Response) {
    assert_eq!((answer.status.as_u16(), answer.code()), (429, "RATE_LIMITED"), "{}", answer.text);
    assert_eq!(answer.json.get("data"), None, "{}", answer.text);
    let seconds = answer.error()["extensions"]["retryAfterSeconds"].as_u64().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(answer.header("retry-after"), Some(seconds.to_string().as_str()));
}

/// The code of a socket's `error` message.
fn code(message: &Value) -> &str {
    message["payload"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code: {message}"))
}

/// Parameters that ask for the cost as well.
fn asking(document: &str) -> Value {
    json!({ "query": document, "extensions": { "cost": true } })
}

#[tokio::test]
async fn the_cost_is_told_to_those_who_ask() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    // 2% of the budget are taken at once: 4,000 points, which come back in 1.2 s.
    let resets_at = "2026-11-23T08:00:01.200Z";
    let mut remaining = 200_000;
    for (document, cost) in [
        ("{ errorCodes }", 1),
        ("{ errorCodes again: errorCodes }", 2),
        ("{ viewer { name sessions(first: 10) { nodes { id ip } } } }", 33),
        ("{ viewer { sessions { totalCount nodes { id } } } }", 62),
        ("{ viewer { sessions(last: 5) { edges { node { id } } } } }", 17),
        ("{ viewer { sessions(first: 5) { nodes { user { sessions(first: 3) { nodes { id } } } } } } }", 47),
        ("mutation { updateProfile(input: { name: \"张三\" }) { name } }", 2),
        ("{ users { totalCount } }", 21),
    ] {
        remaining -= cost;
        let answer = zhang.ask(&asking(document)).await;
        let expected = json!({ "requested": cost, "remaining": remaining, "resetsAt": resets_at });
        assert_eq!(answer.json["extensions"]["cost"], expected, "{document}: {}", answer.text);
    }
    let with_variable = "query($n: Int = 50) { viewer { sessions(first: $n) { nodes { id } } } }";
    for (variables, cost) in [(json!({}), 102), (json!({ "n": 4 }), 10)] {
        remaining -= cost;
        let mut params = asking(with_variable);
        params["variables"] = variables;
        let told = zhang.ask(&params).await.json["extensions"]["cost"].clone();
        assert_eq!((&told["requested"], &told["remaining"]), (&json!(cost), &json!(remaining)));
    }
    let by_get = zhang.ask_by_get(&[("query", "{ errorCodes }"), ("extensions", r#"{"cost": true}"#)]).await;
    assert_eq!(by_get.json["extensions"]["cost"]["remaining"], remaining - 1);
    let message = zhang.ask_over_socket(&asking("{ errorCodes }")).await;
    let expected = json!({ "requested": 1, "remaining": remaining - 2, "resetsAt": resets_at });
    assert_eq!(message["payload"]["extensions"]["cost"], expected, "{message}");
}

#[tokio::test]
async fn the_cost_is_not_told_to_others() {
    let app = TestApp::start().await;
    for extensions in
        [Value::Null, json!({}), json!({ "cost": false }), json!({ "cost": 1 }), json!({ "cost": "true" })]
    {
        let params = json!({ "query": "{ errorCodes }", "extensions": extensions });
        let answer = app.client().ask(&params).await;
        assert!(answer.at("/errorCodes").is_array());
        assert_eq!(answer.json.get("extensions"), None, "{extensions}");
        let message = app.client().ask_over_socket(&params).await;
        assert_eq!(message["payload"].get("extensions"), None, "{message}");
    }
}

#[tokio::test]
async fn what_is_not_run_costs_nothing() {
    let app = TestApp::configured(A_HUNDRED).await;
    let zhang = app.with_user("张三").await;
    for document in ["{ errorCodes", &query(102), "query($id: ID!) { node(id: $id) { id } }"] {
        assert!(!zhang.query(document).await.code().is_empty());
    }
    spend(&zhang, 100).await.data();
}

#[tokio::test]
async fn beyond_the_budget_nothing_is_run() {
    let app = TestApp::configured(A_HUNDRED).await;
    let zhang = app.with_user("张三").await;
    spend(&zhang, 100).await.data();
    for media_type in ["application/graphql-response+json", "application/json"] {
        let client = zhang.clone().with_header("accept", media_type);
        let answer = spend(&client, 100).await;
        assert_refused(&answer);
        assert_eq!(answer.header("content-type"), Some(format!("{media_type}; charset=utf-8").as_str()));
        assert_refused(&client.ask_by_get(&[("query", &query(100))]).await);
    }
    let rename =
        format!("mutation {{ updateProfile(input: {{ name: \"改了\" }}) {}", &query(100)["{ viewer".len()..]);
    assert_refused(&zhang.query(&rename).await);
    let name: String =
        app.sql_value("SELECT name FROM users WHERE email = $1", [email_of("张三").into()]).await;
    assert_eq!(name, "张三");
}

#[tokio::test]
async fn beyond_the_budget_a_socket_is_told_by_an_error() {
    let app = TestApp::configured(A_HUNDRED).await;
    let zhang = app.with_user("张三").await;
    spend(&zhang, 100).await.data();
    for document in [query(100).as_str(), WATCH] {
        let message = zhang.ask_over_socket(&asking(document)).await;
        assert_eq!((&message["type"], code(&message)), (&json!("error"), "RATE_LIMITED"), "{message}");
        let seconds = &message["payload"][0]["extensions"]["retryAfterSeconds"];
        assert!((1..=60).contains(&seconds.as_u64().unwrap()), "{message}");
    }
}

#[tokio::test]
async fn a_subscription_is_paid_when_it_begins() {
    let app = TestApp::configured(A_HUNDRED).await;
    let mut socket = Socket::connect(&app.with_user("张三").await).await;
    for id in ["甲", "乙"] {
        socket.subscribe(id, WATCH).await;
    }
    // They run at the same time, and there is enough for one of them.
    let message = socket.next().await;
    assert_eq!((&message["type"], code(&message)), (&json!("error"), "RATE_LIMITED"), "{message}");
}

/// It takes half a minute for another event's points to come back.
#[tokio::test]
async fn each_event_of_a_subscription_is_paid_until_nothing_is_left() {
    let app = TestApp::configured(A_HUNDRED).await;
    let zhang = app.with_user("张三").await;
    let viewer = app.viewer(&zhang).await;
    let mut socket = Socket::connect(&zhang).await;
    // 48 for the beginning, and 48 for an event.
    socket.subscribe("甲", &WATCH.replace("first: 48", "first: 22")).await;
    let mut paid = 0;
    let refusal = until("the stream ends", async || {
        app.tell_of_refresh(&viewer);
        let answer = socket.next().now_or_never()?;
        if answer["type"] != "next" {
            return Some(answer);
        }
        assert!(answer["payload"]["data"]["sessionEvents"].is_object(), "{answer}");
        paid += 1;
        None
    })
    .await;
    assert_eq!((&refusal["type"], &refusal["id"]), (&json!("error"), &json!("甲")), "{refusal}");
    assert_eq!((code(&refusal), paid), ("RATE_LIMITED", 1), "{refusal}");
    socket.settle().await;
    assert_eq!(app.gateway.sockets.seats.operations(), 0, "it has ended");
}

#[tokio::test]
async fn a_refusal_takes_nothing() {
    let app = TestApp::configured(A_HUNDRED).await;
    let zhang = app.with_user("张三").await;
    spend(&zhang, 60).await.data();
    for _ in 0..5 {
        assert_refused(&spend(&zhang, 100).await);
    }
    spend(&zhang, 40).await.data();
}

/// What is told to remain is there, also that part of it which the replica holds ready.
#[tokio::test]
async fn what_remains_can_be_spent() {
    let app =
        TestApp::configured(&[("GRAPHQL_COST_PER_MINUTE", "10000"), ("GRAPHQL_MAX_COST", "10000")]).await;
    let zhang = app.with_user("张三").await;
    let told = zhang.ask(&asking("{ errorCodes }")).await;
    assert_eq!(told.json["extensions"]["cost"]["remaining"], 9_999);
    let all = format!(
        "{{ viewer {{ sessions(first: 100) {{ nodes {{ {} }} }} {} }} }}",
        "id ".repeat(98),
        "id ".repeat(97)
    );
    let answer = zhang.ask(&asking(&all)).await;
    assert_eq!(answer.json["extensions"]["cost"]["requested"], 9_999, "{:.300}", answer.text);
}

#[tokio::test]
async fn the_budget_is_the_users_on_all_devices() {
    let app = TestApp::configured(A_HUNDRED).await;
    let (zhang, phone, li) =
        (app.with_user("张三").await, app.sign_in("张三").await, app.with_user("李四").await);
    spend(&zhang, 100).await.data();
    assert_refused(&spend(&phone, 100).await);
    assert_refused(&spend(&phone.clone().with_header("x-forwarded-for", "203.0.113.9"), 100).await);
    let message = phone.ask_over_socket(&asking(&query(100))).await;
    assert_eq!(code(&message), "RATE_LIMITED", "{message}");
    spend(&li, 100).await.data();
}

#[tokio::test]
async fn who_is_not_signed_in_has_the_budget_of_the_address() {
    let app = TestApp::configured(A_HUNDRED).await;
    let zhang = app.with_user("张三").await.with_header("x-forwarded-for", "203.0.113.9");
    let (here, there) = (app.client_at("203.0.113.9"), app.client_at("203.0.113.10"));
    spend(&here, 100).await.data();
    assert_refused(&spend(&here, 100).await);
    assert_refused(&spend(&app.client_at("203.0.113.9"), 100).await);
    spend(&there, 100).await.data();
    spend(&zhang, 100).await.data();
    spend(&app.client_at("2001:db8:1:2::3"), 100).await.data();
    assert_refused(&spend(&app.client_at("2001:db8:1:2:ffff::9"), 100).await);
    spend(&app.client_at("2001:db8:1:3::3"), 100).await.data();
}

/// How many points `clients` spend together, each asking so often for `cost` all at once; and what came back meanwhile.
async fn rush(clients: &[Client], times: usize, cost: u32) -> (u32, u32) {
    let started = Instant::now();
    let asking = clients.iter().flat_map(|client| (0..times).map(move |_| spend(client, cost)));
    let paid = join_all(asking).await.iter().filter(|answer| is_paid(answer)).count();
    let came_back = started.elapsed().as_millis().div_ceil(INTERVAL.as_millis());
    (u32::try_from(paid).unwrap() * cost, u32::try_from(came_back).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_spend_the_budget_and_no_more() {
    let app = TestApp::configured(A_HUNDRED).await;
    let zhang = app.with_user("张三").await;
    let (spent, came_back) = rush(&[zhang], 60, 10).await;
    assert!((100..=100 + came_back).contains(&spent), "{spent} of 100, and {came_back} came back");
    let li = app.with_user("李四").await;
    let (spent, came_back) = rush(&[li], 80, 4).await;
    assert!((100..=100 + came_back).contains(&spent), "{spent} of 100, and {came_back} came back");
}

/// The same device, behind another replica.
fn moved(client: &Client, to: &TestApp) -> Client {
    let moved = to.client();
    moved.set_token(Some(&client.token()));
    moved
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_share_the_budget_where_there_is_a_redis() {
    let app = TestApp::configured(A_HUNDRED).await;
    let other = app.replica(&[]).await;
    let (zhang, li) = (app.with_user("张三").await, app.with_user("李四").await);
    let clients = [zhang.clone(), moved(&zhang, &other)];
    let (spent, came_back) = rush(&clients, 40, 10).await;
    let budgets = if backend::redis().is_some() { 1 } else { 2 };
    let allowed = budgets * 100..=budgets * (100 + came_back);
    assert!(allowed.contains(&spent), "{spent} is not in {allowed:?}");

    // A replica without a word of Redis pays on from its own pocket.
    let alone = app.replica(&[("REDIS_URL", "redis://127.0.0.1:1")]).await;
    spend(&moved(&li, &app), 100).await.data();
    spend(&moved(&li, &alone), 100).await.data();
    assert_refused(&spend(&moved(&li, &alone), 100).await);
}

/// Points that a replica holds ready are taken from what all of them have.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_replicas_hold_ready_is_not_spent_twice() {
    let app = TestApp::configured(&[("GRAPHQL_COST_PER_MINUTE", "1000"), ("GRAPHQL_MAX_COST", "1000")]).await;
    if backend::redis().is_none() {
        return;
    }
    let other = app.replica(&[]).await;
    let here = Ipv4Addr::new(203, 0, 113, 9).to_string();
    let clients = [app.client_at(&here), other.client_at(&here)];
    let started = Instant::now();
    let (spent, _) = rush(&clients, 200, 4).await;
    // A point comes back in 60 ms; each replica may be left with less than a whole operation.
    let came_back = u32::try_from(started.elapsed().as_millis().div_ceil(60)).unwrap();
    assert!((1000 - 2 * 3..=1000 + came_back).contains(&spent), "{spent} of 1000, and {came_back} came back");
}
