//! GitHub, which has a way of its own.

use serde_json::{Value, json};

use crate::support::{
    github::{TestGitHub, hubber},
    identity_provider::{location, reason, visit},
};

const HOME: &str = "http://localhost:5000/";

fn emails(primary: &str, verified: bool) -> Value {
    json!([
        { "email": "旧址@example.com", "primary": false, "verified": true, "visibility": null },
        { "email": primary, "primary": true, "verified": verified, "visibility": "private" },
    ])
}

#[tokio::test]
async fn the_primary_address_is_the_accounts() {
    let (github, app) = TestGitHub::with_app(&[]).await;
    let browser = app.client();
    let octo = hubber(583_231, json!("王小明"), emails("王小明@example.com", true));
    assert_eq!(location(&github.sign_in(&browser, octo).await), HOME);
    browser.refresh().await.data();
    let viewer = "{ viewer { name email linkedAccounts { provider label email } } }";
    let account = json!({ "provider": "github", "label": "GitHub", "email": "王小明@example.com" });
    let expected = json!({ "name": "王小明", "email": "王小明@example.com", "linkedAccounts": [account] });
    assert_eq!(browser.query(viewer).await.at("/viewer"), &expected);
    // The number makes somebody the same, whatever becomes of names and addresses.
    let again = app.client();
    let octo = hubber(583_231, Value::Null, emails("新址@example.com", false));
    assert_eq!(location(&github.sign_in(&again, octo).await), HOME);
    again.refresh().await.data();
    assert_eq!(again.user_id().await, browser.user_id().await);
}

#[tokio::test]
async fn who_has_no_name_is_called_by_the_login() {
    let (github, app) = TestGitHub::with_app(&[]).await;
    for (id, name) in [(1, Value::Null), (2, json!("  "))] {
        let browser = app.client();
        let octo = hubber(id, name, emails(&format!("人{id}@example.com"), true));
        assert_eq!(location(&github.sign_in(&browser, octo).await), HOME);
        browser.refresh().await.data();
        assert_eq!(
            browser.query("{ viewer { name } }").await.at("/viewer/name"),
            &json!(format!("octo{id}"))
        );
    }
}

#[tokio::test]
async fn an_address_that_is_not_verified_or_not_there_opens_nothing() {
    let (github, app) = TestGitHub::with_app(&[]).await;
    let verified_but_not_primary = json!([{ "email": "a@example.com", "primary": false, "verified": true }]);
    for emails in [
        emails("a@example.com", false),
        emails("ａ@example.com", true),
        json!([]),
        verified_but_not_primary,
        json!([{ "email": "" }]),
    ] {
        let answer = github.sign_in(&app.client(), hubber(1, json!("王"), emails.clone())).await;
        assert_eq!(reason(&answer), "EMAIL_UNVERIFIED", "{emails}");
    }
}

#[tokio::test]
async fn what_github_answers_otherwise_signs_nobody_in() {
    let (github, app) = TestGitHub::with_app(&[]).await;
    let browser = app.client();
    let octo = || hubber(1, json!("王"), emails("a@example.com", true));
    let back = github.agree(location(&visit(&browser, "/api/auth/github").await), octo());
    let forged = back.replace("code=code-0", "code=code-1");
    assert_eq!(reason(&visit(&browser, &forged).await), "STATE_EXPIRED", "a code that is not GitHub's");
    for broken in [json!({ "user": {}, "emails": [] }), json!({ "user": { "id": "1", "login": "a" } })] {
        assert_eq!(reason(&github.sign_in(&app.client(), broken).await), "PROVIDER_UNAVAILABLE");
    }
    let refused = back.split_once('?').unwrap().0;
    let sent = visit(&browser, "/api/auth/github?prompt=login").await;
    assert!(location(&sent).ends_with("&prompt=select_account"), "{}", location(&sent));
    let state = location(&sent).split('&').find(|pair| pair.starts_with("state=")).unwrap().to_owned();
    let answer = visit(&browser, &format!("{refused}?error=access_denied&{state}")).await;
    assert_eq!(reason(&answer), "ACCESS_DENIED");
}
