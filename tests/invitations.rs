//! Invitations: sent, sent again, withdrawn, accepted once.

use chrono::TimeDelta;
use fastgpt_platform::auth::viewer::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Response, TestApp};

const GUEST: &str = "来客@example.com";

async fn invite(admin: &Client, input: Value) -> Response {
    let invite =
        "mutation($input: InviteUserInput!) { inviteUser(input: $input) { id state role expiresAt } }";
    admin.query_with(invite, json!({ "input": input })).await
}

async fn change(admin: &Client, what: &str, id: &str) -> Response {
    let kind = format!("{}{}", what[..1].to_uppercase(), &what[1..]);
    let change = format!("mutation($input: {kind}Input!) {{ {what}(input: $input) {{ state }} }}");
    admin.query_with(&change, json!({ "input": { "invitationId": id } })).await
}

async fn accept(app: &TestApp, token: &str, email: &str) -> Response {
    let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename
        ... on SignedIn { viewer { email role emailVerified } } } }";
    let input = json!({ "email": email, "password": PASSWORD, "name": "来客", "invitationToken": token });
    app.client().query_with(sign_up, json!({ "input": input })).await
}

async fn states(admin: &Client, state: Option<&str>) -> Vec<String> {
    let list =
        "query($state: InvitationState) { invitations(state: $state) { totalCount nodes { state email } } }";
    let answer = admin.query_with(list, json!({ "state": state })).await;
    let states = answer.texts_at("/invitations/nodes", "state");
    assert_eq!(answer.at("/invitations/totalCount"), states.len());
    states
}

#[tokio::test]
async fn whoever_is_invited_comes_in_with_the_role_and_a_verified_address() {
    let app = TestApp::configured(&[
        ("REGISTRATION", "invite"),
        ("REQUIRE_EMAIL_VERIFICATION", "on"),
        ("REGISTRATION_EMAIL_DOMAINS", "elsewhere.example"),
    ])
    .await;
    let admin = app.admin().await;
    let answer = invite(&admin, json!({ "email": GUEST, "role": "ADMIN", "locale": "EN" })).await;
    assert_eq!(answer.at("/inviteUser/state"), "PENDING");
    let mail = app.mail_to(GUEST).await;
    assert!(mail.text.contains("Administrator invites you"), "{}", mail.text);

    let link = "query($token: String!) { emailedLink(token: $token) { purpose email } }";
    let found = app.client().query_with(link, json!({ "token": mail.token() })).await;
    assert_eq!(found.at("/emailedLink"), &json!({ "purpose": "INVITATION", "email": GUEST }));

    assert_eq!(accept(&app, &mail.token(), "别人@example.com").await.code(), "INVALID_TOKEN");
    let answer = accept(&app, &mail.token(), GUEST).await;
    let expected = json!({ "email": GUEST, "role": "ADMIN", "emailVerified": true });
    assert_eq!(answer.at("/signUp/viewer"), &expected);
    assert_eq!(states(&admin, None).await, ["ACCEPTED"]);
    assert_eq!(accept(&app, &mail.token(), GUEST).await.code(), "INVALID_TOKEN");
    assert_eq!(invite(&admin, json!({ "email": GUEST })).await.code(), "CONFLICT");
}

#[tokio::test]
async fn two_tabs_leave_one_account() {
    let app = TestApp::start().await;
    invite(&app.admin().await, json!({ "email": GUEST })).await.data();
    let token = app.mail_to(GUEST).await.token();
    let tabs = join_all((0..3).map(|_| accept(&app, &token, GUEST))).await;
    assert_eq!(tabs.iter().filter(|answer| answer.json.get("errors").is_none()).count(), 1);
    let accounts: i64 = app.sql_value("SELECT COUNT(*) FROM users WHERE email = $1", [GUEST.into()]).await;
    assert_eq!(accounts, 1);
}

#[tokio::test]
async fn another_link_takes_the_place_of_the_first_and_a_withdrawn_one_is_good_for_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = invite(&admin, json!({ "email": GUEST, "expiresInDays": 2 })).await.text_at("/inviteUser/id");
    let first = app.mail_to(GUEST).await.token();
    assert_eq!(invite(&admin, json!({ "email": GUEST })).await.code(), "CONFLICT");
    change(&admin, "resendInvitation", &id).await.data();
    let second = app.mail_to(GUEST).await.token();
    assert_eq!(accept(&app, &first, GUEST).await.code(), "INVALID_TOKEN");
    assert_eq!(change(&admin, "withdrawInvitation", &id).await.at("/withdrawInvitation/state"), "WITHDRAWN");
    assert_eq!(accept(&app, &second, GUEST).await.code(), "INVALID_TOKEN");
    for what in ["withdrawInvitation", "resendInvitation"] {
        assert_eq!(change(&admin, what, &id).await.code(), "CONFLICT");
    }
}

#[tokio::test]
async fn an_invitation_runs_out_and_gives_way_to_another() {
    let app = TestApp::start().await;
    let id = invite(&app.admin().await, json!({ "email": GUEST, "expiresInDays": 1 })).await;
    let id = id.text_at("/inviteUser/id");
    let token = app.mail_to(GUEST).await.token();
    app.advance(TimeDelta::days(1)).await;
    assert_eq!(accept(&app, &token, GUEST).await.code(), "INVALID_TOKEN");
    let admin = app.admin().await;
    assert_eq!(states(&admin, Some("EXPIRED")).await, ["EXPIRED"]);
    assert!(states(&admin, Some("PENDING")).await.is_empty());
    // One that ran out can be sent again.
    assert_eq!(change(&admin, "resendInvitation", &id).await.at("/resendInvitation/state"), "PENDING");
    app.advance(TimeDelta::days(1)).await;
    let admin = app.admin().await;
    invite(&admin, json!({ "email": GUEST })).await.data();
    assert_eq!(states(&admin, None).await, ["PENDING", "WITHDRAWN"]);
    accept(&app, &app.mail_to(GUEST).await.token(), GUEST).await.data();
}

#[tokio::test]
async fn bad_input_is_refused() {
    let app = TestApp::configured(&[("REGISTRATION", "invite")]).await;
    let admin = app.admin().await;
    for input in [json!({ "email": "不是" }), json!({ "email": GUEST, "expiresInDays": 31 })] {
        assert_eq!(invite(&admin, input).await.code(), "INVALID_INPUT");
    }
    assert_eq!(accept(&app, "编造的", GUEST).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn an_administrator_is_invited_by_nobody_who_was_not_asked_again_and_by_no_key() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let create =
        r#"mutation { createApiKey(input: { name: "脚本", scopes: [READ, WRITE, ADMIN] }) { key } }"#;
    let program = app.client();
    program.set_token(Some(&admin.query(create).await.text_at("/createApiKey/key")));
    let boss = json!({ "email": GUEST, "role": "ADMIN" });
    assert_eq!(invite(&program, boss.clone()).await.code(), "FORBIDDEN");
    let waiting = invite(&admin, boss.clone()).await.text_at("/inviteUser/id");
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(invite(&admin, boss).await.code(), "REAUTHENTICATION_REQUIRED");
    assert_eq!(change(&admin, "resendInvitation", &waiting).await.code(), "REAUTHENTICATION_REQUIRED");
    assert_eq!(change(&program, "resendInvitation", &waiting).await.code(), "FORBIDDEN");
    // Of everybody else it may be many, by a program.
    invite(&program, json!({ "email": "员工@example.com" })).await.data();
}

#[tokio::test]
async fn an_administrators_invitation_is_worth_what_its_sender_is() {
    let app = TestApp::start().await;
    let (boss, peer) = (app.admin().await, app.with_user("张三").await);
    app.set_role("张三", Role::Admin).await;
    peer.refresh().await.data();
    invite(&peer, json!({ "email": GUEST, "role": "ADMIN" })).await.data();
    let token = app.mail_to(GUEST).await.token();
    app.set_role("张三", Role::User).await;
    let look = "query($token: String!) { emailedLink(token: $token) { email } }";
    let look = app.client().query_with(look, json!({ "token": token })).await;
    assert_eq!(look.code(), "INVALID_TOKEN");
    assert_eq!(accept(&app, &token, GUEST).await.code(), "INVALID_TOKEN");
    // Whoever sends it again stands behind it.
    let list = boss.query("{ invitations { nodes { id } } }").await;
    let id = list.texts_at("/invitations/nodes", "id").remove(0);
    change(&boss, "resendInvitation", &id).await.data();
    let answer = accept(&app, &app.mail_to(GUEST).await.token(), GUEST).await;
    assert_eq!(answer.at("/signUp/viewer/role"), "ADMIN");
}

#[tokio::test]
async fn nobody_is_invited_where_registration_is_closed() {
    let app = TestApp::configured(&[("REGISTRATION", "closed")]).await;
    assert_eq!(invite(&app.admin().await, json!({ "email": GUEST })).await.code(), "REGISTRATION_CLOSED");
    assert_eq!(accept(&app, "编造的", GUEST).await.code(), "REGISTRATION_CLOSED");
}
