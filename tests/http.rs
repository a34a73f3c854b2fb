//! The transport: addresses, content types, sizes, origins, request ids, health.

use fastgpt_platform::http::console;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Response, TestApp, email_of};

async fn get(client: &Client, path: &str) -> Response {
    client.send(client.request(Method::GET, path)).await
}

async fn post(client: &Client, content_type: Option<&str>, body: impl Into<reqwest::Body>) -> Response {
    let mut request = client.request(Method::POST, "/api/graphql").body(body);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    client.send(request).await
}

const RENAME: &str = r#"{"query":"mutation { updateProfile(input: { name: \"改了\" }) { name } }"}"#;

#[tokio::test]
async fn other_content_types_are_refused_and_nothing_is_executed() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let others = [
        "text/plain",
        "text/plain;application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/jsonp",
        "",
    ];
    for content_type in others.map(Some).into_iter().chain([None]) {
        let answer = post(&zhang, content_type, RENAME).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (415, "BAD_REQUEST"), "{content_type:?}");
    }
    assert_eq!(zhang.query("{ viewer { name } }").await.at("/viewer/name"), "张三");
    for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
        assert_eq!(post(&zhang, Some(content_type), RENAME).await.at("/updateProfile/name"), "改了");
    }
}

#[tokio::test]
async fn bodies_that_are_no_request_are_refused() {
    let app = TestApp::start().await;
    let bodies: [&[u8]; 6] =
        [b"", b"{", b"null", b"\"query\"", b"{\"query\": 1}", b"{\"query\": \"\xff\xfe\"}"];
    for body in bodies {
        let answer = post(&app.client(), Some("application/json"), body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (400, "BAD_REQUEST"),
            "{}",
            String::from_utf8_lossy(body)
        );
    }
    let batch = format!("[{RENAME},{RENAME}]");
    assert_eq!(
        post(&app.client(), Some("application/json"), batch).await.status,
        400,
        "one operation a request"
    );
}

/// Serde would read a struct from a list of its fields as well.
#[tokio::test]
async fn a_list_is_no_request() {
    let app = TestApp::start().await;
    for body in ["[]", r#"["{ viewer { id } }"]"#] {
        let answer = post(&app.client(), Some("application/json"), body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_body_has_at_most_1_mb() {
    let app = TestApp::start().await;
    let request = r#"{"query":"{ viewer { id } }"}"#;
    let padded = |size: usize| format!("{request}{}", " ".repeat(size - request.len()));
    let limit = 1024 * 1024;
    let largest = post(&app.client(), Some("application/json"), padded(limit)).await;
    assert_eq!(largest.at("/viewer"), &Value::Null);
    let answer = post(&app.client(), Some("application/json"), padded(limit + 1)).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (413, "BAD_REQUEST"));
}

#[tokio::test]
async fn other_methods_and_addresses_of_the_api_answer_in_its_form() {
    let app = TestApp::start().await;
    let client = app.client();
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = client.send(client.request(method.clone(), "/api/graphql")).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (405, "BAD_REQUEST"), "{method}");
        assert_eq!(answer.header("allow"), Some("GET, POST"));
    }
    for path in ["/api", "/api/nothing", "/api/graphql/more"] {
        let answer = get(&client, path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.code(), "NOT_FOUND", "{path}");
    }
    let answer = client.query("subscription { sessionEvents { kind } }").await;
    assert_eq!(answer.json["data"], Value::Null);
    assert!(!answer.code().is_empty(), "a subscription needs a socket");
}

/// Not the console, which would answer a mistyped address with a page and 200.
#[tokio::test]
async fn the_prefix_with_a_slash_belongs_to_the_api() {
    let app = TestApp::start().await;
    let answer = get(&app.client(), "/api/").await;
    assert_eq!((answer.status.as_u16(), answer.json.is_object()), (404, true), "{:.80}", answer.text);
}

#[tokio::test]
async fn the_api_lives_under_its_prefix() {
    let app = TestApp::configured(&[("API_PREFIX", "/platform/v1/")]).await;
    let zhang = app.with_user("张三").await;
    assert_eq!(zhang.query("{ viewer { name } }").await.at("/viewer/name"), "张三");
    let request =
        zhang.request(Method::POST, "/api/graphql").json(&json!({ "query": "{ viewer { name } }" }));
    let answer = zhang.send(request).await;
    assert!(!answer.status.is_success() && answer.json["data"].is_null(), "{}", answer.text);
    assert_eq!(get(&app.client(), "/health").await.status, 200, "health is not part of it");
}

async fn preflight(app: &TestApp, origin: &str) -> Response {
    let client = app.client().with_header("origin", origin);
    let request = client.request(Method::OPTIONS, "/api/graphql");
    let request = request.header("access-control-request-method", "POST");
    client.send(request.header("access-control-request-headers", "authorization,content-type")).await
}

#[tokio::test]
async fn allowed_origins_may_call_with_credentials_and_others_may_not() {
    let app = TestApp::configured(&[
        ("SITE_URL", "https://平台.example.com"),
        ("FRONTEND_URL", "https://console.example.com/app"),
        ("CORS_ORIGIN", "http://localhost:3000, https://partner.example"),
    ])
    .await;
    // What a browser sends for the Chinese name.
    let site = url::Url::parse("https://平台.example.com").unwrap().origin().ascii_serialization();
    let others = ["http://localhost:3000", "https://partner.example", "https://console.example.com"];
    for origin in others.into_iter().chain([site.as_str()]) {
        let answer = preflight(&app, origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some("authorization,content-type,graphql-preflight,apollo-require-preflight")
        );
        let answer = app.client().with_header("origin", origin).query("{ viewer { id } }").await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert!(answer.header("access-control-expose-headers").unwrap().contains("x-request-id"));
    }
    let foreign = [
        "https://evil.example",
        "https://partner.example.evil.example",
        "http://partner.example",
        "https://partner.example:444",
        "http://localhost:3001",
        "null",
    ];
    for origin in foreign {
        let answer = preflight(&app, origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        let answer = app.client().with_header("origin", origin).query("{ viewer { id } }").await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
    }
}

#[tokio::test]
async fn a_laptop_may_allow_every_origin() {
    let app = TestApp::configured(&[("CORS_ORIGIN", "*")]).await;
    let answer = preflight(&app, "http://192.168.1.5:8080").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("http://192.168.1.5:8080"));
}

#[tokio::test]
async fn a_plain_request_id_is_kept_and_any_other_replaced() {
    let app = TestApp::start().await;
    let longest = "x".repeat(64);
    for kept in ["2f1c-ab_9", "0123456789abcdef0123456789abcdef", &longest] {
        let answer = get(&app.client().with_header("x-request-id", kept), "/health/live").await;
        assert_eq!(answer.header("x-request-id"), Some(kept));
    }
    let too_long = "x".repeat(65);
    let mut made = Vec::new();
    for replaced in
        ["short", &too_long, "id with spaces", "id\"},{\"level\"", "<script>alert", "${jndi:ldap}"]
    {
        let answer = get(&app.client().with_header("x-request-id", replaced), "/health/live").await;
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert!(id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit()), "{id}");
        made.push(id);
    }
    made.sort_unstable();
    made.dedup();
    assert_eq!(made.len(), 6, "no two alike");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = TestApp::start().await;
    for path in ["/", "/health", "/api/graphql", "/api/nothing", "/assets/missing.js"] {
        let answer = get(&app.client(), path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("strict-origin-when-cross-origin"), "{path}");
        assert!(answer.header("x-request-id").is_some(), "{path}");
    }
}

/// The status of the whole and of each component.
fn health(answer: &Response) -> [&str; 4] {
    let status = |pointer: &str| answer.json.pointer(pointer).and_then(Value::as_str).unwrap();
    ["/status", "/components/database/status", "/components/cache/status", "/components/migrations/status"]
        .map(status)
}

#[tokio::test]
async fn a_healthy_server_tells_of_every_component() {
    let app = TestApp::start().await;
    for path in ["/health", "/health/ready"] {
        let answer = get(&app.client(), path).await;
        assert_eq!((answer.status.as_u16(), health(&answer)), (200, ["ok"; 4]), "{path}");
    }
    let answer = get(&app.client(), "/health").await;
    insta::assert_json_snapshot!(answer.json, {
        ".version" => "[version]", ".components.*.latencyMs" => "[ms]", ".components.*.kind" => "[kind]"
    }, @r#"
    {
      "components": {
        "cache": {
          "kind": "[kind]",
          "latencyMs": "[ms]",
          "status": "ok"
        },
        "database": {
          "kind": "[kind]",
          "latencyMs": "[ms]",
          "status": "ok"
        },
        "migrations": {
          "kind": "[kind]",
          "latencyMs": "[ms]",
          "status": "ok"
        }
      },
      "status": "ok",
      "version": "[version]"
    }
    "#);
    assert_eq!(get(&app.client(), "/health/live").await.text, "ok");
}

#[tokio::test]
async fn without_its_database_a_server_lives_and_is_not_ready() {
    let app = TestApp::start().await;
    app.gateway.db.clone().close().await.unwrap();
    for path in ["/health", "/health/ready"] {
        let answer = get(&app.client(), path).await;
        assert_eq!(answer.status, 503);
        assert_eq!(health(&answer), ["down", "down", "ok", "down"]);
        assert!(!answer.text.contains("pool"), "the cause is for the log: {}", answer.text);
    }
    assert_eq!(get(&app.client(), "/health/live").await.status, 200);
}

#[tokio::test]
async fn pending_migrations_are_no_readiness() {
    let app = TestApp::start().await;
    app.sql("DELETE FROM seaql_migrations", []).await;
    let answer = get(&app.client(), "/health/ready").await;
    assert_eq!((answer.status.as_u16(), health(&answer)), (503, ["down", "ok", "ok", "down"]));
}

#[tokio::test]
async fn without_redis_a_server_is_degraded_and_serves() {
    // Nothing listens on port 1.
    let app = TestApp::configured(&[("REDIS_URL", "redis://127.0.0.1:1")]).await;
    let answer = get(&app.client(), "/health").await;
    assert_eq!((answer.status.as_u16(), health(&answer)), (200, ["degraded", "ok", "degraded", "ok"]));
    let zhang = app.with_user("张三").await;
    assert_eq!(zhang.query("{ viewer { name } }").await.at("/viewer/name"), "张三");
}

#[tokio::test]
async fn pages_come_from_the_binary_or_say_that_they_are_not_built() {
    let app = TestApp::start().await;
    for path in ["/", "/api-docs", "/sessions", "/users/User:1"] {
        let answer = get(&app.client(), path).await;
        assert_eq!(answer.header("content-type").unwrap().split(';').next(), Some("text/html"), "{path}");
        if console::is_built() {
            assert_eq!(answer.status, 200, "{path}");
            let policy = answer.header("content-security-policy").unwrap();
            let nginx = include_str!("../nginx.conf");
            assert!(
                nginx.contains(&format!("add_header Content-Security-Policy \"{policy}\" always;")),
                "{policy}"
            );
            assert_eq!(answer.header("cache-control"), Some("no-cache"));
            let etag = answer.header("etag").unwrap();
            let again = get(&app.client().with_header("if-none-match", etag), path).await;
            assert_eq!((again.status.as_u16(), again.text.len()), (304, 0), "{path}");
        } else {
            assert_eq!(answer.status, 503, "{path}");
            assert!(answer.text.contains("make build") && answer.text.contains("控制台尚未构建"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_console_says_what_it_was_built_for() {
    let answer = get(&TestApp::start().await.client(), "/console.json").await;
    if console::is_built() {
        assert_eq!(answer.json, json!({ "apiUrl": null, "version": env!("CARGO_PKG_VERSION") }));
    } else {
        assert_eq!(answer.status, 404);
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_no_page() {
    let app = TestApp::start().await;
    for path in ["/missing.js", "/assets/missing.js", "/assets/..%2findex.html", "/.env", "/a/b/favicon.png"]
    {
        assert_eq!(get(&app.client(), path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn callers_learn_how_they_are_seen() {
    let seen = async |trusted: &str, headers: &[(&'static str, &str)]| {
        let app = TestApp::configured(&[("TRUSTED_PROXIES", trusted)]).await;
        let client =
            headers.iter().fold(app.client(), |client, (name, value)| client.with_header(name, value));
        let [seen, seen_by_the_api] = ["/health/client", "/api/health/client"].map(|path| get(&client, path));
        let seen = seen.await.json;
        assert_eq!(seen_by_the_api.await.json, seen);
        seen
    };
    let forwarded = [("x-forwarded-for", "6.6.6.6, 203.0.113.9"), ("x-forwarded-proto", "HTTPS")];
    for (trusted, headers, expected) in [
        ("127.0.0.0/8", &[][..], ("127.0.0.1", "http", false, true)),
        ("127.0.0.0/8", &forwarded, ("203.0.113.9", "https", true, true)),
        ("10.0.0.0/8", &forwarded, ("127.0.0.1", "http", true, false)),
    ] {
        let (address, scheme, proxied, trust) = expected;
        let expected =
            json!({ "address": address, "scheme": scheme, "proxied": proxied, "proxyTrusted": trust });
        assert_eq!(seen(trusted, headers).await, expected);
    }
}

async fn seen_ip(app: &TestApp, forwarded_for: &str) -> String {
    let client = app.client_at(forwarded_for).signed_in(&email_of("张三"), PASSWORD).await;
    let answer = client.query("{ viewer { sessions { nodes { isCurrent ip } } } }").await;
    let nodes = answer.list_at("/viewer/sessions/nodes");
    let current = nodes.iter().find(|node| node["isCurrent"] == true).unwrap();
    current["ip"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn only_trusted_proxies_tell_the_address_of_the_client() {
    // Tests come from 127.0.0.1, which is trusted by itself.
    let app = TestApp::start().await;
    app.account("张三").await;
    assert_eq!(seen_ip(&app, "203.0.113.9").await, "203.0.113.9");
    assert_eq!(
        seen_ip(&app, "6.6.6.6, 203.0.113.9").await,
        "203.0.113.9",
        "a claim in front of the proxy's word"
    );
    assert_eq!(seen_ip(&app, "2001:db8::7").await, "2001:db8::7");
    assert_eq!(seen_ip(&app, "乱写").await, "127.0.0.1");

    let app = TestApp::configured(&[("TRUSTED_PROXIES", "10.0.0.0/8")]).await;
    app.account("张三").await;
    assert_eq!(seen_ip(&app, "203.0.113.9").await, "127.0.0.1");
}
