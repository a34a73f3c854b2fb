//! Forgotten passwords, and sign-ins that were somebody else's.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Client, PASSWORD, Response, TestApp, email_of};

const NEW_PASSWORD: &str = "夜里的雨敲着旧窗棂";

async fn request_reset(client: &Client, email: &str) -> Response {
    let request = "mutation($email: String!) { requestPasswordReset(input: { email: $email }) }";
    client.query_with(request, json!({ "email": email })).await
}

async fn reset(client: &Client, token: &str, password: &str) -> Response {
    let reset = "mutation($input: ResetPasswordInput!) { resetPassword(input: $input) }";
    client.query_with(reset, json!({ "input": { "token": token, "newPassword": password } })).await
}

async fn disown(client: &Client, token: &str) -> Response {
    let disown =
        "mutation($token: String!) { disownSignIn(input: { token: $token }) { passwordResetToken } }";
    client.query_with(disown, json!({ "token": token })).await
}

#[tokio::test]
async fn a_link_replaces_a_forgotten_password_once() {
    let app = TestApp::start().await;
    let phone = app.with_user("张三").await;
    let anonymous = app.client();
    request_reset(&anonymous, "  ZhangSan@Example.com ").await.data();
    request_reset(&anonymous, &email_of("张三")).await.data();
    let token = app.mail_to(&email_of("张三")).await.token();

    // A password that will not do uses nothing up.
    assert_eq!(reset(&anonymous, &token, "password1").await.code(), "INVALID_INPUT");
    reset(&anonymous, &token, NEW_PASSWORD).await.data();
    assert_eq!(phone.query("{ viewer { id } }").await.code(), "UNAUTHENTICATED", "all sessions end");
    assert_eq!(anonymous.sign_in(&email_of("张三"), PASSWORD).await.code(), "INVALID_CREDENTIALS");
    anonymous.sign_in(&email_of("张三"), NEW_PASSWORD).await.data();
    assert!(app.mails_to(&email_of("张三")).await.iter().any(|mail| mail.subject == "密码已修改"));
    assert_eq!(reset(&anonymous, &token, PASSWORD).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn of_two_tabs_one_replaces_the_password() {
    let app = TestApp::start().await;
    app.account("张三").await;
    request_reset(&app.client(), &email_of("张三")).await.data();
    let token = app.mail_to(&email_of("张三")).await.token();
    let passwords = [NEW_PASSWORD, "三月的风吹过空院子"];
    let client = app.client();
    let answers = join_all(passwords.map(|password| reset(&client, &token, password))).await;
    let won: Vec<usize> = (0..2).filter(|n| answers[*n].json.get("errors").is_none()).collect();
    assert_eq!(won.len(), 1);
    client.sign_in(&email_of("张三"), passwords[won[0]]).await.data();
    assert_eq!(answers[1 - won[0]].code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn a_later_link_replaces_an_earlier_one_and_both_run_out() {
    let app = TestApp::start().await;
    app.account("张三").await;
    let client = app.client();
    request_reset(&client, &email_of("张三")).await.data();
    let first = app.mail_to(&email_of("张三")).await.token();
    request_reset(&client, &email_of("张三")).await.data();
    let second = app.mail_to(&email_of("张三")).await.token();
    assert_eq!(reset(&client, &first, NEW_PASSWORD).await.code(), "INVALID_TOKEN");
    app.advance(TimeDelta::minutes(30)).await;
    assert_eq!(reset(&client, &second, NEW_PASSWORD).await.code(), "INVALID_TOKEN");
    client.sign_in(&email_of("张三"), PASSWORD).await.data();
}

/// The answers are alike, and so are the statements before them: a worker looks for the account.
#[tokio::test]
async fn nobody_learns_whether_an_address_has_an_account() {
    let app = TestApp::start().await;
    app.account("张三").await;
    app.account("被停用").await;
    app.set_status("被停用", "SUSPENDED").await;
    let client = app.client();
    let mut told = Vec::new();
    for name in ["张三", "被停用", "无人"] {
        let _ = app.statements.take();
        let answer = request_reset(&client, &email_of(name)).await;
        told.push((answer.text.clone(), app.statements.take()));
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0], told[2]);
    assert_eq!(app.mails_to(&email_of("张三")).await.len(), 1);
    assert_eq!(app.mails_to(&email_of("被停用")).await.len(), 0);
    assert_eq!(app.mails_to(&email_of("无人")).await.len(), 0);
}

#[tokio::test]
async fn mails_to_one_address_and_for_one_network_are_bounded() {
    let app = TestApp::configured(&[("MAIL_REQUESTS_PER_HOUR", "7")]).await;
    app.account("张三").await;
    let codes = async |client: &Client, email: &str, count: usize| {
        let mut limited = 0;
        for _ in 0..count {
            let answer = request_reset(client, email).await;
            limited +=
                usize::from(answer.json.get("errors").is_some_and(|_| answer.code() == "RATE_LIMITED"));
        }
        limited
    };
    assert_eq!(codes(&app.client_at("203.0.113.9"), &email_of("张三"), 6).await, 1, "five an address");
    assert_eq!(codes(&app.client_at("203.0.113.9"), &email_of("李四"), 2).await, 1, "seven a network");
    assert_eq!(codes(&app.client_at("203.0.113.10"), &email_of("李四"), 1).await, 0);
}

#[tokio::test]
async fn a_sign_in_from_a_new_device_is_told_and_can_be_disowned() {
    let app = TestApp::start().await;
    let owner = app.with_user("张三").await;
    app.run_jobs().await;
    assert!(app.mails_to(&email_of("张三")).await.is_empty(), "the first device is no news");
    owner.sign_in(&email_of("张三"), PASSWORD).await.data();
    assert!(app.mails_to(&email_of("张三")).await.is_empty(), "nor is one that is known");

    let thief = app.client_at("198.51.100.7").with_header("user-agent", "curl/8.0.1");
    thief.sign_in(&email_of("张三"), PASSWORD).await.data();
    let mail = app.mail_to(&email_of("张三")).await;
    assert!(mail.text.contains("curl") && mail.text.contains("198.51.100.7"), "{}", mail.text);

    let answer = disown(&app.client(), &mail.token()).await;
    assert_eq!(thief.query("{ viewer { id } }").await.code(), "UNAUTHENTICATED");
    assert_eq!(owner.query("{ viewer { name } }").await.at("/viewer/name"), "张三", "only that one session");
    reset(&app.client(), &answer.text_at("/disownSignIn/passwordResetToken"), NEW_PASSWORD).await.data();
    assert_eq!(thief.sign_in(&email_of("张三"), PASSWORD).await.code(), "INVALID_CREDENTIALS");
    assert_eq!(disown(&app.client(), &mail.token()).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn what_a_thief_has_added_goes_with_the_sign_in_that_is_disowned() {
    let app = TestApp::start().await;
    let owner = app.with_user("张三").await;
    let make_key = async |client: &Client| {
        let create = r#"mutation { createApiKey(input: { name: "脚本", scopes: [READ] }) { key } }"#;
        let program = app.client();
        program.set_token(Some(&client.query(create).await.text_at("/createApiKey/key")));
        program
    };
    let own_program = make_key(&owner).await;
    app.advance(TimeDelta::seconds(1)).await;

    let thief = app.client_at("198.51.100.7").with_header("user-agent", "curl/8.0.1");
    thief.sign_in(&email_of("张三"), PASSWORD).await.data();
    let mails = app.mails_to(&email_of("张三")).await;
    let token = mails.iter().find(|mail| mail.text.contains("198.51.100.7")).unwrap().token();
    let thiefs_program = make_key(&thief).await;
    app.enroll_totp(&thief).await;
    disown(&app.client(), &token).await.data();

    assert_eq!(thiefs_program.query("{ viewer { id } }").await.code(), "UNAUTHENTICATED");
    own_program.query("{ viewer { id } }").await.data();
    let factors = owner.query("{ viewer { secondFactors { totp { enabledAt } recoveryCodesLeft } } }").await;
    assert_eq!(factors.at("/viewer/secondFactors"), &json!({ "totp": null, "recoveryCodesLeft": 0 }));
    let kinds = app.sql_values::<String>("SELECT kind FROM audit_events WHERE actor = 'OWN'", []).await;
    for kind in ["API_KEY_REVOKED", "TOTP_DISABLED", "SIGN_IN_DISOWNED"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind}: {kinds:?}");
    }
}

#[tokio::test]
async fn a_device_is_known_by_its_secret_and_a_client_without_one_by_its_address() {
    let app = TestApp::start().await;
    app.account("张三").await;
    let sign_in =
        "mutation($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { deviceToken } } }";
    let program = async |ip: &str, device: Option<&str>| {
        let input = json!({ "email": email_of("张三"), "password": PASSWORD, "refreshTokenDelivery": "BODY", "deviceToken": device });
        let answer = app.client_at(ip).query_with(sign_in, json!({ "input": input })).await;
        answer.text_at("/signIn/deviceToken")
    };
    let told = async || app.mails_to(&email_of("张三")).await.len();
    let device = program("203.0.113.9", None).await;
    program("203.0.113.9", None).await;
    assert_eq!(told().await, 0, "the same address and header");
    assert_eq!(program("198.51.100.7", Some(&device)).await, device);
    assert_eq!(told().await, 0, "the same device at another address");
    program("198.51.100.8", None).await;
    assert_eq!(told().await, 1);
    program("198.51.100.9", Some("编造的")).await;
    assert_eq!(told().await, 2);
}

#[tokio::test]
async fn a_reset_takes_the_links_of_earlier_sign_ins_away() {
    let app = TestApp::start().await;
    app.with_user("张三").await;
    for ip in ["198.51.100.7", "198.51.100.8"] {
        let elsewhere = app.client_at(ip).with_header("user-agent", "curl/8.0.1");
        elsewhere.sign_in(&email_of("张三"), PASSWORD).await.data();
    }
    let tokens: Vec<String> = app.mails_to(&email_of("张三")).await.iter().map(|mail| mail.token()).collect();
    let answer = disown(&app.client(), &tokens[0]).await;
    reset(&app.client(), &answer.text_at("/disownSignIn/passwordResetToken"), NEW_PASSWORD).await.data();
    assert_eq!(disown(&app.client(), &tokens[1]).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn whoever_disowns_a_sign_in_has_the_address_back_and_keeps_the_account() {
    let app = TestApp::start().await;
    let owner = app.with_user("张三").await;
    let thief = app.client_at("198.51.100.7").with_header("user-agent", "curl/8.0.1");
    thief.sign_in(&email_of("张三"), PASSWORD).await.data();
    let token = app.mail_to(&email_of("张三")).await.token();
    let change = r#"mutation { requestEmailChange(input: { newEmail: "小偷@example.com" }) }"#;
    thief.query(change).await.data();
    let confirm = "mutation($token: String!) { confirmEmailChange(input: { token: $token }) { email } }";
    let link = app.mail_to("小偷@example.com").await.token();
    app.client().query_with(confirm, json!({ "token": link })).await.data();
    // Not even by a reset does the thief get rid of the owner's.
    request_reset(&thief, "小偷@example.com").await.data();
    reset(&thief, &app.mail_to("小偷@example.com").await.token(), NEW_PASSWORD).await.data();
    thief.sign_in("小偷@example.com", NEW_PASSWORD).await.data();
    // Nor by having links sent there, or by taking the address that is free now.
    let again = app.client_at("198.51.100.9").with_header("user-agent", "curl/9");
    again.sign_in("小偷@example.com", NEW_PASSWORD).await.data();
    let thiefs = app.mails_to("小偷@example.com").await;
    let thiefs = thiefs.iter().find(|mail| mail.text.contains("198.51.100.9")).unwrap().token();
    let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename } }";
    let input = json!({ "email": email_of("张三"), "password": NEW_PASSWORD, "name": "占位" });
    app.client().query_with(sign_up, json!({ "input": input })).await.data();
    let delete = "mutation($password: String!) { deleteMyAccount(input: { password: $password }) { id } }";
    thief.query_with(delete, json!({ "password": NEW_PASSWORD })).await.data();

    let answer = disown(&app.client(), &token).await;
    let again = "江枫渔火对愁眠的夜里";
    reset(&app.client(), &answer.text_at("/disownSignIn/passwordResetToken"), again).await.data();
    owner.sign_in(&email_of("张三"), again).await.data();
    let viewer = owner.query("{ viewer { email deletionScheduledAt } }").await;
    assert_eq!(viewer.at("/viewer"), &json!({ "email": email_of("张三"), "deletionScheduledAt": null }));
    assert_eq!(thief.query("{ viewer { id } }").await.code(), "UNAUTHENTICATED");
    assert_eq!(disown(&app.client(), &thiefs).await.code(), "INVALID_TOKEN");
    assert_eq!(thief.sign_in("小偷@example.com", NEW_PASSWORD).await.code(), "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn nobody_fills_a_mailbox_by_signing_in() {
    let app = TestApp::configured(&[("SIGN_IN_ATTEMPTS_PER_MINUTE", "100")]).await;
    app.with_user("张三").await;
    for number in 0..25 {
        let elsewhere = app.client_at("198.51.100.7").with_header("user-agent", &format!("curl/{number}"));
        elsewhere.sign_in(&email_of("张三"), PASSWORD).await.data();
    }
    assert_eq!(app.mails_to(&email_of("张三")).await.len(), 20);
}
