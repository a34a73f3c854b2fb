//! Every way to fail: each code of the schema has a producer here, and faults of ours tell nothing.

use std::time::Duration;

use chrono::TimeDelta;
use fastgpt_platform::graphql;
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Response, TestApp, email_of, introspection::error_codes};

#[tokio::test]
async fn every_code_of_the_schema_is_told_to_someone() {
    let app = TestApp::configured(&[("SIGN_UPS_PER_HOUR", "1")]).await;
    let (anonymous, zhang) = (app.client(), app.with_user("张三").await);
    let sign_up = r#"mutation { signUp(input: { email: "张三@example.com", password: "清晨的露水打湿了石阶", name: "张三" }) { __typename } }"#;
    let told = [
        anonymous.query("{ users { totalCount } }").await,
        anonymous.sign_in(&email_of("张三"), "不是").await,
        zhang.query("{ users { totalCount } }").await,
        zhang.query(r#"{ node(id: "没有") { id } }"#).await,
        zhang.query("{ viewer { sessions(first: 0) { totalCount } } }").await,
        anonymous.query(sign_up).await,
        anonymous.query(sign_up).await,
        anonymous.send(anonymous.request(Method::POST, "/api/graphql").body("{}")).await,
        anonymous.query("{ viewer { ").await,
        anonymous.query("{ noSuchField }").await,
        unknown_hash(&app).await,
        untrusted_document().await,
        broken(&app, &zhang).await,
    ];
    let mut codes: Vec<String> = told.iter().map(|answer| answer.code().to_owned()).collect();
    codes.extend(identity().await);
    codes.push(missed_events().await);
    codes.push(timed_out().await);
    let (mut codes, mut expected) = (codes, error_codes());
    codes.sort_unstable();
    expected.sort_unstable();
    assert_eq!(codes, expected);
}

/// What people are told on the ways into an account.
async fn identity() -> [String; 6] {
    let verifying = [("REQUIRE_EMAIL_VERIFICATION", "on"), ("REQUIRE_SECOND_FACTOR", "admin")];
    let (app, closed) =
        (TestApp::configured(&verifying).await, TestApp::configured(&[("REGISTRATION", "closed")]).await);
    let sign_up = r#"mutation { signUp(input: { email: "李四@example.com", password: "清晨的露水打湿了石阶", name: "李四" }) {
        ... on EmailVerificationRequired { challenge } } }"#;
    let anonymous = app.client();
    let challenge = anonymous.query(sign_up).await.text_at("/signUp/challenge");
    let verify = "mutation($challenge: String!) { verifyEmail(input: { challenge: $challenge, code: \"不对\" }) { __typename } }";
    let zhang = app.with_user("张三").await;
    app.advance(TimeDelta::minutes(11)).await;
    let told = [
        anonymous.sign_in(&email_of("李四"), PASSWORD).await,
        closed.client().query(sign_up).await,
        zhang.query(r#"mutation { requestEmailChange(input: { newEmail: "a@b.cn" }) }"#).await,
        app.admin().await.query("{ users { totalCount } }").await,
        anonymous.query(r#"{ emailedLink(token: "编造的") { email } }"#).await,
        {
            let resend =
                r#"mutation { resendEmailVerification(input: { email: "李四@example.com" }) { challenge } }"#;
            let fresh = anonymous.query(resend).await.text_at("/resendEmailVerification/challenge");
            assert_ne!(fresh, challenge);
            anonymous.query_with(verify, json!({ "challenge": fresh })).await
        },
    ];
    told.map(|answer| answer.code().to_owned())
}

async fn unknown_hash(app: &TestApp) -> Response {
    let client = app.client();
    let body = json!({ "documentId": format!("sha256:{}", "0".repeat(64)) });
    client.send(client.request(Method::POST, "/api/graphql").json(&body)).await
}

async fn untrusted_document() -> Response {
    let app = TestApp::configured(&[("PERSISTED_OPERATIONS", "only")]).await;
    app.client().query("{ errorCodes }").await
}

/// Asks for what the database no longer has; the caller's own session and account are cached.
async fn broken(app: &TestApp, client: &Client) -> Response {
    client.query("{ viewer { id } }").await.data();
    app.sql("DROP TABLE sessions", []).await;
    client.query("{ viewer { sessions { nodes { id } } } }").await
}

/// The code that a subscriber is told who fell behind.
async fn missed_events() -> String {
    let app = TestApp::start().await;
    let viewer = app.viewer(&app.with_user("张三").await).await;
    let mut events = app.session_events(Some(viewer)).await;
    // The subscription begins when it is first polled.
    assert!(futures_util::poll!(events.next()).is_pending());
    for _ in 0..2000 {
        app.tell_of_refresh(&viewer);
    }
    let answer = events.next().await.unwrap();
    assert_eq!(
        answer["errors"][0]["message"],
        "Some events were missed. Read the current state and subscribe again."
    );
    assert!(events.next().await.is_none(), "and that is the end");
    answer["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned()
}

/// The code that is told over a socket of what takes too long.
async fn timed_out() -> String {
    let answer = graphql::within(Duration::ZERO, std::future::pending()).await;
    let answer = serde_json::to_value(answer).unwrap();
    answer["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned()
}

/// No word of SQL, of the table, or of the library that failed.
fn assert_tells_nothing(answer: &Response) {
    assert_eq!((answer.code(), answer.message()), ("INTERNAL", "Internal server error"));
    let text = answer.text.to_lowercase();
    for word in ["select", "table", "relation", "sqlx", "sea_orm", "sqlite", "postgres", "no such"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    let request_id = answer.header("x-request-id").unwrap();
    assert_eq!(answer.error()["extensions"]["requestId"], request_id, "{}", answer.text);
}

#[tokio::test]
async fn a_fault_of_ours_tells_its_request_id_and_nothing_else() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let answer = broken(&app, &zhang).await;
    assert_eq!(answer.status, 200);
    assert_tells_nothing(&answer);
}

#[tokio::test]
async fn a_fault_while_authenticating_tells_no_more() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    app.sql("DROP TABLE sessions", []).await;
    let answer = zhang.query("{ viewer { id } }").await;
    assert_eq!(answer.status, 500);
    assert_tells_nothing(&answer);
}

#[tokio::test]
async fn a_fault_of_a_mutation_tells_no_more() {
    let app = TestApp::start().await;
    app.account("张三").await;
    app.sql("DROP TABLE sessions", []).await;
    assert_tells_nothing(&app.client().sign_in(&email_of("张三"), PASSWORD).await);
    let nobody: Option<chrono::DateTime<chrono::Utc>> =
        app.sql_value("SELECT last_sign_in_at FROM users WHERE name = '张三'", []).await;
    assert_eq!(nobody, None, "nothing half done");
}

#[tokio::test]
async fn a_token_that_is_no_good_is_401_with_the_usual_body() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let good = zhang.token();
    let (signed, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{signed}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let credentials =
        ["Bearer", "Bearer ", &format!("Basic {good}"), &good, &format!("Bearer {forged}"), "Bearer x"];
    for credential in credentials {
        assert_unauthenticated(
            &app.client().with_header("authorization", credential).query("{ viewer { id } }").await,
        );
    }
    zhang.query("{ viewer { id } }").await.data();
    app.advance(TimeDelta::minutes(15)).await;
    let expired = zhang.query("{ viewer { id } }").await;
    assert_unauthenticated(&expired);
    assert_eq!(expired.message(), "The access token has expired. Refresh the session.");
    assert_eq!(
        app.client().query("{ viewer { id } }").await.at("/viewer"),
        &Value::Null,
        "none sent is anonymous"
    );
}

fn assert_unauthenticated(answer: &Response) {
    assert_eq!((answer.status.as_u16(), answer.code()), (401, "UNAUTHENTICATED"), "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    assert_eq!(answer.json["data"], Value::Null);
}

#[tokio::test]
async fn a_token_of_another_installation_is_refused() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let others = [
        app.replica(&[("JWT_SECRET", "another secret that signs access tokens")]).await,
        app.replica(&[("SITE_URL", "https://别处.example.com")]).await,
        app.replica(&[("API_PREFIX", "/v2")]).await,
    ];
    for other in others {
        let client = other.client();
        client.set_token(Some(&zhang.token()));
        assert_unauthenticated(&client.query("{ viewer { id } }").await);
    }
    // The secret before this one still verifies.
    let rotated = "a newer secret that signs access tokens, a secret of tests that signs access tokens";
    let rotated = app.replica(&[("JWT_SECRET", rotated)]).await;
    let client = rotated.client();
    client.set_token(Some(&zhang.token()));
    assert_eq!(client.query("{ viewer { name } }").await.at("/viewer/name"), "张三");
}

#[tokio::test]
async fn values_that_do_not_fit_their_argument_are_named() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let document = "query($role: Role) { users(filter: { role: $role }) { totalCount } }";
    for (document, variables) in [
        (document, json!({ "role": "KING" })),
        ("query($id: ID!) { node(id: $id) { id } }", json!({})),
        ("query($first: Int) { users(first: $first) { totalCount } }", json!({ "first": "十" })),
        ("query($first: Int) { users(first: $first) { totalCount } }", json!({ "first": 3_000_000_000_u64 })),
    ] {
        let answer = admin.query_with(document, variables).await;
        let code = answer.code();
        assert!(["INVALID_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&code), "{}", answer.text);
    }
}

#[tokio::test]
async fn documents_that_ask_for_too_much_are_refused() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (open, close) = ("sessions { nodes { user { ".repeat(20), "} } }".repeat(20));
    let deep = format!("{{ viewer {{ {open} id {close} }} }}");
    let answer = zhang.query(&deep).await;
    assert!(
        ["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"].contains(&answer.code()),
        "{}",
        answer.text
    );
    let (open, close) = ("sessions { nodes { user { ".repeat(5), "} } }".repeat(5));
    let answer = zhang.query(&format!("{{ viewer {{ {open} id {close} }} }}")).await;
    assert_eq!(answer.code(), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(zhang.query("").await.code(), "GRAPHQL_PARSE_FAILED");
    let cycle = "{ viewer { ...a } } fragment a on User { ...b } fragment b on User { ...a }";
    assert_eq!(zhang.query(cycle).await.code(), "GRAPHQL_VALIDATION_FAILED");
}
