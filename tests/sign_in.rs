//! Signing in with a password: what strangers learn, what owners get, and what guessing costs.

use fastgpt_platform::user::{self, service::FirstAdmin};
use serde_json::{Value, json};

use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, PASSWORD, Response, TestApp, client::SIGN_IN, email_of,
};

async fn sign_in_with_body(client: &Client, email: &str) -> Response {
    let input = json!({ "email": email, "password": PASSWORD, "refreshTokenDelivery": "BODY" });
    client.query_with(SIGN_IN, json!({ "input": input })).await
}

#[tokio::test]
async fn the_right_password_signs_in_in_any_letter_case_of_the_address() {
    let app = TestApp::start().await;
    app.account_with_email("张三", "zhang@example.com").await;
    let answer = app.client().sign_in(" ZHANG@Example.com ", PASSWORD).await;
    assert_eq!(answer.at("/signIn/viewer/name"), "张三");
    assert_eq!(answer.at("/signIn/accessTokenExpiresAt"), "2026-11-23T08:15:00+00:00");
    let at = app.admin().await.query("{ users { nodes { name lastSignInAt } } }").await;
    let zhang = at.list_at("/users/nodes").iter().find(|user| user["name"] == "张三").unwrap();
    assert_eq!(zhang["lastSignInAt"], "2026-11-23T08:00:00+00:00");
}

#[tokio::test]
async fn a_stranger_cannot_tell_which_accounts_there_are() {
    let app = TestApp::start().await;
    app.account("张三").await;
    app.account("李四").await;
    app.set_status("李四", "SUSPENDED").await;
    let wrong = app.client().sign_in(&email_of("张三"), "不是这个密码").await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (200, "INVALID_CREDENTIALS"));
    let too_long = "长".repeat(5000);
    for (email, password) in [
        (email_of("没有的人"), PASSWORD),
        (email_of("李四"), "不是这个密码"),
        ("不是地址".to_owned(), PASSWORD),
        (email_of("张三"), ""),
        (email_of("张三"), &too_long),
        (email_of("没有的人"), &too_long),
    ] {
        let answer = app.client().sign_in(&email, password).await;
        assert_eq!(answer.json, wrong.json, "{email} {password:.20}");
        assert_eq!(answer.status, wrong.status);
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[tokio::test]
async fn an_account_that_may_not_sign_in_is_told_so_for_the_right_password_alone() {
    let app = TestApp::start().await;
    app.account("张三").await;
    for status in ["SUSPENDED", "DEACTIVATED"] {
        app.set_status("张三", status).await;
        let email = email_of("张三");
        assert_eq!(app.client().sign_in(&email, PASSWORD).await.code(), "FORBIDDEN", "{status}");
        assert_eq!(app.client().sign_in(&email, "不是").await.code(), "INVALID_CREDENTIALS", "{status}");
    }
    assert_eq!(app.sql_value::<i64>("SELECT COUNT(*) FROM sessions", []).await, 0);
    app.set_status("张三", "ACTIVE").await;
    app.sign_in("张三").await;
}

#[tokio::test]
async fn suspending_acts_at_the_next_request() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    app.set_status("张三", "SUSPENDED").await;
    let answer = zhang.query("{ viewer { id } }").await;
    assert_eq!((answer.status.as_u16(), answer.code()), (401, "UNAUTHENTICATED"));
}

fn wait_of(answer: &Response) -> u64 {
    assert_eq!(answer.code(), "RATE_LIMITED", "{}", answer.text);
    answer.error()["extensions"]["retryAfterSeconds"].as_u64().unwrap()
}

#[tokio::test]
async fn guesses_at_one_account_are_limited() {
    let app = TestApp::configured(&[("SIGN_IN_ATTEMPTS_PER_MINUTE", "3")]).await;
    for name in ["张三", "李四"] {
        app.account(name).await;
    }
    let (email, guesser) = (email_of("张三"), app.client_at("203.0.113.9"));
    for _ in 0..3 {
        assert_eq!(guesser.sign_in(&email, "不是").await.code(), "INVALID_CREDENTIALS");
    }
    // The right one as well: else it would be found in the end.
    for spelling in [&email, &email.to_uppercase(), &format!(" {email} ")] {
        assert_eq!(wait_of(&guesser.sign_in(spelling, PASSWORD).await), 60);
    }
    guesser.sign_in(&email_of("李四"), PASSWORD).await.data();
    // The owner, elsewhere, is not locked out.
    app.client_at("198.51.100.7").sign_in(&email, PASSWORD).await.data();
}

#[tokio::test]
async fn all_spellings_of_an_address_share_the_guesses_at_it() {
    let app = TestApp::configured(&[("SIGN_IN_ATTEMPTS_PER_MINUTE", "3")]).await;
    app.account_with_email("张三", "zhang@example.com").await;
    let guesser = app.client_at("203.0.113.9");
    for spelling in ["ｚｈａｎｇ@example.com", "ZHANG＠example．com", "zhang@ｅxample.com"] {
        assert_eq!(guesser.sign_in(spelling, "不是").await.code(), "INVALID_CREDENTIALS", "{spelling}");
    }
    for spelling in ["zhang@example.com", "zhanｇ@example.com"] {
        wait_of(&guesser.sign_in(spelling, PASSWORD).await);
    }
}

#[tokio::test]
async fn guesses_from_one_address_are_limited_whatever_the_account() {
    let app = TestApp::configured(&[("SIGN_IN_ATTEMPTS_PER_MINUTE", "2")]).await;
    let guesser = app.client_at("203.0.113.9");
    for number in 0..6 {
        let answer = guesser.sign_in(&format!("第{number}人@example.com"), PASSWORD).await;
        assert_eq!(answer.code(), "INVALID_CREDENTIALS");
    }
    assert_eq!(wait_of(&guesser.sign_in("第七人@example.com", PASSWORD).await), 1);
}

async fn sign_up(client: &Client, email: &str, password: &str) -> Response {
    let input = json!({ "email": email, "name": "新人", "password": password });
    let document = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename } }";
    client.query_with(document, json!({ "input": input })).await
}

#[tokio::test]
async fn sign_ups_from_one_address_are_limited() {
    let app = TestApp::configured(&[("SIGN_UPS_PER_HOUR", "2")]).await;
    let client = app.client_at("203.0.113.9");
    for email in ["a@example.com", "b@example.com"] {
        sign_up(&client, email, PASSWORD).await.data();
    }
    let wait = wait_of(&sign_up(&client, "c@example.com", PASSWORD).await);
    assert!((1700..=1800).contains(&wait), "{wait}");
    sign_up(&app.client_at("198.51.100.7"), "d@example.com", PASSWORD).await.data();
}

#[tokio::test]
async fn forms_with_mistakes_are_no_sign_ups() {
    let app = TestApp::configured(&[("SIGN_UPS_PER_HOUR", "1")]).await;
    let client = app.client_at("203.0.113.9");
    for (email, password, rule) in [
        ("不是地址", PASSWORD, ("input.email", "MALFORMED")),
        ("a@example.com", "太短", ("input.password", "TOO_SHORT")),
        ("a@example.com", "password", ("input.password", "TOO_WEAK")),
    ] {
        assert_eq!(sign_up(&client, email, password).await.violations(), [rule]);
    }
    sign_up(&client, "a@example.com", PASSWORD).await.data();
    wait_of(&sign_up(&client, "b@example.com", PASSWORD).await);
}

#[tokio::test]
async fn the_addresses_of_one_ipv6_subscriber_are_one_to_the_limits() {
    let app = TestApp::configured(&[("SIGN_UPS_PER_HOUR", "1"), ("SIGN_IN_ATTEMPTS_PER_MINUTE", "1")]).await;
    app.account("张三").await;
    let (first, second) = (app.client_at("2001:db8:1:2::1"), app.client_at("2001:db8:1:2:ffff::9"));
    sign_up(&first, "a@example.com", PASSWORD).await.data();
    wait_of(&sign_up(&second, "b@example.com", PASSWORD).await);
    assert_eq!(first.sign_in(&email_of("张三"), "不是").await.code(), "INVALID_CREDENTIALS");
    wait_of(&second.sign_in(&email_of("张三"), PASSWORD).await);
    let neighbour = app.client_at("2001:db8:1:3::1");
    sign_up(&neighbour, "b@example.com", PASSWORD).await.data();
    neighbour.sign_in(&email_of("张三"), PASSWORD).await.data();
}

#[tokio::test]
async fn guesses_at_the_current_password_are_limited() {
    let app = TestApp::configured(&[("SIGN_IN_ATTEMPTS_PER_MINUTE", "2")]).await;
    let zhang = app.with_user("张三").await;
    let guess = r#"mutation { changePassword(input: { currentPassword: "不是", newPassword: "夜里的雨敲着旧窗棂" }) { id } }"#;
    for _ in 0..2 {
        assert_eq!(zhang.query(guess).await.violations(), [("input.currentPassword", "MISMATCH")]);
    }
    assert_eq!(wait_of(&zhang.query(guess).await), 60);
}

/// The attributes of a `Set-Cookie` line behind its value, sorted.
fn attributes(line: &str) -> Vec<&str> {
    let mut attributes: Vec<&str> = line.split("; ").skip(1).collect();
    attributes.sort_unstable();
    attributes
}

#[tokio::test]
async fn the_refresh_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let app = TestApp::start().await;
    app.account("张三").await;
    let answer = app.client().sign_in(&email_of("张三"), PASSWORD).await;
    assert_eq!(answer.at("/signIn/refreshToken"), &Value::Null);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let line = answer.header("set-cookie").unwrap();
    assert!(line.starts_with("fastgpt_refresh="), "{line}");
    assert_eq!(attributes(line), ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Lax"]);
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let app = TestApp::configured(&[("SITE_URL", "https://平台.example.com")]).await;
    app.account("张三").await;
    let answer = app.client().sign_in(&email_of("张三"), PASSWORD).await;
    let line = answer.header("set-cookie").unwrap();
    assert!(line.starts_with("__Host-fastgpt_refresh="), "{line}");
    assert_eq!(attributes(line), ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Lax", "Secure"]);
}

#[tokio::test]
async fn who_asks_for_the_body_gets_no_cookie() {
    let app = TestApp::start().await;
    app.account("张三").await;
    let answer = sign_in_with_body(&app.client(), &email_of("张三")).await;
    assert_eq!(answer.header("set-cookie"), None);
    let token = answer.text_at("/signIn/refreshToken");
    app.client().refresh_with(&token).await.data();
}

#[tokio::test]
async fn neither_token_is_kept_in_the_database() {
    let app = TestApp::start().await;
    app.account("张三").await;
    let token = sign_in_with_body(&app.client(), &email_of("张三")).await.text_at("/signIn/refreshToken");
    let kept: Vec<u8> = app.sql_value("SELECT refresh_hash FROM sessions", []).await;
    assert_eq!(kept.len(), 32, "a MAC");
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
    assert!(!bytes.windows(16).any(|part| kept.windows(16).any(|other| other == part)));
}

#[tokio::test]
async fn a_password_is_hashed_anew_when_the_cost_has_changed() {
    let app = TestApp::start().await;
    app.account("张三").await;
    let costlier = app.replica(&[("ARGON2_ITERATIONS", "2")]).await;
    let hash = "SELECT password_hash FROM users WHERE name = '张三'";
    let before: String = app.sql_value(hash, []).await;
    assert!(before.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{before}");

    assert_eq!(costlier.client().sign_in(&email_of("张三"), "不是").await.code(), "INVALID_CREDENTIALS");
    assert_eq!(app.sql_value::<String>(hash, []).await, before, "a wrong password changes nothing");
    costlier.sign_in("张三").await;
    let after: String = app.sql_value(hash, []).await;
    assert!(after.starts_with("$argon2id$v=19$m=8,t=2,p=1$"), "{after}");
    costlier.sign_in("张三").await;
    assert_eq!(app.sql_value::<String>(hash, []).await, after, "and once is enough");
}

#[tokio::test]
async fn the_first_start_creates_the_administrator_once() {
    let app = TestApp::start().await;
    let answer = app.client().sign_in(ADMIN_EMAIL, ADMIN_PASSWORD).await;
    assert_eq!(answer.at("/signIn/viewer/role"), "ADMIN");
    let found = user::service::ensure_first_admin(&app.gateway).await.unwrap();
    assert_eq!(found, FirstAdmin::Exists);
    // Whoever renames the account or names another in the configuration gets no second one.
    let renamed = app.replica(&[("ADMIN_EMAIL", "管理员@example.com")]).await;
    let found = user::service::ensure_first_admin(&renamed.gateway).await.unwrap();
    assert_eq!(found, FirstAdmin::Exists);
    assert_eq!(app.sql_value::<i64>("SELECT COUNT(*) FROM users", []).await, 1);
}

#[tokio::test]
async fn two_replicas_that_start_at_once_create_one_administrator() {
    let app = TestApp::start().await;
    app.sql("DELETE FROM users", []).await;
    let other = app.replica(&[]).await;
    let (one, two) = tokio::join!(
        user::service::ensure_first_admin(&app.gateway),
        user::service::ensure_first_admin(&other.gateway)
    );
    let created = [one, two].into_iter().filter(|found| matches!(found, Ok(FirstAdmin::Created))).count();
    assert_eq!(created, 1, "one created, one found");
    assert_eq!(app.sql_value::<i64>("SELECT COUNT(*) FROM users", []).await, 1);
}
