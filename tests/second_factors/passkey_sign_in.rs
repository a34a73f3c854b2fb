//! Signing in with a passkey alone.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{TestApp, authenticator::Authenticator, email_of};

#[tokio::test]
async fn a_passkey_is_password_and_second_factor_in_one() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    app.enroll_totp(&zhang).await;
    let mut phone = app.enroll_passkey(&zhang, "手机").await;
    let client = app.client();
    let (challenge, options) = client.passkey_options("startPasskeySignIn", "").await;
    assert_eq!(options["allowCredentials"], json!([]), "the authenticator finds it");
    assert_eq!((&options["userVerification"], &options["rpId"]), (&json!("required"), &json!("localhost")));
    let answer = client.show_passkey(&challenge, phone.get(&options)).await;
    assert_eq!(answer.at("/signInWithPasskey/viewer/name"), "张三");
    assert_eq!(answer.at("/signInWithPasskey/refreshToken"), &Value::Null);
    assert!(client.refresh_token().is_some());
    let events = client.query("{ viewer { activity(first: 1) { nodes { kind details } } } }").await;
    let event = &events.list_at("/viewer/activity/nodes")[0];
    assert_eq!((&event["kind"], &event["details"]["method"]), (&json!("SIGNED_IN"), &json!("PASSKEY")));
    // It counts as recent.
    client.query("mutation { generateRecoveryCodes { recoveryCodes } }").await.data();
}

#[tokio::test]
async fn an_answer_is_good_once() {
    let app = TestApp::start().await;
    let mut phone = app.enroll_passkey(&app.with_user("张三").await, "手机").await;
    let (challenge, options) = app.client().passkey_options("startPasskeySignIn", "").await;
    let answer = phone.get(&options);
    let clients: Vec<_> = (0..6).map(|_| app.client()).collect();
    let answers =
        join_all(clients.iter().map(|client| client.show_passkey(&challenge, answer.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.json.get("errors").is_none()).count(), 1);
    assert_eq!(app.client().show_passkey(&challenge, answer.clone()).await.code(), "INVALID_TOKEN");
    assert_eq!(app.sql_value::<i64>("SELECT COUNT(*) FROM sessions", []).await, 2);
    let (fresh, _) = app.client().passkey_options("startPasskeySignIn", "").await;
    assert_eq!(
        app.client().show_passkey(&fresh, answer).await.code(),
        "INVALID_CODE",
        "it is for another challenge"
    );
    let (late, options) = app.client().passkey_options("startPasskeySignIn", "").await;
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(app.client().show_passkey(&late, phone.get(&options)).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn whatever_is_wrong_nobody_is_signed_in_and_nothing_is_told() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let phone = app.enroll_passkey(&zhang, "手机").await;
    let of_li = app.enroll_passkey(&app.with_user("李四").await, "李四的手机").await;
    let mut unknown = app.authenticator();
    unknown.create(&json!({ "rp": { "id": "localhost" }, "user": { "id": "AAAA" }, "challenge": "AAAA" }));
    let wrong = [
        Authenticator { origin: "https://evil.example".into(), ..phone.clone() },
        Authenticator { verifies_user: false, ..phone.clone() },
        Authenticator { tells_user: false, ..phone.clone() },
        Authenticator { user_handle: of_li.user_handle.clone(), ..phone.clone() },
        Authenticator { user_handle: Some(vec![0; 16]), ..phone.clone() },
        Authenticator { id: phone.id.clone(), ..of_li },
        Authenticator { user_handle: phone.user_handle.clone(), ..unknown.clone() },
        unknown,
    ];
    for mut authenticator in wrong {
        let client = app.client();
        let answer = client.sign_in_with(&mut authenticator).await;
        assert_eq!(
            (answer.code(), answer.message()),
            ("INVALID_CODE", "This is not the right code or passkey.")
        );
        assert_eq!(client.refresh_token(), None);
    }
    for credential in [json!({}), json!([]), json!({ "id": "x".repeat(20_000) })] {
        let (challenge, _) = app.client().passkey_options("startPasskeySignIn", "").await;
        assert_eq!(app.client().show_passkey(&challenge, credential).await.code(), "INVALID_INPUT");
    }
    let mut phone = phone;
    let (_, options) = app.client().passkey_options("startPasskeySignIn", "").await;
    assert_eq!(app.client().show_passkey("编造的", phone.get(&options)).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn an_account_that_may_not_sign_in_does_not() {
    let app = TestApp::start().await;
    let mut phone = app.enroll_passkey(&app.with_user("张三").await, "手机").await;
    app.set_status("张三", "SUSPENDED").await;
    assert_eq!(app.client().sign_in_with(&mut phone).await.code(), "FORBIDDEN");
    app.set_status("张三", "ACTIVE").await;
    app.client().sign_in_with(&mut phone).await.data();
    app.sql("UPDATE users SET email_verified = FALSE WHERE name = '张三'", []).await;
    let strict = app.replica(&[("REQUIRE_EMAIL_VERIFICATION", "on")]).await;
    assert_eq!(strict.client().sign_in_with(&mut phone).await.code(), "EMAIL_NOT_VERIFIED");
    let mail = app.mail_to(&email_of("张三")).await;
    assert!(!mail.token().is_empty());
}

#[tokio::test]
async fn tries_of_one_network_are_limited() {
    let app =
        TestApp::configured(&[("SIGN_IN_ATTEMPTS_PER_MINUTE", "2"), ("TRUSTED_PROXIES", "127.0.0.0/8")])
            .await;
    let mut phone = app.enroll_passkey(&app.with_user("张三").await, "手机").await;
    let mut evil = Authenticator { origin: "https://evil.example".into(), ..phone.clone() };
    let stranger = app.client_at("198.51.100.7");
    for _ in 0..6 {
        assert_eq!(stranger.sign_in_with(&mut evil).await.code(), "INVALID_CODE");
    }
    assert_eq!(stranger.sign_in_with(&mut evil).await.code(), "RATE_LIMITED");
    app.client_at("198.51.100.8").sign_in_with(&mut phone).await.data();
}
