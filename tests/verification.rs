//! Showing that an address is one's own, and changing it.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Client, PASSWORD, Response, TestApp, email_of};

const VERIFYING: &[(&str, &str)] =
    &[("REQUIRE_EMAIL_VERIFICATION", "on"), ("MAIL_REQUESTS_PER_HOUR", "1000")];

async fn sign_up(client: &Client, name: &str) -> Response {
    let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename
        ... on SignedIn { viewer { email } } ... on EmailVerificationRequired { email challenge challengeExpiresAt } } }";
    let input = json!({ "email": email_of(name), "password": PASSWORD, "name": name });
    client.query_with(sign_up, json!({ "input": input })).await
}

async fn verify(client: &Client, input: serde_json::Value) -> Response {
    let verify = "mutation($input: VerifyEmailInput!) { verifyEmail(input: $input) { __typename
        ... on SignedIn { viewer { email emailVerified } } ... on EmailVerified { email } } }";
    client.query_with(verify, json!({ "input": input })).await
}

async fn is_verified(app: &TestApp, name: &str) -> bool {
    app.sql_value("SELECT email_verified FROM users WHERE email = $1", [email_of(name).into()]).await
}

#[tokio::test]
async fn the_code_verifies_and_signs_in_where_one_signed_up() {
    let app = TestApp::configured(VERIFYING).await;
    let client = app.client();
    let answer = sign_up(&client, "张三").await;
    assert_eq!(answer.at("/signUp/__typename"), "EmailVerificationRequired");
    let challenge = answer.text_at("/signUp/challenge");
    assert_eq!(client.sign_in(&email_of("张三"), PASSWORD).await.code(), "EMAIL_NOT_VERIFIED");

    // The sign-in has sent another mail, in place of the first.
    let mails = app.mails_to(&email_of("张三")).await;
    assert_eq!(mails.len(), 2);
    let code = mails[0].code();
    assert_eq!(
        verify(&client, json!({ "challenge": challenge, "code": code })).await.code(),
        "INVALID_TOKEN"
    );

    let resend = "mutation($input: ResendEmailVerificationInput!) { resendEmailVerification(input: $input) { challenge } }";
    let input = json!({ "input": { "email": email_of("张三") } });
    let challenge = client.query_with(resend, input).await.text_at("/resendEmailVerification/challenge");
    let code = app.mail_to(&email_of("张三")).await.code();
    let answer = verify(&client, json!({ "challenge": challenge, "code": format!(" {code} ") })).await;
    assert_eq!(answer.at("/verifyEmail/viewer/emailVerified"), true);
    assert!(client.refresh_token().is_some(), "signed in as a browser is");
    assert_eq!(
        verify(&client, json!({ "challenge": challenge, "code": code })).await.code(),
        "INVALID_TOKEN"
    );
}

#[tokio::test]
async fn the_link_verifies_and_signs_nobody_in() {
    let app = TestApp::configured(VERIFYING).await;
    sign_up(&app.client(), "张三").await.data();
    let token = app.mail_to(&email_of("张三")).await.token();
    let elsewhere = app.client();
    let link = "query($token: String!) { emailedLink(token: $token) { purpose email } }";
    for _ in 0..2 {
        let found = elsewhere.query_with(link, json!({ "token": token })).await;
        let expected = json!({ "purpose": "VERIFY_EMAIL", "email": email_of("张三") });
        assert_eq!(found.at("/emailedLink"), &expected, "looking uses nothing up");
    }
    let answer = verify(&elsewhere, json!({ "token": token })).await;
    assert_eq!(
        answer.at("/verifyEmail"),
        &json!({ "__typename": "EmailVerified", "email": email_of("张三") })
    );
    assert!(elsewhere.refresh_token().is_none());
    assert_eq!(verify(&elsewhere, json!({ "token": token })).await.code(), "INVALID_TOKEN");
    elsewhere.sign_in(&email_of("张三"), PASSWORD).await.data();
}

#[tokio::test]
async fn links_and_codes_run_out_and_are_good_for_nothing_else() {
    let app = TestApp::configured(VERIFYING).await;
    let client = app.client();
    let challenge = sign_up(&client, "张三").await.text_at("/signUp/challenge");
    let mail = app.mail_to(&email_of("张三")).await;
    let reset = r#"mutation($token: String!) { resetPassword(input: { token: $token, newPassword: "夜里的雨敲着旧窗棂" }) }"#;
    assert_eq!(client.query_with(reset, json!({ "token": mail.token() })).await.code(), "INVALID_TOKEN");
    assert_eq!(
        verify(&client, json!({ "token": challenge })).await.code(),
        "INVALID_TOKEN",
        "a challenge is no link"
    );
    assert_eq!(
        verify(&client, json!({ "challenge": mail.token(), "code": mail.code() })).await.code(),
        "INVALID_TOKEN",
        "a link is no challenge"
    );
    let both = json!({ "token": mail.token(), "challenge": challenge, "code": mail.code() });
    assert_eq!(verify(&client, both).await.code(), "INVALID_INPUT");
    let mut damaged = mail.token().into_bytes();
    damaged[30] ^= 1;
    let damaged = String::from_utf8(damaged).unwrap();
    assert_eq!(verify(&client, json!({ "token": damaged })).await.code(), "INVALID_TOKEN");

    app.advance(TimeDelta::minutes(30)).await;
    assert_eq!(verify(&client, json!({ "token": mail.token() })).await.code(), "INVALID_TOKEN");
    let late = json!({ "challenge": challenge, "code": mail.code() });
    assert_eq!(verify(&client, late).await.code(), "INVALID_TOKEN");
    assert!(!is_verified(&app, "张三").await);
}

#[tokio::test]
async fn five_codes_may_be_tried_however_many_come_at_once() {
    let app = TestApp::configured(VERIFYING).await;
    let client = app.client();
    let challenge = sign_up(&client, "张三").await.text_at("/signUp/challenge");
    let right = app.mail_to(&email_of("张三")).await.code();
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let input = json!({ "challenge": challenge, "code": wrong });
    let answers = join_all((0..40).map(|_| verify(&client, input.clone()))).await;
    let looked_at = answers.iter().filter(|answer| answer.code() == "INVALID_CODE").count();
    assert_eq!(looked_at, 5);
    assert!(answers.iter().all(|answer| ["INVALID_CODE", "INVALID_TOKEN"].contains(&answer.code())));
    let input = json!({ "challenge": challenge, "code": right });
    assert_eq!(verify(&client, input).await.code(), "INVALID_TOKEN", "the right one comes too late");
}

#[tokio::test]
async fn two_tabs_that_finish_at_once_leave_one_session() {
    let app = TestApp::configured(VERIFYING).await;
    let client = app.client();
    let challenge = sign_up(&client, "张三").await.text_at("/signUp/challenge");
    let code = app.mail_to(&email_of("张三")).await.code();
    let input = json!({ "challenge": challenge, "code": code });
    let tabs = join_all((0..4).map(|_| verify(&client, input.clone()))).await;
    assert_eq!(tabs.iter().filter(|answer| answer.json.get("errors").is_none()).count(), 1);
    let sessions: i64 = app.sql_value("SELECT COUNT(*) FROM sessions", []).await;
    assert_eq!(sessions, 1);
}

/// What a stranger learns of an address by signing up with it, and by asking for the mail again.
#[tokio::test]
async fn nobody_learns_whether_an_address_has_an_account() {
    let app = TestApp::configured(VERIFYING).await;
    app.account("李四").await;
    let stranger = app.client();
    let of_taken = sign_up(&stranger, "李四").await;
    let of_free = sign_up(&stranger, "王五").await;
    let shape = |answer: &Response| {
        let it = answer.at("/signUp");
        (it["__typename"].clone(), it["challengeExpiresAt"].clone(), it["challenge"].as_str().unwrap().len())
    };
    assert_eq!(shape(&of_taken), shape(&of_free));
    let mail = app.mail_to(&email_of("李四")).await;
    assert!(mail.text.contains("该邮箱已有账号"), "{}", mail.text);
    // Its link lets the owner choose a new password, and nobody else has it.
    let reset = r#"mutation($token: String!) { resetPassword(input: { token: $token, newPassword: "夜里的雨敲着旧窗棂" }) }"#;
    app.client().query_with(reset, json!({ "token": mail.token() })).await.data();

    let challenge = of_taken.text_at("/signUp/challenge");
    let codes = join_all(
        (0..6).map(|n| verify(&stranger, json!({ "challenge": challenge, "code": format!("00000{n}") }))),
    );
    let codes: Vec<String> = codes.await.iter().map(|answer| answer.code().to_owned()).collect();
    assert_eq!(codes.iter().filter(|code| *code == "INVALID_CODE").count(), 5, "a decoy counts as any other");

    let resend = "mutation($input: ResendEmailVerificationInput!) { resendEmailVerification(input: $input) { email challengeExpiresAt } }";
    let sent_before = app.mails_to(&email_of("李四")).await.len();
    for name in ["李四", "王五", "无人"] {
        let answer = stranger.query_with(resend, json!({ "input": { "email": email_of(name) } })).await;
        assert_eq!(answer.text_at("/resendEmailVerification/email"), email_of(name));
    }
    assert_eq!(app.mails_to(&email_of("李四")).await.len(), sent_before);
    assert_eq!(app.mails_to(&email_of("王五")).await.len(), 2);
    assert_eq!(app.mails_to(&email_of("无人")).await.len(), 0);
}

async fn request_change(client: &Client, to: &str) -> Response {
    let request = "mutation($to: String!) { requestEmailChange(input: { newEmail: $to }) }";
    client.query_with(request, json!({ "to": to })).await
}

async fn confirm(client: &Client, token: &str) -> Response {
    let confirm = "mutation($token: String!) { confirmEmailChange(input: { token: $token }) { email } }";
    client.query_with(confirm, json!({ "token": token })).await
}

#[tokio::test]
async fn another_address_takes_a_fresh_sign_in_and_its_own_word() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(request_change(&zhang, "新址@example.com").await.code(), "REAUTHENTICATION_REQUIRED");
    let reauthenticate =
        "mutation($password: String!) { reauthenticate(input: { password: $password }) { validUntil } }";
    zhang.query_with(reauthenticate, json!({ "password": PASSWORD })).await.data();
    request_change(&zhang, "新址@example.com").await.data();
    assert!(
        app.mail_to(&email_of("张三")).await.text.contains("新址@example.com"),
        "the old address is told"
    );
    assert_eq!(zhang.query("{ viewer { email } }").await.text_at("/viewer/email"), email_of("张三"));

    let token = app.mail_to("新址@example.com").await.token();
    assert_eq!(confirm(&app.client(), &token).await.at("/confirmEmailChange/email"), "新址@example.com");
    let answer = zhang.query("{ viewer { email emailVerified } }").await;
    assert_eq!(answer.at("/viewer"), &json!({ "email": "新址@example.com", "emailVerified": true }));
    assert!(app.mail_to(&email_of("张三")).await.text.contains("此邮箱不再使用"));
    assert_eq!(confirm(&app.client(), &token).await.code(), "INVALID_TOKEN");
    app.client().sign_in("新址@example.com", PASSWORD).await.data();
    assert_eq!(app.client().sign_in(&email_of("张三"), PASSWORD).await.code(), "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn the_last_request_counts_and_a_taken_address_is_not_told() {
    let app = TestApp::start().await;
    let (zhang, li) = (app.with_user("张三").await, app.with_user("李四").await);
    request_change(&zhang, &email_of("李四")).await.data();
    assert!(app.mail_to(&email_of("李四")).await.text.contains("该邮箱已有账号"));

    request_change(&zhang, "甲@example.com").await.data();
    let first = app.mail_to("甲@example.com").await.token();
    request_change(&zhang, "乙@example.com").await.data();
    let second = app.mail_to("乙@example.com").await.token();
    assert_eq!(confirm(&zhang, &first).await.code(), "INVALID_TOKEN");

    // Somebody else is faster with the second one.
    request_change(&li, "乙@example.com").await.data();
    let token = app.mail_to("乙@example.com").await.token();
    confirm(&li, &token).await.data();
    assert_eq!(confirm(&zhang, &second).await.code(), "CONFLICT");
    assert_eq!(zhang.query("{ viewer { email } }").await.text_at("/viewer/email"), email_of("张三"));
}
