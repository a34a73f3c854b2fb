//! Which account somebody comes to: linked, joined, created, or none.

use chrono::TimeDelta;
use fastgpt_platform::session::DISOWN_WITHIN;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{
    TestApp, email_of,
    identity_provider::{TestProvider, challenge, location, person, reason},
};

const HOME: &str = "http://localhost:5000/";

async fn count(app: &TestApp, table: &str) -> i64 {
    app.sql_value(&format!("SELECT COUNT(*) FROM {table}"), []).await
}

#[tokio::test]
async fn an_address_that_the_provider_has_not_verified_opens_nothing() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    app.account("张三").await;
    for stranger in [
        person("1", &email_of("张三"), false),
        person("2", "新人@example.com", false),
        json!({ "sub": "3" }),
        json!({ "sub": "4", "email": email_of("张三") }),
        json!({ "sub": "5", "email": "不是地址", "email_verified": true }),
        json!({ "sub": "6", "email": null, "email_verified": true }),
        // Another mailbox there, although it would be the same one here.
        person("7", "张三@ｅxample.com", true),
    ] {
        assert_eq!(
            reason(&provider.sign_in(&app.client(), stranger.clone()).await),
            "EMAIL_UNVERIFIED",
            "{stranger}"
        );
    }
    assert_eq!((count(&app, "users").await, count(&app, "linked_accounts").await), (2, 0));
}

#[tokio::test]
async fn the_same_address_joins_accounts_only_where_both_sides_have_verified_it() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let zhang = app.with_user("张三").await;
    let unverified = "UPDATE users SET email_verified = $1 WHERE email = $2";
    app.sql(unverified, [false.into(), email_of("张三").into()]).await;
    let answer = provider.sign_in(&app.client(), person("1", "张三@EXAMPLE.com", true)).await;
    assert_eq!(reason(&answer), "EMAIL_TAKEN");
    assert_eq!(count(&app, "linked_accounts").await, 0);
    let activity = zhang.query("{ viewer { activity(first: 1) { nodes { kind details } } } }").await;
    let told =
        json!({ "kind": "SIGN_IN_FAILED", "details": { "provider": "company", "reason": "EMAIL_TAKEN" } });
    assert_eq!(activity.at("/viewer/activity/nodes/0"), &told, "the owner learns of it");

    app.sql(unverified, [true.into(), email_of("张三").into()]).await;
    let browser = app.client();
    assert_eq!(location(&provider.sign_in(&browser, person("1", "张三@EXAMPLE.com", true)).await), HOME);
    browser.refresh().await.data();
    assert_eq!(browser.user_id().await, zhang.user_id().await);
}

#[tokio::test]
async fn an_account_is_joined_once_its_second_factor_is_shown() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let mails = "SELECT COUNT(*) FROM mails WHERE kind = 'ACCOUNT_LINKED'";
    let (tab, other_tab) = (app.client(), app.client());
    let first_step =
        async |tab| challenge(&provider.sign_in(tab, person("1", &email_of("张三"), true)).await);
    let (challenge, other_challenge) = (first_step(&tab).await, first_step(&other_tab).await);
    assert_eq!((count(&app, "linked_accounts").await, app.sql_value::<i64>(mails, []).await), (0, 0));

    let code = json!({ "totpCode": enrolled.app.code(app.now()) });
    tab.second_step(&challenge, code).await.data();
    let code = json!({ "recoveryCode": enrolled.recovery_codes[0] });
    other_tab.second_step(&other_challenge, code).await.data();
    assert_eq!((count(&app, "linked_accounts").await, app.sql_value::<i64>(mails, []).await), (1, 1));
    let again = provider.sign_in(&tab, person("1", "另@elsewhere.example", false)).await;
    assert_eq!(location(&again).split_once('?').unwrap().0, format!("{HOME}sign-in/second-factor"));
}

#[tokio::test]
async fn a_first_step_joins_nothing_once_the_account_has_another_address() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let tab = app.client();
    let challenge = challenge(&provider.sign_in(&tab, person("1", &email_of("张三"), true)).await);
    let moved = "UPDATE users SET email = 'moved@example.com' WHERE email = $1";
    app.sql(moved, [email_of("张三").into()]).await;
    let code = json!({ "totpCode": enrolled.app.code(app.now()) });
    assert_eq!(tab.second_step(&challenge, code).await.code(), "INVALID_TOKEN");
    let reasons =
        "SELECT COUNT(*) FROM audit_events WHERE kind = 'SIGN_IN_FAILED' AND details LIKE '%STATE_EXPIRED%'";
    assert_eq!(app.sql_value::<i64>(reasons, []).await, 1);
    assert_eq!(count(&app, "linked_accounts").await, 0);
    assert_eq!(tab.refresh_token(), None);
}

#[tokio::test]
async fn what_joined_with_a_sign_in_goes_when_that_is_disowned() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    app.with_user("张三").await;
    let thief = app.client_at("198.51.100.7").with_header("user-agent", "curl/8.0.1");
    assert_eq!(location(&provider.sign_in(&thief, person("1", &email_of("张三"), true)).await), HOME);
    assert_eq!(count(&app, "linked_accounts").await, 1);
    let mails = app.mails_to(&email_of("张三")).await;
    let token = mails.iter().find(|mail| mail.text.contains("198.51.100.7")).unwrap().token();
    // As on a clock that goes on: the mail is written a little later.
    let later = app.now() + DISOWN_WITHIN + TimeDelta::milliseconds(5);
    let expires = "UPDATE one_time_tokens SET expires_at = $1 WHERE purpose = 'DISOWN_SIGN_IN'";
    app.sql(expires, [later.into()]).await;
    let disown = "mutation($token: String!) { disownSignIn(input: { token: $token }) { __typename } }";
    app.client().query_with(disown, json!({ "token": token })).await.data();
    assert_eq!(count(&app, "linked_accounts").await, 0);
}

#[tokio::test]
async fn a_suspended_account_stays_so() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    app.account("张三").await;
    let zhang = || person("1", &email_of("张三"), true);
    for known in [false, true] {
        app.set_status("张三", "SUSPENDED").await;
        let answer = provider.sign_in(&app.client(), zhang()).await;
        assert_eq!(reason(&answer), "ACCOUNT_SUSPENDED", "linked: {known}");
        app.set_status("张三", "ACTIVE").await;
        assert_eq!(location(&provider.sign_in(&app.client(), zhang()).await), HOME);
    }
}

#[tokio::test]
async fn the_rules_of_registration_are_kept() {
    let domains = ("REGISTRATION_EMAIL_DOMAINS", "example.com");
    for (rules, email, gets_in) in [
        (vec![("REGISTRATION", "closed")], "新人@example.com", false),
        (vec![("REGISTRATION", "invite")], "新人@example.com", false),
        (vec![domains], "新人@elsewhere.example", false),
        (vec![domains], "新人@example.com", true),
    ] {
        let (provider, app) = TestProvider::with_app(&rules).await;
        let answer = provider.sign_in(&app.client(), person("1", email, true)).await;
        if gets_in {
            assert_eq!(location(&answer), HOME, "{rules:?}");
        } else {
            assert_eq!(reason(&answer), "REGISTRATION_CLOSED", "{rules:?}");
            assert_eq!(count(&app, "users").await, 1);
        }
    }
}

#[tokio::test]
async fn whoever_was_invited_at_this_address_comes_in() {
    let rules = [("REGISTRATION", "invite"), ("REGISTRATION_EMAIL_DOMAINS", "example.com")];
    let (provider, app) = TestProvider::with_app(&rules).await;
    let admin = app.admin().await;
    let invite = r#"mutation { inviteUser(input: { email: "来客@elsewhere.example", role: ADMIN }) { id } }"#;
    admin.query(invite).await.data();
    let link = app.mail_to("来客@elsewhere.example").await.token();
    let answer = provider.sign_in(&app.client(), person("1", "别人@elsewhere.example", true)).await;
    assert_eq!(reason(&answer), "REGISTRATION_CLOSED");
    let browser = app.client();
    let answer = provider.sign_in(&browser, person("2", "来客@elsewhere.example", true)).await;
    assert_eq!(location(&answer), HOME);
    browser.refresh().await.data();
    assert_eq!(browser.query("{ viewer { role } }").await.at("/viewer/role"), "ADMIN");
    let invitations = admin.query("{ invitations { nodes { state acceptedBy { email } } } }").await;
    let accepted = json!({ "state": "ACCEPTED", "acceptedBy": { "email": "来客@elsewhere.example" } });
    assert_eq!(invitations.at("/invitations/nodes/0"), &accepted);
    let look = json!({ "token": link });
    let answer = app
        .client()
        .query_with("query($token: String!) { emailedLink(token: $token) { email } }", look)
        .await;
    assert_eq!(answer.code(), "INVALID_TOKEN", "the link is used up");
}

#[tokio::test]
async fn an_invitation_that_ran_out_lets_nobody_in() {
    let (provider, app) = TestProvider::with_app(&[("REGISTRATION", "invite")]).await;
    let invite = r#"mutation { inviteUser(input: { email: "来客@example.com", expiresInDays: 1 }) { id } }"#;
    app.admin().await.query(invite).await.data();
    app.advance(chrono::TimeDelta::days(1)).await;
    let answer = provider.sign_in(&app.client(), person("1", "来客@example.com", true)).await;
    assert_eq!(reason(&answer), "REGISTRATION_CLOSED");
}

#[tokio::test]
async fn a_new_subject_that_comes_many_times_at_once_has_one_account() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browsers: Vec<_> = (0..6).map(|_| app.client()).collect();
    let wang = || person("1", "王小明@example.com", true);
    let answers = join_all(browsers.iter().map(|browser| provider.sign_in(browser, wang()))).await;
    for answer in &answers {
        assert_eq!(location(answer), HOME);
    }
    assert_eq!((count(&app, "users").await, count(&app, "linked_accounts").await), (2, 1));
    assert_eq!(count(&app, "sessions").await, 6);
    let created = "SELECT COUNT(*) FROM audit_events WHERE kind = 'ACCOUNT_CREATED' AND actor = 'OWN'";
    assert_eq!(app.sql_value::<i64>(created, []).await, 1);
}

#[tokio::test]
async fn nobody_makes_accounts_without_end() {
    let (provider, app) = TestProvider::with_app(&[("SIGN_UPS_PER_HOUR", "2")]).await;
    for n in 0..3 {
        let answer = provider
            .sign_in(&app.client(), person(&n.to_string(), &format!("人{n}@example.com"), true))
            .await;
        if n < 2 {
            assert_eq!(location(&answer), HOME);
        } else {
            assert_eq!(reason(&answer), "RATE_LIMITED");
        }
    }
}

#[tokio::test]
async fn a_name_that_is_none_is_replaced_by_the_address() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = app.client();
    let odd =
        json!({ "sub": "1", "email": "王@example.com", "email_verified": "true", "name": "\u{202E}王" });
    assert_eq!(location(&provider.sign_in(&browser, odd).await), HOME);
    browser.refresh().await.data();
    assert_eq!(browser.query("{ viewer { name } }").await.at("/viewer/name"), "王@example.com");
}
