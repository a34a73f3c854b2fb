//! `renewToken`: a socket that outlives the token that it was opened with.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{ME, code_of};
use crate::support::{Client, TestApp, socket::Socket};

const RENEW: &str =
    "mutation($input: RenewTokenInput!) { renewToken(input: $input) { accessTokenExpiresAt } }";

async fn renew(socket: &mut Socket, token: &str) -> Value {
    let variables = json!({ "input": { "accessToken": token } });
    socket.run_with("renew", json!({ "query": RENEW, "variables": variables })).await
}

async fn renewed_until(socket: &mut Socket, token: &str) -> DateTime<Utc> {
    let answer = renew(socket, token).await;
    let time = answer["data"]["renewToken"]["accessTokenExpiresAt"].as_str();
    time.unwrap_or_else(|| panic!("not renewed: {answer}")).parse().unwrap()
}

/// A token of the client's session that lasts longer than those of the server that it was opened on.
async fn longer_token(app: &TestApp, client: &Client, ttl: &str) -> String {
    let generous = app.replica(&[("ACCESS_TOKEN_TTL", ttl)]).await;
    let same_device = generous.client();
    same_device.refresh_with(&client.refresh_token().unwrap()).await.data();
    same_device.token()
}

#[tokio::test]
async fn a_renewed_token_moves_the_end_and_an_earlier_one_does_not_move_it_back() {
    let app = TestApp::configured(&[("ACCESS_TOKEN_TTL", "1s")]).await;
    let zhang = app.with_user("zhang").await;
    let (short, long) = (zhang.token(), longer_token(&app, &zhang, "1h").await);
    let end = app.now() + TimeDelta::hours(1);

    let mut renewed = Socket::connect(&zhang).await;
    assert_eq!(renewed_until(&mut renewed, &long).await, end);
    assert_eq!(renewed_until(&mut renewed, &short).await, end);
    // Opened later, with the token that the other one was opened with.
    let mut left_alone = Socket::connect(&zhang).await;
    assert_eq!(left_alone.closing().await, (4401, "Access token expired".into()));
    assert_eq!(renewed.run("1", ME).await["data"]["viewer"]["email"], "zhang@example.com");
}

#[tokio::test]
async fn a_socket_ends_with_the_token_that_it_was_renewed_with() {
    let app = TestApp::configured(&[("ACCESS_TOKEN_TTL", "1s")]).await;
    let zhang = app.with_user("zhang").await;
    let mut socket = Socket::connect(&zhang).await;
    app.advance(TimeDelta::milliseconds(500)).await;
    zhang.refresh().await.data();
    let end = app.now() + TimeDelta::seconds(1);
    // A token counts in whole seconds.
    assert!(renewed_until(&mut socket, &zhang.token()).await > end - TimeDelta::seconds(1));
    assert_eq!(socket.close_code().await, 4401);
}

#[tokio::test]
async fn a_subscription_goes_on_under_the_new_token() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let mut socket = Socket::watch(&zhang).await;
    app.advance(TimeDelta::minutes(5)).await;
    zhang.refresh().await.data();
    assert_eq!(socket.event().await.0, "REFRESHED");
    assert_eq!(renewed_until(&mut socket, &zhang.token()).await, app.now() + TimeDelta::minutes(15));
    zhang.refresh().await.data();
    assert_eq!(socket.event().await, ("REFRESHED".to_owned(), zhang.session_id().await));
}

#[tokio::test]
async fn only_a_good_token_of_the_same_session_renews() {
    let app = TestApp::start().await;
    let (zhang, li) = (app.with_user("zhang").await, app.with_user("li").await);
    let (phone, ended) = (app.sign_in("zhang").await, app.sign_in("zhang").await);
    ended.query("mutation { signOut }").await.data();
    let mut socket = Socket::connect(&zhang).await;
    for (token, code) in [
        (phone.token(), "FORBIDDEN"),
        (li.token(), "FORBIDDEN"),
        (ended.token(), "UNAUTHENTICATED"),
        (zhang.token() + "x", "UNAUTHENTICATED"),
        ("胡说".into(), "UNAUTHENTICATED"),
        (String::new(), "UNAUTHENTICATED"),
    ] {
        let refused = renew(&mut socket, &token).await;
        assert_eq!(code_of(&refused["errors"]), code, "{token}: {refused}");
    }
    assert_eq!(socket.run("1", ME).await["data"]["viewer"]["email"], "zhang@example.com", "it stays open");
    renewed_until(&mut socket, &zhang.token()).await;
}

#[tokio::test]
async fn there_is_nothing_to_renew_without_a_socket_that_a_token_opened() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let mut anonymous = Socket::connect_anonymously(&app.client()).await;
    let refused = renew(&mut anonymous, &zhang.token()).await;
    assert_eq!(code_of(&refused["errors"]), "BAD_REQUEST", "{refused}");
    assert_eq!(anonymous.run("1", ME).await, json!({ "data": { "viewer": null } }), "nor does it sign in");

    let variables = json!({ "input": { "accessToken": zhang.token() } });
    assert_eq!(zhang.query_with(RENEW, variables).await.code(), "BAD_REQUEST");
}
