//! How recent a sign-in by a provider is: as recent as the provider says.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    Client, TestApp,
    identity_provider::{TestProvider, location, person, visit, with},
};

const EMAIL: &str = "王小明@example.com";

fn wang() -> Value {
    person("1", EMAIL, true)
}

/// Signs in at an address of the platform, with what the provider says besides.
async fn come(provider: &TestProvider, app: &TestApp, path: &str, claims: Value) -> Client {
    provider.change(|behaviour| behaviour.twist = claims);
    let browser = app.client();
    let sent = visit(&browser, path).await;
    let answer = visit(&browser, &provider.agree(location(&sent), wang())).await;
    assert_eq!(location(&answer), "http://localhost:5000/");
    browser.refresh().await.data();
    browser
}

/// Whether a session may make an API key now.
async fn is_recent(browser: &Client) -> bool {
    let make = r#"mutation { createApiKey(input: { name: "钥匙", scopes: [READ] }) { apiKey { id } } }"#;
    let answer = browser.query(make).await;
    if answer.json.get("errors").is_none() {
        return true;
    }
    assert_eq!(answer.code(), "REAUTHENTICATION_REQUIRED");
    false
}

#[tokio::test]
async fn a_sign_in_is_as_recent_as_the_provider_says() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let now = app.now().timestamp();
    for path in ["/api/auth/company", "/api/auth/company?prompt=login"] {
        for (claims, recent) in [
            (json!({}), true),
            (json!({ "auth_time": now - 86_400 }), false),
            (json!({ "auth_time": now - 600 }), false),
            (json!({ "auth_time": now - 599 }), true),
            (json!({ "auth_time": -8e12 }), false),
            // It does not say, although it was asked.
            (json!({ "auth_time": null }), true),
            (json!({ "auth_time": now + 3600 }), true),
        ] {
            let browser = come(&provider, &app, path, claims.clone()).await;
            assert_eq!(is_recent(&browser).await, recent, "{path} {claims}");
        }
    }
}

#[tokio::test]
async fn what_is_still_to_come_counts_from_now() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let claims = json!({ "auth_time": app.now().timestamp() + 3600 });
    let browser = come(&provider, &app, "/api/auth/company", claims).await;
    app.advance(TimeDelta::minutes(10)).await;
    assert!(!is_recent(&browser).await);
}

#[tokio::test]
async fn a_minute_of_what_is_recent_is_gone_where_the_provider_asked_a_minute_ago() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let claims = json!({ "auth_time": app.now().timestamp() - 60 });
    let browser = come(&provider, &app, "/api/auth/company", claims).await;
    app.advance(TimeDelta::seconds(539)).await;
    assert!(is_recent(&browser).await);
    app.advance(TimeDelta::seconds(1)).await;
    assert!(!is_recent(&browser).await);
    let again = json!({ "auth_time": app.now().timestamp() });
    assert!(is_recent(&come(&provider, &app, "/api/auth/company?prompt=login", again).await).await);
}

#[tokio::test]
async fn a_second_step_between_is_as_recent_as_it_is() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let enrolled = app.enroll_totp(&come(&provider, &app, "/api/auth/company", json!({})).await).await;
    let claims = json!({ "auth_time": app.now().timestamp() - 86_400 });
    provider.change(|behaviour| behaviour.twist = claims);
    let browser = app.client();
    let sign_in = async || {
        let answer = provider.sign_in(&browser, wang()).await;
        location(&answer).split_once("#challenge=").map(|(_, challenge)| challenge.to_owned())
    };
    let challenge = sign_in().await.unwrap();
    let input = json!({ "totpCode": enrolled.app.code(app.now()), "rememberDevice": true });
    browser.second_step(&challenge, input).await.data();
    assert!(is_recent(&browser).await);
    // Whoever is not asked shows nothing.
    assert_eq!(sign_in().await, None);
    browser.refresh().await.data();
    assert!(!is_recent(&browser).await);
}

#[tokio::test]
async fn only_the_id_token_says_when() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    provider.change(|behaviour| {
        behaviour.tells_in_token = false;
        behaviour.userinfo = Some(with(wang(), json!({ "auth_time": "a moment ago" })));
    });
    let claims = json!({ "auth_time": app.now().timestamp() - 86_400 });
    let browser = come(&provider, &app, "/api/auth/company", claims).await;
    assert!(!is_recent(&browser).await);
}
