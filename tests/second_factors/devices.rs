//! Devices that are not asked for a second factor for a while.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, TestApp, email_of, factors::Enrolled};

async fn sign_in(app: &TestApp, client: &Client, enrolled: &Enrolled, remember: bool) {
    app.advance(TimeDelta::seconds(30)).await;
    let challenge = client.first_step(&email_of("张三"), PASSWORD).await;
    let input = json!({ "totpCode": enrolled.app.code(app.now()), "rememberDevice": remember });
    client.second_step(&challenge, input).await.data();
    client.set_token(None);
}

/// What the first step of a sign-in answers.
async fn asked(client: &Client) -> bool {
    let answer = client.try_first_step(&email_of("张三"), PASSWORD).await;
    answer.at("/signIn/__typename") == "SecondFactorRequired"
}

#[tokio::test]
async fn a_remembered_device_is_not_asked_for_thirty_days() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let enrolled = app.enroll_totp(&zhang).await;
    let (phone, laptop) = (app.client(), app.client());
    sign_in(&app, &phone, &enrolled, true).await;
    sign_in(&app, &laptop, &enrolled, false).await;
    assert!(!asked(&phone).await);
    assert!(asked(&laptop).await, "it did not ask to be remembered");
    assert!(asked(&app.client()).await);
    let document =
        "{ viewer { secondFactors { rememberedDevices } activity(first: 50) { nodes { kind } } } }";
    let answer = zhang.query(document).await;
    assert_eq!(answer.at("/viewer/secondFactors/rememberedDevices"), 1);
    assert!(answer.texts_at("/viewer/activity/nodes", "kind").contains(&"DEVICE_REMEMBERED".into()));

    app.advance(TimeDelta::days(30) - TimeDelta::minutes(5)).await;
    assert!(!asked(&phone).await);
    app.advance(TimeDelta::minutes(5)).await;
    assert!(asked(&phone).await);
}

#[tokio::test]
async fn it_is_remembered_for_one_account() {
    let app = TestApp::start().await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    app.enroll_totp(&app.with_user("李四").await).await;
    let phone = app.client();
    sign_in(&app, &phone, &enrolled, true).await;
    let li = phone.try_first_step(&email_of("李四"), PASSWORD).await;
    assert_eq!(li.at("/signIn/__typename"), "SecondFactorRequired");
}

#[tokio::test]
async fn its_owner_can_have_it_forgotten() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let enrolled = app.enroll_totp(&zhang).await;
    let phone = app.client();
    sign_in(&app, &phone, &enrolled, true).await;
    let forget = "mutation { forgetRememberedDevices }";
    let li = app.with_user("李四").await;
    assert_eq!(li.query(forget).await.at("/forgetRememberedDevices"), 0, "one's own alone");
    assert_eq!(zhang.query(forget).await.at("/forgetRememberedDevices"), 1);
    assert_eq!(zhang.query(forget).await.at("/forgetRememberedDevices"), 0);
    assert!(asked(&phone).await);
    let events = zhang.query("{ viewer { activity(first: 1) { nodes { kind details } } } }").await;
    let expected = json!({ "kind": "DEVICE_FORGOTTEN", "details": { "count": 1 } });
    assert_eq!(events.at("/viewer/activity/nodes/0"), &expected);
}

#[tokio::test]
async fn another_password_or_the_end_of_the_factor_forgets_it() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let enrolled = app.enroll_totp(&zhang).await;
    let phone = app.client();
    let remembered = "SELECT COUNT(*) FROM known_devices WHERE remembered_until IS NOT NULL";
    sign_in(&app, &phone, &enrolled, true).await;
    assert_eq!(app.sql_value::<i64>(remembered, []).await, 1);
    let change =
        "mutation($p: String!) { changePassword(input: { currentPassword: $p, newPassword: $p }) { id } }";
    zhang.query_with(change, json!({ "p": PASSWORD })).await.data();
    assert_eq!(app.sql_value::<i64>(remembered, []).await, 0);
    sign_in(&app, &phone, &enrolled, true).await;
    assert_eq!(app.sql_value::<i64>(remembered, []).await, 1);
    zhang.query("mutation { disableTotp { id } }").await.data();
    assert_eq!(app.sql_value::<i64>(remembered, []).await, 0);
}

#[tokio::test]
async fn a_client_without_cookies_brings_its_devices_secret_itself() {
    let app = TestApp::start().await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let client = app.client();
    let challenge = client.first_step(&email_of("张三"), PASSWORD).await;
    let code = enrolled.app.code(app.now());
    let input = json!({ "totpCode": code, "rememberDevice": true, "refreshTokenDelivery": "BODY" });
    let device = client.second_step(&challenge, input).await.text_at("/completeSignIn/deviceToken");
    let document = "mutation($input: SignInInput!) { signIn(input: $input) { __typename } }";
    for (token, expected) in [(json!(device), "SignedIn"), (Value::Null, "SecondFactorRequired")] {
        let input = json!({ "email": email_of("张三"), "password": PASSWORD, "deviceToken": token });
        let answer = app.client().query_with(document, json!({ "input": input })).await;
        assert_eq!(answer.at("/signIn/__typename"), expected);
    }
}

#[tokio::test]
async fn a_secret_that_somebody_knew_before_stands_for_nothing() {
    let app = TestApp::start().await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let li = app.account("李四").await;
    let shared = app.client();
    shared.sign_in(&li.email, PASSWORD).await.data();
    shared.set_token(None);
    let known = shared.fork();
    sign_in(&app, &shared, &enrolled, true).await;
    assert!(!asked(&shared).await);
    assert!(asked(&known).await, "the secret of before is not the device's any more");
    // Nor is the device a new one to the other who uses it.
    let mails = app.mails_to(&li.email).await.len();
    shared.sign_in(&li.email, PASSWORD).await.data();
    assert_eq!(app.mails_to(&li.email).await.len(), mails);
}
