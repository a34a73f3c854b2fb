//! Refresh tokens: used once, replaced every time, and proof of theft when one comes back.

use chrono::TimeDelta;
use fastgpt_platform::{auth::viewer::Role, id::UserId};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::support::{Client, PASSWORD, Response, TestApp, client::SIGN_IN, email_of};

/// Signs 张三 in as a client that keeps the refresh token itself.
async fn signed_in(app: &TestApp) -> (Client, String) {
    app.account("张三").await;
    let client = app.client();
    let input = json!({ "email": email_of("张三"), "password": PASSWORD, "refreshTokenDelivery": "BODY" });
    let answer = client.query_with(SIGN_IN, json!({ "input": input })).await;
    client.set_token(answer.at("/signIn/accessToken").as_str());
    (client, answer.text_at("/signIn/refreshToken"))
}

fn token_of(answer: &Response) -> String {
    answer.text_at("/refreshSession/refreshToken")
}

async fn end_reason(app: &TestApp) -> Option<String> {
    app.sql_value("SELECT end_reason FROM sessions", []).await
}

async fn assert_ended_for_reuse(app: &TestApp, client: &Client, newest: &str) {
    assert_eq!(end_reason(app).await.as_deref(), Some("REFRESH_TOKEN_REUSED"));
    assert_eq!(client.query("{ viewer { id } }").await.status, 401, "at the next request");
    assert_eq!(app.client().refresh_with(newest).await.code(), "UNAUTHENTICATED", "nor the newest token");
}

#[tokio::test]
async fn a_refresh_replaces_both_tokens_and_keeps_the_session() {
    let app = TestApp::start().await;
    let (client, first) = signed_in(&app).await;
    let (session, access) = (client.session_id().await, client.token());
    app.advance(TimeDelta::minutes(20)).await;
    assert_eq!(client.query("{ viewer { id } }").await.code(), "UNAUTHENTICATED", "the old one ran out");

    let answer = client.refresh_with(&first).await;
    assert_ne!(token_of(&answer), first);
    assert_ne!(client.token(), access);
    assert_eq!(answer.at("/refreshSession/accessTokenExpiresAt"), "2026-11-23T08:35:00+00:00");
    assert_eq!(client.session_id().await, session);
    client.refresh_with(&token_of(&answer)).await.data();
    assert_eq!(end_reason(&app).await, None);
}

#[tokio::test]
async fn a_replay_within_the_grace_gives_the_same_next_token() {
    let app = TestApp::start().await;
    let (client, first) = signed_in(&app).await;
    let second = token_of(&client.refresh_with(&first).await);
    for _ in 0..3 {
        app.advance(TimeDelta::milliseconds(3333)).await;
        assert_eq!(token_of(&client.refresh_with(&first).await), second);
    }
    client.refresh_with(&second).await.data();
}

#[tokio::test]
async fn a_replay_after_the_grace_ends_the_session() {
    let app = TestApp::start().await;
    let (client, first) = signed_in(&app).await;
    let second = token_of(&client.refresh_with(&first).await);
    app.advance(TimeDelta::seconds(10)).await;
    let replay = app.client().refresh_with(&first).await;
    assert_eq!(replay.code(), "UNAUTHENTICATED");
    assert_ended_for_reuse(&app, &client, &second).await;
}

#[tokio::test]
async fn a_grandparent_ends_the_session_even_within_the_grace() {
    let app = TestApp::start().await;
    let (client, first) = signed_in(&app).await;
    let second = token_of(&client.refresh_with(&first).await);
    let third = token_of(&client.refresh_with(&second).await);
    assert_eq!(app.client().refresh_with(&first).await.code(), "UNAUTHENTICATED");
    assert_ended_for_reuse(&app, &client, &third).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_refreshes_at_once_all_get_the_one_next_token() {
    let app = TestApp::start().await;
    let (client, first) = signed_in(&app).await;
    let refreshes = (0..20).map(|_| {
        let (client, first) = (client.fork(), first.clone());
        tokio::spawn(async move { token_of(&client.refresh_with(&first).await) })
    });
    let answers = futures_util::future::join_all(refreshes).await;
    let tokens: Vec<String> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(tokens.len(), 20);
    assert!(tokens.iter().all(|token| *token == tokens[0]), "one and the same");

    assert_eq!(app.sql_value::<i64>("SELECT COUNT(*) FROM sessions", []).await, 1);
    let next = token_of(&client.refresh_with(&tokens[0]).await);
    assert_ne!(next, tokens[0]);
    assert_eq!(end_reason(&app).await, None);
    // With its descendant used, the twenty's token is a parent, and the first a grandparent.
    assert_eq!(client.refresh_with(&first).await.code(), "UNAUTHENTICATED");
    assert_ended_for_reuse(&app, &client, &next).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tabs_that_share_the_cookie_stay_signed_in() {
    let app = TestApp::start().await;
    let browser = app.with_user("张三").await;
    for _ in 0..3 {
        let tabs = (0..5).map(|_| {
            let tab = browser.fork();
            tokio::spawn(async move { tab.refresh().await.data().is_object().then(|| tab.refresh_token()) })
        });
        let cookies = futures_util::future::join_all(tabs).await;
        let cookies: Vec<_> = cookies.into_iter().map(Result::unwrap).collect();
        assert!(cookies.iter().all(|cookie| cookie.is_some() && *cookie == cookies[0]));
        browser.refresh().await.data();
    }
}

#[tokio::test]
async fn an_invented_token_ends_nothing() {
    let app = TestApp::start().await;
    let (client, first) = signed_in(&app).await;
    let mut changed = first.clone().into_bytes();
    // Within the secret: the session is the right one.
    changed[40] = if changed[40] == b'A' { b'B' } else { b'A' };
    let (changed, cut) = (String::from_utf8(changed).unwrap(), &first[..first.len() - 4]);
    for invented in [changed.as_str(), cut, "", "编造的", &"A".repeat(86), &client.token()] {
        let answer = app.client().refresh_with(invented).await;
        assert_eq!(answer.code(), "UNAUTHENTICATED", "{invented}");
        assert!(!answer.text.contains(&first));
    }
    assert_eq!(client.query("{ viewer { name } }").await.at("/viewer/name"), "张三");
    client.refresh_with(&first).await.data();
}

#[tokio::test]
async fn a_refresh_without_any_token_is_refused() {
    let app = TestApp::start().await;
    assert_eq!(app.client().refresh().await.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_session_that_was_idle_for_too_long_is_over() {
    let app = TestApp::configured(&[("SESSION_IDLE_TTL", "30m")]).await;
    let (client, first) = signed_in(&app).await;
    app.advance(TimeDelta::minutes(29)).await;
    let second = token_of(&client.refresh_with(&first).await);
    app.advance(TimeDelta::minutes(30)).await;
    assert_eq!(client.refresh_with(&second).await.code(), "UNAUTHENTICATED");
    assert_eq!(end_reason(&app).await, None, "time alone decides");
}

#[tokio::test]
async fn a_session_ends_at_its_greatest_age_however_much_it_is_used() {
    let app = TestApp::configured(&[("SESSION_TTL", "1h"), ("SESSION_IDLE_TTL", "30m")]).await;
    let (client, mut token) = signed_in(&app).await;
    for _ in 0..2 {
        app.advance(TimeDelta::minutes(25)).await;
        token = token_of(&client.refresh_with(&token).await);
    }
    // No access token outlives its session.
    let answer = client.refresh_with(&token).await;
    assert_eq!(answer.at("/refreshSession/accessTokenExpiresAt"), "2026-11-23T09:00:00+00:00");
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(client.query("{ viewer { id } }").await.status, 401);
    assert_eq!(client.refresh_with(&token_of(&answer)).await.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn an_ended_session_is_not_refreshed() {
    let app = TestApp::start().await;
    let (client, first) = signed_in(&app).await;
    client.query("mutation { signOut }").await.data();
    assert_eq!(app.client().refresh_with(&first).await.code(), "UNAUTHENTICATED");
    assert_eq!(end_reason(&app).await.as_deref(), Some("SIGNED_OUT"));
}

#[tokio::test]
async fn a_person_who_may_not_sign_in_is_not_refreshed() {
    let app = TestApp::start().await;
    let (client, first) = signed_in(&app).await;
    for status in ["SUSPENDED", "DEACTIVATED"] {
        app.set_status("张三", status).await;
        assert_eq!(client.refresh_with(&first).await.code(), "UNAUTHENTICATED", "{status}");
    }
}

#[tokio::test]
async fn a_new_role_comes_with_the_next_refresh() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    assert_eq!(zhang.query("{ users { totalCount } }").await.code(), "FORBIDDEN");
    app.set_role("张三", Role::Admin).await;
    let answer = zhang.query("{ viewer { role } }").await;
    assert_eq!((answer.status.as_u16(), answer.code()), (401, "UNAUTHENTICATED"));

    assert_eq!(zhang.refresh().await.at("/refreshSession/viewer/role"), "ADMIN");
    assert_eq!(zhang.query("{ users { totalCount } }").await.at("/users/totalCount"), 2);
    app.set_role("张三", Role::User).await;
    assert_eq!(zhang.query("{ users { totalCount } }").await.status, 401);
    zhang.refresh().await.data();
    assert_eq!(zhang.query("{ users { totalCount } }").await.code(), "FORBIDDEN");
}

/// Takes away what the latest change of an account has left in Redis, as time does: what is loaded next is
/// cached there as well.
async fn forget_changes(app: &TestApp, user: UserId) {
    app.gateway.users.invalidate(user.into()).await;
    if let Some(redis) = &app.gateway.config.redis {
        let client = redis::Client::open(redis.url.expose_secret()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let key = format!("{}cache:user:{}", redis.key_prefix, uuid::Uuid::from(user));
        let removed: u8 = redis::Cmd::del(key).query_async(&mut connection).await.unwrap();
        assert_eq!(removed, 1);
    }
}

#[tokio::test]
async fn a_new_role_that_nobody_was_told_of_comes_with_the_next_refresh_too() {
    let app = TestApp::start().await;
    let user = app.account("张三").await.id;
    let zhang = app.sign_in("张三").await;
    forget_changes(&app, user).await;
    assert_eq!(zhang.query("{ users { totalCount } }").await.code(), "FORBIDDEN", "cached from here on");
    app.sql("UPDATE users SET role = 'ADMIN' WHERE name = '张三'", []).await;
    assert_eq!(zhang.refresh().await.at("/refreshSession/viewer/role"), "ADMIN");
    assert!(zhang.refresh_token().is_some(), "the cookie stays");
    assert_eq!(zhang.query("{ users { totalCount } }").await.at("/users/totalCount"), 2);
}

#[tokio::test]
async fn a_browser_refreshes_by_cookie_alone() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let before = zhang.refresh_token();
    app.advance(TimeDelta::days(1)).await;
    let answer = zhang.refresh().await;
    assert!(answer.at("/refreshSession/refreshToken").is_null(), "no script sees it");
    assert_ne!(zhang.refresh_token(), before);
    let line = answer.header("set-cookie").unwrap();
    assert!(line.contains("Max-Age=2505600"), "29 days are left: {line}");
}

#[tokio::test]
async fn the_cookie_goes_when_its_token_is_refused() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let other_device = app.sign_in("张三").await;
    other_device.query("mutation { endOtherSessions }").await.data();
    let answer = zhang.refresh().await;
    assert_eq!(answer.code(), "UNAUTHENTICATED");
    let line = answer.header("set-cookie").unwrap();
    assert!(
        line.starts_with("fastgpt_refresh=;") && line.contains("Max-Age=0") && line.contains("Path=/"),
        "{line}"
    );
    assert_eq!(zhang.refresh_token(), None);
    // Who keeps the token has no cookie to lose.
    assert_eq!(app.client().refresh_with("编造的").await.header("set-cookie"), None);
}
