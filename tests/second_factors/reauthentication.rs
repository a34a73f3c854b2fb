//! Factors as proof of who one is in a session that goes on.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Response, TestApp};

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
