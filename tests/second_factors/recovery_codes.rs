//! Recovery codes.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Client, PASSWORD, TestApp, email_of};

const GENERATE: &str = "mutation { generateRecoveryCodes { recoveryCodes } }";

async fn left(client: &Client) -> u64 {
    let answer = client.query("{ viewer { secondFactors { recoveryCodesLeft } } }").await;
    answer.at("/viewer/secondFactors/recoveryCodesLeft").as_u64().unwrap()
}

async fn first_step(app: &TestApp) -> (Client, String) {
    let client = app.client();
    let challenge = client.first_step(&email_of("张三"), PASSWORD).await;
    (client, challenge)
}

#[tokio::test]
async fn each_lets_its_owner_in_once() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let codes = app.enroll_totp(&zhang).await.recovery_codes;
    assert_eq!(codes.len(), 10);
    for (used, code) in codes.iter().enumerate() {
        let (client, challenge) = first_step(&app).await;
        // As somebody types it who reads it from paper.
        let typed = code.to_uppercase().replace('-', " ");
        client.second_step(&challenge, json!({ "recoveryCode": typed })).await.data();
        assert_eq!(left(&client).await, 9 - used as u64);
    }
    let (client, challenge) = first_step(&app).await;
    let again = client.second_step(&challenge, json!({ "recoveryCode": codes[0] })).await;
    assert_eq!(again.code(), "INVALID_CODE");
    let methods = client.try_first_step(&email_of("张三"), PASSWORD).await;
    assert_eq!(methods.at("/signIn/methods"), &json!(["TOTP"]), "there are none left");
    let events = zhang.query("{ viewer { activity(first: 100) { nodes { kind details } } } }").await;
    let used: Vec<u64> = events
        .list_at("/viewer/activity/nodes")
        .iter()
        .filter(|event| event["kind"] == "RECOVERY_CODE_USED")
        .map(|event| event["details"]["left"].as_u64().unwrap())
        .collect();
    assert_eq!(used, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[tokio::test]
async fn of_many_at_once_with_one_code_one_gets_in() {
    let app = TestApp::start().await;
    let codes = app.enroll_totp(&app.with_user("张三").await).await.recovery_codes;
    let mut sign_ins = Vec::new();
    for _ in 0..6 {
        sign_ins.push(first_step(&app).await);
    }
    let code = json!({ "recoveryCode": codes[3] });
    let answers =
        join_all(sign_ins.iter().map(|(client, challenge)| client.second_step(challenge, code.clone())))
            .await;
    assert_eq!(answers.iter().filter(|answer| answer.json.get("errors").is_none()).count(), 1);
    assert_eq!(app.sql_value::<i64>("SELECT COUNT(*) FROM sessions", []).await, 2);
}

#[tokio::test]
async fn new_ones_take_the_place_of_the_old() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    assert_eq!(zhang.query(GENERATE).await.code(), "CONFLICT", "there is no factor to recover from");
    let old = app.enroll_totp(&zhang).await.recovery_codes;
    let answer = zhang.query(GENERATE).await;
    let new = answer.list_at("/generateRecoveryCodes/recoveryCodes");
    assert_eq!(new.len(), 10);
    assert_eq!(left(&zhang).await, 10);
    let (client, challenge) = first_step(&app).await;
    assert_eq!(
        client.second_step(&challenge, json!({ "recoveryCode": old[0] })).await.code(),
        "INVALID_CODE"
    );
    client.second_step(&challenge, json!({ "recoveryCode": new[0] })).await.data();
    let kept: Vec<Vec<u8>> = app.sql_values("SELECT code_hash FROM recovery_codes", []).await;
    assert!(kept.iter().all(|hash| hash.len() == 32), "MACs");
}

#[tokio::test]
async fn one_of_somebody_else_is_none() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    app.enroll_totp(&zhang).await;
    let of_li = app.enroll_totp(&app.with_user("李四").await).await.recovery_codes;
    let (client, challenge) = first_step(&app).await;
    for code in [of_li[0].as_str(), "0000-0000-0000-0000", "恢复码", ""] {
        assert_eq!(
            client.second_step(&challenge, json!({ "recoveryCode": code })).await.code(),
            "INVALID_CODE"
        );
    }
}
