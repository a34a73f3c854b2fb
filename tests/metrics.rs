//! `/metrics`: what it lists, that what happens is counted, and that no caller can make it grow.

use std::{collections::BTreeSet, net::TcpListener};

use reqwest::{Client as Http, StatusCode};
use serde_json::json;

use crate::support::{
    ADMIN_EMAIL, PASSWORD, email_of,
    process::{Installation, Server, until},
    socket::Socket,
};

/// Asks the metrics' own listener.
pub(crate) async fn scrape(server: &Server) -> String {
    let log = server.process.log();
    let line = log.lines().find(|line| line.contains("metrics are ready")).unwrap();
    let (_, port) = line.rsplit_once("127.0.0.1:").unwrap();
    let response = Http::new().get(format!("http://127.0.0.1:{}/metrics", port.trim())).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    response.text().await.unwrap()
}

async fn measured() -> Installation {
    Installation::new().await.with("METRICS_ADDR", "127.0.0.1:0")
}

/// The value of one series, 0 where there is none yet.
fn value(report: &str, series: &str) -> f64 {
    let line = report.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn what_happens_is_counted() {
    let server = measured().await.serve().await;
    let zhang = server.with_user("张三").await;
    let sign_in = "mutation($input: SignInInput!) { signIn(input: $input) { __typename } }";
    let wrong = json!({ "input": { "email": email_of("张三"), "password": "不对的密码" } });
    assert_eq!(server.client().query_with(sign_in, wrong).await.code(), "INVALID_CREDENTIALS");
    zhang.query("{ viewer { id } }").await.data();
    zhang.query("{ viewer { id } }").await.data();
    assert_eq!(zhang.query("{ nothing }").await.code(), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(zhang.query("{ users { totalCount } }").await.code(), "FORBIDDEN");
    zhang.refresh().await.data();
    let socket = Socket::watch(&zhang).await;
    server.client().send(server.client().request(reqwest::Method::GET, "/health/live")).await;
    server.client().send(server.client().request(reqwest::Method::GET, "/没有这个")).await;

    let report = scrape(&server).await;
    for (series, least) in [
        (
            r#"http_server_request_duration_seconds_count{method="POST",route="/api/graphql",status="200"}"#,
            5.0,
        ),
        (
            r#"http_server_request_duration_seconds_count{method="GET",route="/health/live",status="200"}"#,
            1.0,
        ),
        (r#"graphql_operation_duration_seconds_count{type="query",name="other"}"#, 3.0),
        (r#"graphql_errors_total{code="GRAPHQL_VALIDATION_FAILED"}"#, 1.0),
        (r#"graphql_errors_total{code="FORBIDDEN"}"#, 1.0),
        (r#"graphql_documents_total{outcome="CACHED"}"#, 1.0),
        ("graphql_cost_points_total", 5.0),
        ("graphql_subscriptions_total", 1.0),
        ("sign_ups_total", 1.0),
        (r#"sign_ins_total{outcome="OK"}"#, 1.0),
        (r#"sign_ins_total{outcome="INVALID_CREDENTIALS"}"#, 1.0),
        (r#"session_refreshes_total{outcome="OK"}"#, 1.0),
        (r#"cache_lookups_total{cache="session",tier="local"}"#, 1.0),
        (r#"db_client_operation_duration_seconds_count{outcome="OK"}"#, 5.0),
        ("websocket_connections", 1.0),
        ("graphql_socket_operations", 1.0),
        ("http_server_connections", 1.0),
        ("password_hash_duration_seconds_count", 3.0),
        ("process_resident_memory_bytes", 1e6),
        ("process_open_fds", 5.0),
        ("process_cpu_seconds_total", 0.01),
    ] {
        assert!(value(&report, series) >= least, "{series}: {}\n{report}", value(&report, series));
    }

    drop(socket);
    until("the socket is gone", async || {
        (value(&scrape(&server).await, "websocket_connections") == 0.0).then_some(())
    })
    .await;
}

/// The series of a report, without their values.
fn series(report: &str) -> BTreeSet<&str> {
    report
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, _)| series)
        .collect()
}

#[tokio::test]
async fn callers_cannot_make_it_grow() {
    let server = measured().await.serve().await;
    let client = server.client();
    let ask = async |number: usize| {
        let name = format!("o{number}");
        let params = json!({ "query": format!("query {name} {{ __typename }}"), "operationName": name });
        assert_eq!(client.ask(&params).await.status, StatusCode::OK);
        for path in [format!("/{number}"), format!("/assets/{number}.js"), format!("/api/{number}")] {
            client.send(client.request(reqwest::Method::GET, &path)).await;
            let odd = reqwest::Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
            client.send(client.request(odd, &path)).await;
        }
    };
    ask(0).await;
    let before = scrape(&server).await;
    for number in 1..20 {
        ask(number).await;
    }
    let after = scrape(&server).await;
    assert_eq!(series(&after), series(&before));
    for secret in [PASSWORD, ADMIN_EMAIL, "o7"] {
        assert!(!after.contains(secret), "{secret}");
    }
}

/// What an alert waits for has to be there before it happens, or Prometheus does not see it rise.
#[tokio::test]
async fn what_alerts_look_for_is_there_from_the_start() {
    let server = measured().await.serve().await;
    let report = scrape(&server).await;
    for series in [
        r#"sign_ins_total{outcome="OK"}"#,
        r#"sign_ins_total{outcome="INVALID_CREDENTIALS"}"#,
        r#"sign_ins_total{outcome="RATE_LIMITED"}"#,
        r#"session_ends_total{outcome="REFRESH_TOKEN_REUSED"}"#,
        r#"graphql_errors_total{code="INTERNAL"}"#,
        r#"graphql_errors_total{code="TIMEOUT"}"#,
        r#"db_client_operation_duration_seconds_count{outcome="FAILED"}"#,
        "password_hash_refusals_total",
    ] {
        assert!(report.contains(&format!("\n{series} 0\n")), "{series}\n{report}");
    }
    assert!(report.contains("\ndb_client_up 1\n"), "{report}");
}

#[tokio::test]
async fn it_is_on_its_own_listener_alone() {
    let server = measured().await.serve().await;
    let client = server.client();
    let answer = client.send(client.request(reqwest::Method::GET, "/metrics")).await;
    assert!(!answer.text.contains("http_server"), "{}", answer.text);
    scrape(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn an_address_that_was_asked_for_must_be_free() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = Installation::on_sqlite().with("METRICS_ADDR", &address).run(&[]).await;
    assert!(!refused.success);
    let said = format!("cannot listen on {address}; set METRICS_ADDR to an address that is free");
    assert!(refused.err.contains(&said), "{}", refused.err);
}
