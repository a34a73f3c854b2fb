//! The way there and back: in one browser, once, and not for ever.

use chrono::TimeDelta;
use futures_util::future::join_all;

use crate::support::{
    TestApp,
    identity_provider::{TestProvider, location, person, reason, visit},
};

const HOME: &str = "http://localhost:5000/";

fn wang() -> serde_json::Value {
    person("1", "王小明@example.com", true)
}

async fn sessions(app: &TestApp) -> i64 {
    app.sql_value("SELECT COUNT(*) FROM sessions", []).await
}

#[tokio::test]
async fn an_answer_is_good_once() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = app.client();
    let back = provider.agree(location(&visit(&browser, "/api/auth/company").await), wang());
    assert_eq!(location(&visit(&browser, &back).await), HOME);
    assert_eq!(reason(&visit(&browser, &back).await), "STATE_EXPIRED");
    assert_eq!(sessions(&app).await, 1);
    assert_eq!(provider.change(|behaviour| behaviour.asked["/token"]), 1, "the provider is not asked again");
}

#[tokio::test]
async fn of_an_answer_that_comes_many_times_at_once_one_signs_in() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = app.client();
    let back = provider.agree(location(&visit(&browser, "/api/auth/company").await), wang());
    let copies = (0..8).map(|_| browser.fork()).collect::<Vec<_>>();
    let answers = join_all(copies.iter().map(|copy| visit(copy, &back))).await;
    assert_eq!(answers.iter().filter(|answer| location(answer) == HOME).count(), 1);
    assert_eq!(sessions(&app).await, 1);
}

#[tokio::test]
async fn an_answer_in_another_browser_signs_nobody_in() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let (attacker, victim) = (app.client(), app.client());
    let back = provider.agree(location(&visit(&attacker, "/api/auth/company").await), wang());
    assert_eq!(reason(&visit(&victim, &back).await), "STATE_EXPIRED", "without a cookie");
    visit(&victim, "/api/auth/company").await;
    assert_eq!(reason(&visit(&victim, &back).await), "STATE_EXPIRED", "with a cookie of its own");
    assert_eq!(sessions(&app).await, 0);
    // And it uses nothing up.
    assert_eq!(location(&visit(&attacker, &back).await), HOME);
}

#[tokio::test]
async fn a_state_that_was_not_given_out_is_none() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = app.client();
    let back = provider.agree(location(&visit(&browser, "/api/auth/company").await), wang());
    let (path, query) = back.split_once('?').unwrap();
    let state = query.split('&').find(|pair| pair.starts_with("state=")).unwrap();
    let last = if state.ends_with('A') { 'B' } else { 'A' };
    let forged = format!("{}{last}", &state[..state.len() - 1]);
    let without = query.replace(&format!("&{state}"), "");
    let other = query.replace(state, &forged);
    let empty = query.replace(state, "state=");
    let twice = format!("{query}&{state}");
    for query in [&*without, &other, &empty, &twice, "", "state=%00%FF&code=1"] {
        assert_eq!(reason(&visit(&browser, &format!("{path}?{query}")).await), "STATE_EXPIRED", "{query}");
    }
    // A token of something else is none either.
    let admin = app.admin().await;
    let cookie = admin.refresh_token().unwrap();
    assert_eq!(reason(&visit(&browser, &format!("{path}?code=1&state={cookie}")).await), "STATE_EXPIRED");
    assert_eq!(location(&visit(&browser, &back).await), HOME, "nothing is used up");
}

#[tokio::test]
async fn the_answer_of_one_provider_is_not_good_at_another() {
    let github = [("GITHUB_CLIENT_ID", "id"), ("GITHUB_CLIENT_SECRET", "geheim")];
    let (provider, app) = TestProvider::with_app(&github).await;
    let browser = app.client();
    let back = provider.agree(location(&visit(&browser, "/api/auth/company").await), wang());
    let elsewhere = back.replace("/company/", "/github/");
    assert_eq!(reason(&visit(&browser, &elsewhere).await), "STATE_EXPIRED");
}

#[tokio::test]
async fn one_may_be_away_for_ten_minutes() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    for (away, gets_in) in [(TimeDelta::seconds(599), true), (TimeDelta::seconds(600), false)] {
        let browser = app.client();
        let back = provider.agree(location(&visit(&browser, "/api/auth/company").await), wang());
        app.advance(away).await;
        let answer = visit(&browser, &back).await;
        if gets_in {
            assert_eq!(location(&answer), HOME);
        } else {
            assert_eq!(reason(&answer), "STATE_EXPIRED");
        }
    }
}

#[tokio::test]
async fn two_tabs_both_arrive() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = app.client();
    let first = visit(&browser, "/api/auth/company?next=/first").await;
    let second = visit(&browser, "/api/auth/company?next=/second").await;
    let [first, second] = [&first, &second].map(|sent| provider.agree(location(sent), wang()));
    assert_eq!(location(&visit(&browser, &second).await), format!("{HOME}second"));
    assert_eq!(location(&visit(&browser, &first).await), format!("{HOME}first"));
    let accounts: i64 = app.sql_value("SELECT COUNT(*) FROM linked_accounts", []).await;
    assert_eq!(accounts, 1);
}

#[tokio::test]
async fn somebody_who_refuses_comes_back_and_is_told_so() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    for (error, expected) in [
        ("access_denied", "ACCESS_DENIED"),
        ("login_required", "ACCESS_DENIED"),
        ("temporarily_unavailable", "PROVIDER_UNAVAILABLE"),
        ("server_error", "PROVIDER_UNAVAILABLE"),
        ("invalid_scope", "PROVIDER_UNAVAILABLE"),
        ("%E7%BC%96%E9%80%A0%E7%9A%84%0A", "PROVIDER_UNAVAILABLE"),
    ] {
        let browser = app.client();
        let back = provider.agree(location(&visit(&browser, "/api/auth/company?next=/chat").await), wang());
        let refused = back.replace("code=", &format!("error={error}&error_description="));
        let answer = visit(&browser, &refused).await;
        assert_eq!(reason(&answer), expected, "{error}");
        assert!(location(&answer).ends_with("&next=%2Fchat"));
        assert_eq!(reason(&visit(&browser, &back).await), "STATE_EXPIRED", "the journey is over");
    }
    let reasons: Vec<String> = app
        .sql_values("SELECT details FROM audit_events WHERE kind = 'SIGN_IN_FAILED' ORDER BY id", [])
        .await;
    assert_eq!(reasons.len(), 12);
    assert_eq!(reasons[0], r#"{"provider":"company","reason":"ACCESS_DENIED"}"#);
}

#[tokio::test]
async fn an_answer_says_whose_it_is_where_the_provider_promises_that() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = app.client();
    for (issuer, is_refused) in [("&iss=https%3A%2F%2Fevil.example", true), ("", true)] {
        let back = provider.agree(location(&visit(&browser, "/api/auth/company").await), wang());
        let (back, _) = back.split_once("&iss=").unwrap();
        let answer = visit(&browser, &format!("{back}{issuer}")).await;
        assert_eq!(reason(&answer) == "STATE_EXPIRED", is_refused, "{issuer:?}");
    }
    assert!(!provider.change(|behaviour| behaviour.asked.contains_key("/token")), "no code is given away");
}

#[tokio::test]
async fn a_provider_that_does_not_promise_it_need_not_say_whose_an_answer_is() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    provider.change(|behaviour| {
        behaviour.metadata["authorization_response_iss_parameter_supported"] = false.into()
    });
    let browser = app.client();
    let back = provider.agree(location(&visit(&browser, "/api/auth/company").await), wang());
    let (back, _) = back.split_once("&iss=").unwrap();
    assert_eq!(location(&visit(&browser, back).await), HOME);
}

#[tokio::test]
async fn a_code_that_the_provider_does_not_take_is_not_good_any_more() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = app.client();
    let back = provider.agree(location(&visit(&browser, "/api/auth/company").await), wang());
    let forged = back.replace("code=code-0", "code=%E7%BC%96%E9%80%A0%E7%9A%84");
    assert_eq!(reason(&visit(&browser, &forged).await), "STATE_EXPIRED");
}
