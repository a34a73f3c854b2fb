//! Losing all second factors, and an administrator's help.

use chrono::TimeDelta;
use fastgpt_platform::{auth::Operator, second_factor};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Client, PASSWORD, Response, TestApp, email_of};

async fn reset(client: &Client, user_id: &str) -> Response {
    let document = "mutation($id: ID!) { resetSecondFactors(input: { userId: $id }) {
        id secondFactors { totp { enabledAt } passkeys { id } recoveryCodesLeft rememberedDevices } } }";
    client.query_with(document, json!({ "id": user_id })).await
}

#[tokio::test]
async fn an_administrator_removes_them_all_and_ends_the_sessions() {
    let app = TestApp::start().await;
    let (zhang, admin) = (app.with_user("张三").await, app.admin().await);
    let user_id = zhang.user_id().await;
    let enrolled = app.enroll_totp(&zhang).await;
    let mut phone = app.enroll_passkey(&zhang, "手机").await;
    let laptop = app.client();
    let challenge = laptop.first_step(&email_of("张三"), PASSWORD).await;
    let input = json!({ "totpCode": enrolled.app.code(app.now()), "rememberDevice": true });
    laptop.second_step(&challenge, input).await.data();
    let waiting = app.client();
    let challenge = waiting.first_step(&email_of("张三"), PASSWORD).await;

    let answer = reset(&admin, &user_id).await;
    let nothing = json!({ "totp": null, "passkeys": [], "recoveryCodesLeft": 0, "rememberedDevices": 0 });
    assert_eq!(answer.at("/resetSecondFactors/secondFactors"), &nothing);
    for client in [&zhang, &laptop] {
        assert_eq!(client.query("{ viewer { id } }").await.code(), "UNAUTHENTICATED");
    }
    // Nothing of before is good for anything.
    let code = json!({ "recoveryCode": enrolled.recovery_codes[0] });
    assert_eq!(waiting.second_step(&challenge, code).await.code(), "INVALID_CODE");
    assert_eq!(app.client().sign_in_with(&mut phone).await.code(), "INVALID_CODE");
    let again = app.sign_in("张三").await;
    let events = again.query("{ viewer { activity(first: 20) { nodes { kind actor } } } }").await;
    let events = events.list_at("/viewer/activity/nodes");
    let event = events.iter().find(|event| event["kind"] == "SECOND_FACTORS_RESET").unwrap();
    assert_eq!(event["actor"], "ADMIN");
    assert!(app.mail_to(&email_of("张三")).await.text.contains("张三"));

    // Once more changes nothing: whoever signed in since stays.
    reset(&admin, &user_id).await.data();
    again.query("{ viewer { id } }").await.data();
}

#[tokio::test]
async fn it_takes_an_administrator_who_has_shown_lately_who_it_is() {
    let app = TestApp::start().await;
    let (zhang, li, admin) = (app.with_user("张三").await, app.with_user("李四").await, app.admin().await);
    let user_id = zhang.user_id().await;
    app.enroll_totp(&zhang).await;
    for client in [&li, &zhang] {
        assert_eq!(reset(client, &user_id).await.code(), "FORBIDDEN");
    }
    for invented in ["User:0198f000-0000-7000-8000-000000000000", "没有"] {
        assert_eq!(reset(&admin, invented).await.code(), "NOT_FOUND");
    }
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(reset(&admin, &user_id).await.code(), "REAUTHENTICATION_REQUIRED");
    zhang.query("{ viewer { id } }").await.data();
}

#[tokio::test]
async fn two_at_once_leave_one_trace() {
    let app = TestApp::start().await;
    let (zhang, admin) = (app.with_user("张三").await, app.admin().await);
    let user_id = zhang.user_id().await;
    app.enroll_totp(&zhang).await;
    for answer in join_all((0..4).map(|_| reset(&admin, &user_id))).await {
        answer.data();
    }
    let traces = "SELECT COUNT(*) FROM audit_events WHERE kind = 'SECOND_FACTORS_RESET'";
    assert_eq!(app.sql_value::<i64>(traces, []).await, 1);
}

#[tokio::test]
async fn the_operator_can_do_it_too() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let operator = Operator::at_the_command_line();
    let run = async || {
        second_factor::service::reset_by_operator(&app.gateway, &operator, &email_of("张三")).await.unwrap()
    };
    assert_eq!(run().await, None);
    app.enroll_totp(&zhang).await;
    assert_eq!(run().await, Some(1), "one session ended");
    assert_eq!(zhang.query("{ viewer { id } }").await.code(), "UNAUTHENTICATED");
    app.sign_in("张三").await;
    let events: Vec<String> =
        app.sql_values("SELECT actor FROM audit_events WHERE kind = 'SECOND_FACTORS_RESET'", []).await;
    assert_eq!(events, ["OPERATOR"]);
}
