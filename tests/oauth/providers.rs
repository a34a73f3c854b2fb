//! Providers that are away, slow, without end, or not who they are thought to be.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{
    TestApp,
    identity_provider::{Instead, SigningKey, TestProvider, location, person, reason, visit},
    process::PATIENCE,
};

const HOME: &str = "http://localhost:5000/";
const DISCOVERY: &str = "/.well-known/openid-configuration";

fn wang() -> serde_json::Value {
    person("1", "王小明@example.com", true)
}

fn break_at(provider: &TestProvider, path: &'static str, instead: Instead) {
    provider.change(|behaviour| behaviour.instead.insert(path, instead));
}

fn mend(provider: &TestProvider) {
    provider.change(|behaviour| behaviour.instead.clear());
}

/// Whatever a provider answers when it does not answer as it should.
fn troubles(provider: &TestProvider) -> Vec<Instead> {
    vec![
        Instead::Status(500),
        Instead::Status(404),
        Instead::Status(204),
        Instead::Body(String::new()),
        Instead::Body("<html>".into()),
        Instead::Body("[]".into()),
        Instead::Body("{}".into()),
        Instead::Body(format!("\"{}\"", "长".repeat(200_000))),
        Instead::Redirect(format!("{}/elsewhere", provider.address)),
    ]
}

#[tokio::test]
async fn a_provider_that_tells_nothing_of_itself_is_not_available_until_it_does() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    for trouble in troubles(&provider) {
        break_at(&provider, DISCOVERY, trouble);
        let answer = visit(&app.client(), "/api/auth/company?next=/chat").await;
        assert_eq!(reason(&answer), "PROVIDER_UNAVAILABLE");
        assert!(location(&answer).ends_with("&next=%2Fchat"));
        app.advance(chrono::TimeDelta::seconds(5)).await;
    }
    mend(&provider);
    assert_eq!(location(&provider.sign_in(&app.client(), wang()).await), HOME);
    // Once known, it need not tell again for an hour, and is taken as it was when it cannot.
    break_at(&provider, DISCOVERY, Instead::Status(500));
    app.advance(chrono::TimeDelta::hours(2)).await;
    assert_eq!(location(&provider.sign_in(&app.client(), wang()).await), HOME);
}

#[tokio::test]
async fn one_asks_and_the_others_wait_for_it() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browsers: Vec<_> = (0..8).map(|_| app.client()).collect();
    join_all(browsers.iter().map(|browser| provider.sign_in(browser, wang()))).await;
    assert_eq!(provider.change(|behaviour| behaviour.asked[DISCOVERY]), 1);
    assert_eq!(provider.change(|behaviour| behaviour.asked["/jwks"]), 1);
    // Also where it does not answer: they do not wait in full behind one another.
    let (provider, app) = TestProvider::with_app(&[]).await;
    break_at(&provider, DISCOVERY, Instead::Status(503));
    let browsers: Vec<_> = (0..8).map(|_| app.client()).collect();
    for answer in join_all(browsers.iter().map(|browser| visit(browser, "/api/auth/company"))).await {
        assert_eq!(reason(&answer), "PROVIDER_UNAVAILABLE");
    }
    assert_eq!(provider.change(|behaviour| behaviour.asked[DISCOVERY]), 1);
}

#[tokio::test]
async fn a_provider_that_fails_in_the_middle_signs_nobody_in() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    provider.change(|behaviour| behaviour.tells_in_token = false);
    for path in ["/token", "/jwks", "/userinfo"] {
        for trouble in troubles(&provider) {
            break_at(&provider, path, trouble);
            assert_eq!(
                reason(&provider.sign_in(&app.client(), wang()).await),
                "PROVIDER_UNAVAILABLE",
                "{path}"
            );
            app.advance(chrono::TimeDelta::seconds(5)).await;
        }
        mend(&provider);
    }
    assert_eq!(app.sql_value::<i64>("SELECT COUNT(*) FROM users", []).await, 1);
    assert_eq!(location(&provider.sign_in(&app.client(), wang()).await), HOME);
}

/// The only tests that wait: for the deadline of one question.
#[tokio::test]
async fn a_provider_that_hangs_is_given_up() {
    let there = async {
        let (provider, app) = TestProvider::with_app(&[]).await;
        break_at(&provider, DISCOVERY, Instead::Nothing);
        reason(&visit(&app.client(), "/api/auth/company").await)
    };
    let back = async {
        let (provider, app) = TestProvider::with_app(&[]).await;
        break_at(&provider, "/token", Instead::Nothing);
        reason(&provider.sign_in(&app.client(), wang()).await)
    };
    let both = tokio::time::timeout(PATIENCE, async { tokio::join!(there, back) }).await.unwrap();
    assert_eq!(both, ("PROVIDER_UNAVAILABLE".to_owned(), "PROVIDER_UNAVAILABLE".to_owned()));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_not_available() {
    let gone = TestProvider::start().await;
    let mut vars = gone.vars();
    // Nothing listens on the port of nobody.
    vars[0].1 = "http://127.0.0.1:1";
    let app = TestApp::configured(&vars).await;
    assert_eq!(reason(&visit(&app.client(), "/api/auth/company").await), "PROVIDER_UNAVAILABLE");
}

#[tokio::test]
async fn a_document_of_somebody_else_is_none() {
    for (name, value) in [
        ("issuer", json!("https://evil.example")),
        ("issuer", json!(null)),
        ("authorization_endpoint", json!("http://id.example.com/authorize")),
        ("token_endpoint", json!("http://id.example.com/token")),
        ("token_endpoint", json!("file:///etc/passwd")),
        ("jwks_uri", json!("编造的")),
        ("userinfo_endpoint", json!("http://169.254.169.254/")),
        ("userinfo_endpoint", json!(1)),
    ] {
        let (provider, app) = TestProvider::with_app(&[]).await;
        provider.change(|behaviour| behaviour.metadata[name] = value.clone());
        let answer = visit(&app.client(), "/api/auth/company").await;
        assert_eq!(reason(&answer), "PROVIDER_UNAVAILABLE", "{name}: {value}");
    }
}

#[tokio::test]
async fn the_secret_goes_where_the_provider_takes_it() {
    for methods in
        [json!(["client_secret_post"]), json!(["client_secret_basic", "client_secret_post"]), json!([])]
    {
        let (provider, app) = TestProvider::with_app(&[]).await;
        provider.change(|behaviour| {
            behaviour.metadata["token_endpoint_auth_methods_supported"] = methods.clone()
        });
        assert_eq!(location(&provider.sign_in(&app.client(), wang()).await), HOME, "{methods}");
    }
}

#[tokio::test]
async fn a_new_key_is_asked_for_once() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    assert_eq!(location(&provider.sign_in(&app.client(), wang()).await), HOME);
    let second = SigningKey::es256("second");
    provider.change(|behaviour| {
        behaviour.jwks = json!({ "keys": [behaviour.key.jwk, second.jwk] });
        behaviour.key = second.clone();
    });
    assert_eq!(location(&provider.sign_in(&app.client(), wang()).await), HOME);
    assert_eq!(location(&provider.sign_in(&app.client(), wang()).await), HOME);
    assert_eq!(provider.change(|behaviour| behaviour.asked["/jwks"]), 2);
    // One that the provider does not show is none, however often it is looked for.
    provider.change(|behaviour| behaviour.key = SigningKey::es256("hidden"));
    assert_eq!(reason(&provider.sign_in(&app.client(), wang()).await), "PROVIDER_UNAVAILABLE");
    assert_eq!(provider.change(|behaviour| behaviour.asked["/jwks"]), 3);
}
