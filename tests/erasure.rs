//! Accounts that are erased: in two weeks, unless their owners think again; then wholly, once.

use std::fs;

use chrono::TimeDelta;
use fastgpt_platform::{auth::viewer::Role, job::worker::run_next, worker};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::{ADMIN_EMAIL, ADMIN_PASSWORD, Client, PASSWORD, Response, TestApp, email_of};

mod traces;

const GRACE: TimeDelta = TimeDelta::days(14);

async fn delete(client: &Client, password: Option<&str>) -> Response {
    let delete = "mutation($input: DeleteMyAccountInput!) { deleteMyAccount(input: $input) {
        deletionScheduledAt hasPassword } }";
    client.query_with(delete, json!({ "input": { "password": password } })).await
}

async fn cancel(client: &Client) -> Response {
    client.query("mutation { cancelAccountDeletion { deletionScheduledAt } }").await
}

async fn scheduled_at(client: &Client) -> Value {
    client.query("{ viewer { deletionScheduledAt } }").await.at("/viewer/deletionScheduledAt").clone()
}

async fn exists(app: &TestApp, email: &str) -> bool {
    let count: i64 = app.sql_value("SELECT COUNT(*) FROM users WHERE email = $1", [email.into()]).await;
    count == 1
}

async fn kinds(app: &TestApp, kind: &str) -> i64 {
    app.sql_value("SELECT COUNT(*) FROM audit_events WHERE kind = $1", [kind.into()]).await
}

/// Several workers at once do all that is due.
async fn run_jobs_by_many(app: &TestApp) {
    join_all((0..4).map(|_| async { while run_next(&app.gateway, &worker::perform).await.unwrap() {} }))
        .await;
}

#[tokio::test]
async fn an_account_is_erased_in_two_weeks_and_its_other_sessions_end_at_once() {
    let app = TestApp::start().await;
    let phone = app.with_user("张三").await;
    let laptop = app.sign_in("张三").await;
    let at = (app.now() + GRACE).format("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    let answer = delete(&laptop, Some(PASSWORD)).await;
    let expected = json!({ "deletionScheduledAt": at, "hasPassword": true });
    assert_eq!(answer.at("/deleteMyAccount"), &expected);
    assert_eq!(phone.query("{ viewer { id } }").await.code(), "UNAUTHENTICATED");
    assert_eq!(scheduled_at(&laptop).await, at);
    let activity = laptop.query("{ viewer { activity { nodes { kind details } } } }").await;
    let event = &activity.list_at("/viewer/activity/nodes")[0];
    assert_eq!((&event["kind"], &event["details"]), (&json!("DELETION_SCHEDULED"), &json!({ "at": at })));

    // Saying it again changes nothing, and tells nothing.
    app.advance(TimeDelta::minutes(1)).await;
    assert_eq!(delete(&laptop, Some(PASSWORD)).await.at("/deleteMyAccount"), &expected);
    let told = app.mails_to(&email_of("张三")).await;
    let told: Vec<_> = told.iter().filter(|mail| mail.subject == "账号即将注销").collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].text.contains("2026-12-07 08:00 UTC"), "{}", told[0].text);

    app.advance(GRACE - TimeDelta::minutes(1) - TimeDelta::seconds(1)).await;
    app.run_jobs().await;
    assert!(exists(&app, &email_of("张三")).await);
    // One signs in as ever.
    let last = app.sign_in("张三").await;
    app.advance(TimeDelta::seconds(1)).await;
    run_jobs_by_many(&app).await;
    assert!(!exists(&app, &email_of("张三")).await);
    assert_eq!(kinds(&app, "ACCOUNT_ERASED").await, 1);
    assert_eq!(last.query("{ viewer { id } }").await.code(), "UNAUTHENTICATED");
    assert_eq!(last.refresh().await.code(), "UNAUTHENTICATED");
    let again = app.client().sign_in(&email_of("张三"), PASSWORD).await;
    assert_eq!(again.code(), "INVALID_CREDENTIALS");
    // The address is free.
    app.with_user("张三").await;
}

#[tokio::test]
async fn the_last_mail_goes_and_leaves_nothing_behind() {
    let app = TestApp::start().await;
    app.account_with_email("张三", "zhang@example.com").await;
    let zhang = app.client().signed_in("zhang@example.com", PASSWORD).await;
    zhang.query("mutation { updateProfile(input: { locale: EN }) { id } }").await.data();
    delete(&zhang, Some(PASSWORD)).await.data();
    app.advance(GRACE).await;
    app.run_jobs().await;
    let files = fs::read_dir(app.gateway.config.data_dir.join("outbox")).unwrap();
    let mails: Vec<String> = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let is_it = |mail: &&String| mail.contains("Subject: Your account was erased");
    assert!(mails.iter().find(is_it).unwrap().contains("To: zhang@example.com"));
    let count: i64 = app.sql_value("SELECT COUNT(*) FROM mails", []).await;
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_last_mail_that_cannot_be_sent_leaves_nothing_behind_either() {
    let smtp = [("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", "1"), ("SMTP_TLS", "none")];
    let app = TestApp::configured(&smtp).await;
    let zhang = app.with_user("张三").await;
    delete(&zhang, Some(PASSWORD)).await.data();
    app.advance(GRACE).await;
    for _ in 0..15 {
        app.run_jobs().await;
        app.advance(TimeDelta::hours(6)).await;
    }
    let mails: i64 =
        app.sql_value("SELECT COUNT(*) FROM mails WHERE kind = $1", ["ACCOUNT_ERASED".into()]).await;
    assert_eq!(mails, 0);
    assert_eq!(traces::places_of_text(&app, "张三").await, Vec::<String>::new());
}

#[tokio::test]
async fn who_thinks_again_keeps_the_account() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    // It was not to be erased: nothing changes.
    assert_eq!(cancel(&zhang).await.at("/cancelAccountDeletion/deletionScheduledAt"), &Value::Null);
    delete(&zhang, Some(PASSWORD)).await.data();
    app.advance(GRACE - TimeDelta::hours(1)).await;
    let zhang = app.sign_in("张三").await;
    assert_eq!(cancel(&zhang).await.at("/cancelAccountDeletion/deletionScheduledAt"), &Value::Null);
    assert_eq!(kinds(&app, "DELETION_CANCELED").await, 1);
    // And may set another day, on which the first one's job finds nothing to do.
    delete(&zhang, Some(PASSWORD)).await.data();
    app.advance(TimeDelta::hours(1)).await;
    app.run_jobs().await;
    assert!(exists(&app, &email_of("张三")).await);
    app.advance(GRACE - TimeDelta::hours(1)).await;
    app.run_jobs().await;
    assert!(!exists(&app, &email_of("张三")).await);
}

#[tokio::test]
async fn it_takes_a_fresh_sign_in_and_the_password() {
    let app = TestApp::configured(&[("SIGN_IN_ATTEMPTS_PER_MINUTE", "4")]).await;
    let zhang = app.with_user("张三").await;
    assert_eq!(delete(&zhang, None).await.violations(), [("input.password", "REQUIRED")]);
    assert_eq!(delete(&zhang, Some("不对的密码")).await.violations(), [("input.password", "MISMATCH")]);
    assert_eq!(delete(&zhang, Some("")).await.violations(), [("input.password", "MISMATCH")]);
    assert_eq!(kinds(&app, "REAUTHENTICATION_FAILED").await, 2);
    let guesses = join_all((0..5).map(|_| delete(&zhang, Some("不对的密码")))).await;
    assert_eq!(guesses.iter().filter(|guess| guess.code() == "INVALID_INPUT").count(), 2, "of four");
    assert_eq!(delete(&zhang, Some(PASSWORD)).await.code(), "RATE_LIMITED");
    let two = "mutation($a: DeleteMyAccountInput!) { a: deleteMyAccount(input: $a) { id } b: deleteMyAccount(input: $a) { id } }";
    let answer = zhang.query_with(two, json!({ "a": { "password": PASSWORD } })).await;
    assert_eq!(answer.code(), "GRAPHQL_VALIDATION_FAILED");

    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(delete(&zhang, Some(PASSWORD)).await.code(), "REAUTHENTICATION_REQUIRED");
    assert_eq!(scheduled_at(&zhang).await, Value::Null);
}

#[tokio::test]
async fn an_account_without_a_password_needs_none() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    app.sql("UPDATE users SET has_password = $1 WHERE name = '张三'", [false.into()]).await;
    assert_eq!(delete(&zhang, None).await.at("/deleteMyAccount/hasPassword"), false);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let answer = delete(&admin, Some(ADMIN_PASSWORD)).await;
    assert_eq!(answer.code(), "CONFLICT");
    assert_eq!(scheduled_at(&admin).await, Value::Null);
    admin.query("{ viewer { id } }").await.data();

    // Of two at once one goes.
    app.account("张三").await;
    app.set_role("张三", Role::Admin).await;
    let zhang = app.sign_in("张三").await;
    let both = join(delete(&admin, Some(ADMIN_PASSWORD)), delete(&zhang, Some(PASSWORD))).await;
    let codes = [&both.0, &both.1].map(|answer| answer.json.get("errors").map(|_| answer.code().to_owned()));
    assert_eq!(codes.iter().flatten().collect::<Vec<_>>(), ["CONFLICT"]);
}

#[tokio::test]
async fn who_has_become_the_last_administrator_by_the_day_stays_until_there_is_another() {
    let app = TestApp::start().await;
    app.account("张三").await;
    app.set_role("张三", Role::Admin).await;
    delete(&app.admin().await, Some(ADMIN_PASSWORD)).await.data();
    app.set_role("张三", Role::User).await;
    app.advance(GRACE).await;
    app.run_jobs().await;
    assert!(exists(&app, ADMIN_EMAIL).await);
    app.admin().await;
    app.set_role("张三", Role::Admin).await;
    app.advance(TimeDelta::days(1)).await;
    app.run_jobs().await;
    assert!(!exists(&app, ADMIN_EMAIL).await);
}

#[tokio::test]
async fn of_the_last_two_administrators_one_stays_whoever_erases_them() {
    let app = TestApp::start().await;
    app.account("张三").await;
    app.set_role("张三", Role::Admin).await;
    delete(&app.admin().await, Some(ADMIN_PASSWORD)).await.data();
    app.sql("UPDATE users SET deletion_scheduled_at = $1", [app.now().into()]).await;
    // The hourly look finds those whom no job waits for.
    fastgpt_platform::erasure::service::queue_due(&app.gateway).await.unwrap();
    run_jobs_by_many(&app).await;
    let left: i64 = app.sql_value("SELECT COUNT(*) FROM users", []).await;
    assert_eq!((left, kinds(&app, "ACCOUNT_ERASED").await), (1, 1));
}

#[tokio::test]
async fn a_change_of_mind_in_the_very_moment_wins_or_loses() {
    let app = TestApp::start().await;
    for number in 0..6 {
        let name = format!("张{number}");
        let zhang = app.with_user(&name).await;
        delete(&zhang, Some(PASSWORD)).await.data();
        app.advance(GRACE).await;
        let zhang = app.sign_in(&name).await;
        let erasing =
            async { if number % 2 == 0 { app.run_jobs().await } else { run_jobs_by_many(&app).await } };
        let (answer, ()) = join(cancel(&zhang), erasing).await;
        let refused = answer.json.get("errors").map(|_| answer.code().to_owned());
        match refused.as_deref() {
            None => {
                assert!(exists(&app, &email_of(&name)).await);
                assert_eq!(scheduled_at(&zhang).await, Value::Null);
                zhang.query("{ viewer { sessions { nodes { id } } } }").await.data();
            }
            Some("NOT_FOUND" | "UNAUTHENTICATED") => assert!(!exists(&app, &email_of(&name)).await),
            Some(code) => panic!("{code}"),
        }
    }
}

#[tokio::test]
async fn an_erasure_that_fails_halfway_has_changed_nothing_and_is_done_later() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    delete(&zhang, Some(PASSWORD)).await.data();
    app.advance(GRACE).await;
    app.sign_in("张三").await;
    let rows =
        "SELECT (SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL) + (SELECT COUNT(*) FROM audit_events)";
    let before: i64 = app.sql_value(rows, []).await;
    app.sql("ALTER TABLE one_time_tokens RENAME TO elsewhere", []).await;
    app.run_jobs().await;
    assert!(exists(&app, &email_of("张三")).await);
    assert_eq!(app.sql_value::<i64>(rows, []).await, before);
    let ips: i64 = app.sql_value("SELECT COUNT(*) FROM audit_events WHERE ip IS NOT NULL", []).await;
    assert!(ips > 0);
    app.sql("ALTER TABLE elsewhere RENAME TO one_time_tokens", []).await;
    app.advance(TimeDelta::seconds(10)).await;
    app.run_jobs().await;
    assert!(!exists(&app, &email_of("张三")).await);
    assert_eq!(kinds(&app, "ACCOUNT_ERASED").await, 1);
}
