//! Somebody comes by a provider, and comes again.

use std::collections::HashMap;

use serde_json::{Value, json};
use url::Url;

use crate::support::{
    Client, PASSWORD, TestApp,
    identity_provider::{TestProvider, location, person, reason, visit, with},
};

const EMAIL: &str = "王小明@example.com";

/// What there is to read of the account that a browser is signed in to.
async fn viewer(browser: &Client) -> Value {
    browser.refresh().await.data();
    let viewer = "{ viewer { email name role emailVerified linkedAccounts { provider label email linkedAt lastUsedAt } } }";
    browser.query(viewer).await.at("/viewer").clone()
}

async fn events(browser: &Client) -> Vec<Value> {
    let answer = browser.query("{ viewer { activity { nodes { kind details } } } }").await;
    answer.list_at("/viewer/activity/nodes").to_vec()
}

#[tokio::test]
async fn a_browser_is_sent_to_the_provider_with_what_the_standards_ask_for() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = app.client();
    let answer = visit(&browser, "/api/auth/company?prompt=login").await;
    let url = Url::parse(location(&answer)).unwrap();
    assert!(url.as_str().starts_with(&format!("{}/authorize?tenant=1&", provider.address)), "{url}");
    let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(asked["redirect_uri"], "http://localhost:5000/api/auth/company/callback");
    assert_eq!(asked["scope"], "openid email profile");
    assert_eq!(asked["prompt"], "login");
    assert_eq!(asked["max_age"], "315360000", "ten years, for the answer's `auth_time`");
    // RFC 7636, section 4.2: SHA-256 in base64url.
    for (name, length) in [("code_challenge", 43), ("nonce", 43)] {
        assert_eq!(asked[name].len(), length, "{name}");
    }
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("fastgpt_provider="), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=600"), "{cookie}");

    // Nothing of it lies in the database but what only this browser makes into a key.
    let stored: String = app.sql_value("SELECT data FROM one_time_tokens", []).await;
    let own = browser.cookie("fastgpt_provider").unwrap();
    for secret in [&asked["nonce"], &asked["state"], &own] {
        assert!(!stored.contains(&**secret), "{stored}");
    }
}

#[tokio::test]
async fn behind_https_the_cookie_is_of_this_host_alone() {
    let (_, app) = TestProvider::with_app(&[("SITE_URL", "https://platform.example")]).await;
    let answer = visit(&app.client(), "/api/auth/company").await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-fastgpt_provider=") && cookie.contains("; Secure"), "{cookie}");
    let back = "redirect_uri=https%3A%2F%2Fplatform.example%2Fapi%2Fauth%2Fcompany%2Fcallback&";
    assert!(location(&answer).contains(back), "{}", location(&answer));
}

#[tokio::test]
async fn whoever_comes_for_the_first_time_has_an_account_and_comes_back_to_it() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = app.client();
    let sent = visit(&browser, "/api/auth/company?next=/chat/1%3Ftab%3D历史").await;
    let answer = visit(&browser, &provider.agree(location(&sent), person("1", EMAIL, true))).await;
    assert_eq!(location(&answer), "http://localhost:5000/chat/1?tab=%E5%8E%86%E5%8F%B2");
    let account = json!({ "provider": "company", "label": "公司目录", "email": EMAIL,
        "linkedAt": "2026-11-23T08:00:00+00:00", "lastUsedAt": "2026-11-23T08:00:00+00:00" });
    let expected = json!({ "email": EMAIL, "name": "王小明", "role": "USER", "emailVerified": true,
        "linkedAccounts": [account] });
    assert_eq!(viewer(&browser).await, expected);
    let has_password: bool =
        app.sql_value("SELECT has_password FROM users WHERE email = $1", [EMAIL.into()]).await;
    assert!(!has_password);
    let kinds: Vec<Value> = events(&browser).await.into_iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["SIGNED_IN", "ACCOUNT_LINKED", "ACCOUNT_CREATED"]);
    let events = events(&browser).await;
    assert_eq!(events[2]["details"], json!({ "method": "PROVIDER", "provider": "company" }));
    assert_eq!(
        (&events[0]["details"]["method"], &events[0]["details"]["provider"]),
        (&json!("PROVIDER"), &json!("company"))
    );
    assert_eq!(app.client().sign_in(EMAIL, PASSWORD).await.code(), "INVALID_CREDENTIALS");

    // What makes somebody the same is the subject, whatever becomes of names and addresses.
    app.advance(chrono::TimeDelta::hours(1)).await;
    let again = app.client();
    let elsewhere = with(person("1", "小明@elsewhere.example", false), json!({ "name": "改了名" }));
    assert_eq!(location(&provider.sign_in(&again, elsewhere).await), "http://localhost:5000/");
    let viewer = viewer(&again).await;
    assert_eq!((&viewer["email"], &viewer["name"]), (&json!(EMAIL), &json!("王小明")));
    let account = &viewer["linkedAccounts"][0];
    assert_eq!(
        (&account["email"], &account["lastUsedAt"]),
        (&json!("小明@elsewhere.example"), &json!("2026-11-23T09:00:00+00:00"))
    );
}

#[tokio::test]
async fn the_console_may_be_elsewhere() {
    let (provider, app) =
        TestProvider::with_app(&[("FRONTEND_URL", "https://console.example/platform/")]).await;
    let answer = provider.sign_in(&app.client(), person("1", EMAIL, true)).await;
    assert_eq!(location(&answer), "https://console.example/platform/");
    let answer = provider.sign_in(&app.client(), person("2", EMAIL, false)).await;
    let failed =
        "https://console.example/platform/sign-in/failed?provider=company&reason=EMAIL_UNVERIFIED&next=%2F";
    assert_eq!(location(&answer), failed);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_all_the_same() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    provider.sign_in(&app.client(), person("1", EMAIL, true)).await;
    app.sql("UPDATE users SET has_second_factor = true WHERE email = $1", [EMAIL.into()]).await;
    let browser = app.client();
    let sent = visit(&browser, "/api/auth/company?next=/chat").await;
    let answer = visit(&browser, &provider.agree(location(&sent), person("1", EMAIL, true))).await;
    let (page, challenge) = location(&answer).split_once("#challenge=").unwrap();
    assert_eq!(page, "http://localhost:5000/sign-in/second-factor?next=%2Fchat");
    assert_eq!(challenge.len(), 54);
    assert_eq!(browser.refresh_token(), None);
    let data: String =
        app.sql_value("SELECT data FROM one_time_tokens WHERE purpose = 'SECOND_FACTOR'", []).await;
    assert!(data.contains(r#""provider":"company""#), "{data}");
}

#[tokio::test]
async fn a_way_back_elsewhere_is_none() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    for next in ["https://evil.example", "//evil.example", "/%5Cevil.example", "/.//evil.example", "chat"] {
        let browser = app.client();
        let sent = visit(&browser, &format!("/api/auth/company?next={next}")).await;
        let answer = visit(&browser, &provider.agree(location(&sent), person("1", EMAIL, true))).await;
        assert_eq!(location(&answer), "http://localhost:5000/", "{next}");
    }
}

#[tokio::test]
async fn providers_are_told_to_everybody_in_order() {
    let provider = TestProvider::start().await;
    let google = [("GOOGLE_CLIENT_ID", "id"), ("GOOGLE_CLIENT_SECRET", "geheim")];
    let github = [("GITHUB_CLIENT_ID", "id"), ("GITHUB_CLIENT_SECRET", "geheim")];
    let app = TestApp::configured(&[provider.vars(), google.to_vec(), github.to_vec()].concat()).await;
    let answer = app.client().query("{ authProviders { id label kind } }").await;
    let expected = json!([
        { "id": "google", "label": "Google", "kind": "GOOGLE" },
        { "id": "github", "label": "GitHub", "kind": "GITHUB" },
        { "id": "company", "label": "公司目录", "kind": "OIDC" },
    ]);
    assert_eq!(answer.at("/authProviders"), &expected);
    assert!(
        TestApp::start()
            .await
            .client()
            .query("{ authProviders { id } }")
            .await
            .list_at("/authProviders")
            .is_empty()
    );
}

#[tokio::test]
async fn a_provider_that_is_not_configured_is_no_address() {
    let (_, app) = TestProvider::with_app(&[]).await;
    for path in ["/api/auth/google", "/api/auth/github/callback?code=1&state=2", "/api/auth/%E6%97%A0"] {
        let answer = visit(&app.client(), path).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (404, "NOT_FOUND"), "{path}");
    }
    // Another method uses nothing up.
    for method in [reqwest::Method::HEAD, reqwest::Method::POST] {
        let browser = app.client();
        let answer = browser.send(browser.request(method.clone(), "/api/auth/company/callback")).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("GET")), "{method}");
    }
}

#[tokio::test]
async fn nobody_tries_for_ever() {
    let (provider, app) = TestProvider::with_app(&[("SIGN_IN_ATTEMPTS_PER_MINUTE", "1")]).await;
    let browser = app.client_at("203.0.113.9");
    for _ in 0..3 {
        provider.agree(location(&visit(&browser, "/api/auth/company").await), person("1", EMAIL, true));
        assert_eq!(
            reason(&visit(&browser, "/api/auth/company/callback?state=1&code=1").await),
            "STATE_EXPIRED"
        );
    }
    assert_eq!(reason(&visit(&browser, "/api/auth/company").await), "RATE_LIMITED");
    assert_eq!(reason(&visit(&browser, "/api/auth/company/callback?state=1&code=1").await), "RATE_LIMITED");
    let elsewhere = app.client_at("203.0.113.10");
    assert_eq!(
        location(&provider.sign_in(&elsewhere, person("1", EMAIL, true)).await),
        "http://localhost:5000/"
    );
}
