//! Factors as proof of who one is in a session that goes on.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Response, TestApp, email_of, socket::Socket};

async fn reauthenticate(client: &Client, input: Value) -> Response {
    let document = "mutation($input: ReauthenticateInput!) { reauthenticate(input: $input) { validUntil } }";
    client.query_with(document, json!({ "input": input })).await
}

async fn change_email(client: &Client) -> Response {
    client.query(r#"mutation { requestEmailChange(input: { newEmail: "新址@example.com" }) }"#).await
}

#[tokio::test]
async fn a_code_is_proof_once() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let enrolled = app.enroll_totp(&zhang).await;
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(change_email(&zhang).await.code(), "REAUTHENTICATION_REQUIRED");
    let wrong = json!({ "totpCode": enrolled.app.wrong_code(app.now()) });
    assert_eq!(reauthenticate(&zhang, wrong).await.code(), "INVALID_CODE");
    assert_eq!(change_email(&zhang).await.code(), "REAUTHENTICATION_REQUIRED");
    let right = json!({ "totpCode": enrolled.app.code(app.now()) });
    let at_once = join_all((0..4).map(|_| reauthenticate(&zhang, right.clone()))).await;
    assert_eq!(at_once.iter().filter(|answer| answer.json.get("errors").is_none()).count(), 1);
    change_email(&zhang).await.data();
    assert_eq!(reauthenticate(&zhang, right).await.code(), "INVALID_CODE", "a code is taken once");
    let events = zhang.query("{ viewer { activity(first: 30) { nodes { kind details } } } }").await;
    let events = events.list_at("/viewer/activity/nodes");
    for kind in ["REAUTHENTICATED", "REAUTHENTICATION_FAILED"] {
        let event = events.iter().find(|event| event["kind"] == kind).unwrap();
        assert_eq!(event["details"]["method"], "TOTP");
    }
}

#[tokio::test]
async fn exactly_one_proof_is_given() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    assert_eq!(reauthenticate(&zhang, json!({})).await.violations(), [("input", "REQUIRED")]);
    let two = json!({ "password": PASSWORD, "totpCode": "123456" });
    assert_eq!(reauthenticate(&zhang, two).await.violations(), [("input", "EXCLUSIVE")]);
    let without_app = reauthenticate(&zhang, json!({ "totpCode": "123456" })).await;
    assert_eq!(without_app.code(), "INVALID_CODE");
}

#[tokio::test]
async fn what_can_be_shown_is_told_to_oneself_alone() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let methods = "{ viewer { reauthenticationMethods } }";
    assert_eq!(zhang.query(methods).await.at("/viewer/reauthenticationMethods"), &json!(["PASSWORD"]));
    app.enroll_totp(&zhang).await;
    assert_eq!(
        zhang.query(methods).await.at("/viewer/reauthenticationMethods"),
        &json!(["PASSWORD", "TOTP"])
    );
    let user = "query($id: ID!) { user(id: $id) { reauthenticationMethods secondFactors { recoveryCodesLeft totp { enabledAt } } } }";
    let seen = app.admin().await.query_with(user, json!({ "id": zhang.user_id().await })).await;
    assert_eq!(seen.at("/user/reauthenticationMethods"), &json!([]));
    assert_eq!(seen.at("/user/secondFactors/recoveryCodesLeft"), 10);
}

#[tokio::test]
async fn guesses_are_limited() {
    let app = TestApp::configured(&[("SIGN_IN_ATTEMPTS_PER_MINUTE", "5")]).await;
    let zhang = app.with_user("张三").await;
    let enrolled = app.enroll_totp(&zhang).await;
    let wrong = json!({ "totpCode": enrolled.app.wrong_code(app.now()) });
    let guesses = join_all((0..20).map(|_| reauthenticate(&zhang, wrong.clone()))).await;
    assert_eq!(guesses.iter().filter(|answer| answer.code() == "INVALID_CODE").count(), 5);
    let right = json!({ "totpCode": enrolled.app.code(app.now()) });
    assert_eq!(reauthenticate(&zhang, right).await.code(), "RATE_LIMITED");
}

#[tokio::test]
async fn what_is_shown_counts_on_an_open_socket_as_well() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    app.advance(TimeDelta::minutes(10)).await;
    zhang.refresh().await.data();
    let mut socket = Socket::connect(&zhang).await;
    let start = "mutation { startTotpEnrollment { secret } }";
    let refused = socket.run("1", start).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "REAUTHENTICATION_REQUIRED", "{refused}");
    let show =
        format!(r#"mutation {{ reauthenticate(input: {{ password: "{PASSWORD}" }}) {{ validUntil }} }}"#);
    let shown = socket.run("2", &show).await;
    assert!(shown["errors"].is_null(), "{shown}");
    let started = socket.run("3", start).await;
    assert!(started["errors"].is_null(), "{started}");
}

#[tokio::test]
async fn strangers_do_not_keep_a_session_without_cookies_from_it() {
    let app = TestApp::configured(&[("SIGN_IN_ATTEMPTS_PER_MINUTE", "3")]).await;
    app.account("张三").await;
    let program = app.client();
    let sign_in =
        "mutation($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { accessToken } } }";
    let input = json!({ "email": email_of("张三"), "password": PASSWORD, "refreshTokenDelivery": "BODY" });
    let token = program.query_with(sign_in, json!({ "input": input })).await.text_at("/signIn/accessToken");
    for number in 0..40 {
        app.client_at(&format!("203.0.113.{number}")).sign_in(&email_of("张三"), "猜的密码不对").await;
    }
    let elsewhere = app.client_at("192.0.2.1");
    assert_eq!(elsewhere.sign_in(&email_of("张三"), PASSWORD).await.code(), "RATE_LIMITED");
    let fresh = app.client();
    fresh.set_token(Some(&token));
    reauthenticate(&fresh, json!({ "password": PASSWORD })).await.data();
}
