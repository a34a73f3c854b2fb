//! How copies are made: by one worker at a time, as often as it takes, and not without end.

use chrono::TimeDelta;
use fastgpt_platform::{
    data_export::service::{self, Run},
    id::{AuditEventId, DataExportId, TypedId, UserId},
    job::{self, JobKind, worker::run_next},
    worker,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{clean_up, download, json_of, latest, path_of, request, with_copy};
use crate::support::{PASSWORD, TestApp, email_of};

async fn run_jobs_by_many(app: &TestApp) {
    let worker = async || while run_next(&app.gateway, &worker::perform).await.unwrap() {};
    join_all((0..4).map(|_| worker())).await;
}

async fn count(app: &TestApp, table: &str) -> i64 {
    app.sql_value(&format!("SELECT COUNT(*) FROM {table}"), []).await
}

#[tokio::test]
async fn one_is_made_at_a_time_and_three_a_day() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let asked = join_all((0..5).map(|_| request(&zhang))).await;
    let id = asked[0].at("/requestDataExport/id");
    assert!(asked.iter().all(|answer| answer.at("/requestDataExport/id") == id));
    assert_eq!(count(&app, "data_exports").await, 1);
    run_jobs_by_many(&app).await;
    let first = path_of(&latest(&zhang).await);
    for _ in 0..2 {
        app.advance(TimeDelta::minutes(1)).await;
        assert_ne!(request(&zhang).await.at("/requestDataExport/id"), id);
        app.run_jobs().await;
    }
    // The latest takes the place of those before.
    let answer = app.client().send(app.client().request(reqwest::Method::GET, &first)).await;
    assert_eq!(answer.code(), "INVALID_TOKEN");
    let answer = request(&zhang).await;
    assert_eq!(answer.code(), "RATE_LIMITED");
    let wait = answer.error()["extensions"]["retryAfterSeconds"].as_u64().unwrap();
    assert_eq!(wait, 24 * 3600 - 120);
    assert_eq!(latest(&zhang).await["state"], "READY");
    app.advance(TimeDelta::seconds(wait.try_into().unwrap())).await;
    request(&app.sign_in("张三").await).await.data();
}

#[tokio::test]
async fn it_takes_a_fresh_sign_in() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(request(&zhang).await.code(), "REAUTHENTICATION_REQUIRED");
}

#[tokio::test]
async fn two_workers_at_once_make_one() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    request(&zhang).await.data();
    run_jobs_by_many(&app).await;
    download(&app, &path_of(&latest(&zhang).await)).await;
    let told: i64 =
        app.sql_value("SELECT COUNT(*) FROM mails WHERE kind = $1", ["DATA_EXPORT_READY".into()]).await;
    assert_eq!(told, 1);
}

/// A great deal that does not compress well, so that the archive has several pieces and each list several pages.
async fn live_through(app: &TestApp, user_id: UserId, events: usize) {
    let noise = |number: usize| {
        let mut state = number as u64 + 1;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{:08x}", state >> 32)
        };
        (0..500).map(|_| next()).collect::<String>()
    };
    let insert = "INSERT INTO audit_events (id, kind, occurred_at, actor, subject_id, details)
        VALUES ($1, 'PROFILE_CHANGED', $2, 'OWN', $3, $4)";
    for number in 0..events {
        let details = json!({ "after": format!("第{number}次{}", noise(number)) }).to_string();
        let id = Uuid::from(AuditEventId::generate());
        let values = [id.into(), app.now().into(), Uuid::from(user_id).into(), details.into()];
        app.sql(insert, values).await;
    }
}

#[tokio::test]
async fn what_is_large_comes_in_pages_and_pieces() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    live_through(&app, UserId::parse(&zhang.user_id().await).unwrap(), 450).await;
    request(&zhang).await.data();
    let _ = app.statements.take();
    app.run_jobs().await;
    let reads = app.statements.take().into_iter().filter(|sql| sql.contains("FROM \"audit_events\""));
    assert_eq!(reads.count(), 4, "200 at once");
    assert!(count(&app, "data_export_chunks").await > 3);
    let files = download(&app, &path_of(&latest(&zhang).await)).await;
    let activity = json_of(&files, "activity.json");
    for number in [0, 199, 200, 449] {
        let begins = format!("第{number}次");
        let is_it =
            |event: &&Value| event["details"]["after"].as_str().is_some_and(|text| text.starts_with(&begins));
        assert_eq!(activity.as_array().unwrap().iter().filter(is_it).count(), 1, "{number}");
    }
}

#[tokio::test]
async fn a_worker_that_is_gone_is_followed_by_another_and_has_no_say_any_more() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let asked = request(&zhang).await.text_at("/requestDataExport/id");
    let id = DataExportId::parse(&asked).unwrap();
    job::service::take(&app.gateway).await.unwrap().unwrap();
    let gone: Run = service::begin(&app.gateway, id).await.unwrap().unwrap();
    gone.store(&app.gateway, 0, b"the first half".to_vec()).await.unwrap();
    gone.note_progress(&app.gateway, 0.5).await.unwrap();
    assert_eq!(
        (&latest(&zhang).await["state"], &latest(&zhang).await["progress"]),
        (&json!("RUNNING"), &json!(0.5))
    );
    app.run_jobs().await;
    assert_eq!(latest(&zhang).await["state"], "RUNNING", "it is taken");

    app.advance(TimeDelta::from_std(JobKind::ExportData.lease()).unwrap()).await;
    let other = service::begin(&app.gateway, id).await.unwrap().unwrap();
    assert_eq!(latest(&zhang).await["progress"], 0.0, "begun anew");
    other.store(&app.gateway, 0, b"another first half".to_vec()).await.unwrap();
    // It was only slow.
    let late = gone.store(&app.gateway, 1, b"the other half".to_vec()).await;
    assert!(late.is_err() && gone.note_progress(&app.gateway, 0.9).await.is_err());
    gone.fail(&app.gateway).await.unwrap();
    assert_eq!(
        (count(&app, "data_export_chunks").await, &latest(&zhang).await["progress"]),
        (1, &json!(0.0))
    );
    app.run_jobs().await;
    download(&app, &path_of(&latest(&zhang).await)).await;
    assert!(other.store(&app.gateway, 7, b"far too late".to_vec()).await.is_err());
}

#[tokio::test]
async fn one_that_fails_halfway_is_begun_anew_and_given_up_in_the_end() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    request(&zhang).await.data();
    app.sql("ALTER TABLE invitations RENAME TO elsewhere", []).await;
    app.run_jobs().await;
    let halfway = latest(&zhang).await;
    assert_eq!(halfway["state"], "RUNNING");
    assert!(halfway["progress"].as_f64().unwrap() > 0.5, "{halfway}");
    app.sql("ALTER TABLE elsewhere RENAME TO invitations", []).await;
    app.advance(TimeDelta::seconds(10)).await;
    app.run_jobs().await;
    download(&app, &path_of(&latest(&zhang).await)).await;

    request(&zhang).await.data();
    app.sql("ALTER TABLE invitations RENAME TO elsewhere", []).await;
    for _ in 0..JobKind::ExportData.most_attempts() {
        app.run_jobs().await;
        app.advance(TimeDelta::minutes(3)).await;
    }
    let failed = latest(&app.sign_in("张三").await).await;
    assert_eq!((&failed["state"], &failed["downloadUrl"]), (&json!("FAILED"), &Value::Null));
    let kept: i64 = app.sql_value("SELECT COUNT(DISTINCT export_id) FROM data_export_chunks", []).await;
    assert_eq!(kept, 1, "the earlier one alone");
    app.sql("ALTER TABLE elsewhere RENAME TO invitations", []).await;
    let zhang = app.sign_in("张三").await;
    request(&zhang).await.data();
    app.run_jobs().await;
    assert_eq!(latest(&zhang).await["state"], "READY");
}

#[tokio::test]
async fn one_that_nobody_makes_any_more_is_given_up() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    request(&zhang).await.data();
    app.sql("DELETE FROM jobs", []).await;
    app.advance(TimeDelta::hours(25)).await;
    clean_up(&app).await;
    let zhang = app.sign_in("张三").await;
    assert_eq!(latest(&zhang).await["state"], "FAILED");
    request(&zhang).await.data();
}

#[tokio::test]
async fn it_goes_with_the_account() {
    let app = TestApp::start().await;
    let zhang = with_copy(&app, "张三").await;
    request(&zhang).await.data();
    let id: Vec<Uuid> = app.sql_values("SELECT id FROM data_exports WHERE state = 'QUEUED'", []).await;
    let run = service::begin(&app.gateway, id[0].into()).await.unwrap().unwrap();
    let delete = "mutation($input: DeleteMyAccountInput!) { deleteMyAccount(input: $input) { id } }";
    zhang.query_with(delete, json!({ "input": { "password": PASSWORD } })).await.data();
    app.advance(TimeDelta::days(14)).await;
    app.run_jobs().await;
    let left: i64 =
        app.sql_value("SELECT COUNT(*) FROM users WHERE email = $1", [email_of("张三").into()]).await;
    assert_eq!((left, count(&app, "data_exports").await, count(&app, "data_export_chunks").await), (0, 0, 0));
    assert!(run.store(&app.gateway, 0, b"of nobody".to_vec()).await.is_err());
}
