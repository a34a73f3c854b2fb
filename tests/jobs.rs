//! The queue: nothing is lost, nothing done by two at once, nothing tried for ever.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use chrono::TimeDelta;
use fastgpt_platform::{
    error::{Error, Result},
    gateway::Gateway,
    job::{
        Job, JobKind, pause_after,
        service::{self, NewJob, Outcome},
        worker::run_next,
    },
    session,
};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::TestApp;

async fn enqueue(app: &TestApp, payload: i64, unique_key: Option<&str>) {
    let new = NewJob {
        kind: JobKind::SendMail,
        payload: json!(payload),
        run_at: app.now(),
        unique_key: unique_key.map(str::to_owned),
    };
    service::enqueue(&app.gateway.db, &app.gateway.clock, new).await.unwrap();
}

async fn waiting(app: &TestApp) -> i64 {
    app.sql_value("SELECT COUNT(*) FROM jobs WHERE finished_at IS NULL", []).await
}

fn failing(_: Gateway, _: Job) -> impl Future<Output = Result<Outcome>> {
    std::future::ready(Err(Error::Timeout))
}

#[tokio::test]
async fn workers_that_take_at_once_get_different_jobs() {
    let app = TestApp::start().await;
    for number in 0..20 {
        enqueue(&app, number, None).await;
    }
    let done = Arc::new(Mutex::new(Vec::new()));
    let perform = |_: Gateway, job: Job| {
        let done = Arc::clone(&done);
        async move {
            done.lock().unwrap().push(job.payload.as_i64().unwrap());
            Ok(Outcome::Done)
        }
    };
    let worker = async || while run_next(&app.gateway, &perform).await.unwrap() {};
    join_all((0..5).map(|_| worker())).await;
    let mut done = done.lock().unwrap().clone();
    done.sort_unstable();
    assert_eq!(done, (0..20).collect::<Vec<_>>());
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn a_job_is_there_only_with_the_change_that_needs_it() {
    let app = TestApp::start().await;
    let transaction = app.gateway.begin().await.unwrap();
    let new = NewJob { kind: JobKind::CleanUp, payload: json!(null), run_at: app.now(), unique_key: None };
    service::enqueue(&transaction, &app.gateway.clock, new).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn of_one_key_one_job_waits() {
    let app = TestApp::start().await;
    for number in 0..3 {
        enqueue(&app, number, Some("同一件事")).await;
    }
    assert_eq!(waiting(&app).await, 1);
    assert!(run_next(&app.gateway, &|_, _| async { Ok(Outcome::Done) }).await.unwrap());
    enqueue(&app, 4, Some("同一件事")).await;
    assert_eq!(waiting(&app).await, 1, "and the next one once it is done");
}

#[tokio::test]
async fn a_job_that_fails_is_tried_again_later_and_given_up_in_the_end() {
    let app = TestApp::start().await;
    enqueue(&app, 1, None).await;
    for attempt in 1..=JobKind::SendMail.most_attempts() {
        assert!(run_next(&app.gateway, &failing).await.unwrap(), "attempt {attempt}");
        assert!(!run_next(&app.gateway, &failing).await.unwrap(), "not at once");
        app.gateway.clock.advance(pause_after(attempt));
    }
    assert!(!run_next(&app.gateway, &failing).await.unwrap());
    let state: String = app.sql_value("SELECT state FROM jobs", []).await;
    assert_eq!(state, "FAILED");
}

#[tokio::test]
async fn a_job_that_panics_costs_itself_alone() {
    let app = TestApp::start().await;
    enqueue(&app, 1, None).await;
    assert!(run_next(&app.gateway, &|_, _| async { panic!("这件事做不了") }).await.unwrap());
    assert_eq!(waiting(&app).await, 1);
}

#[tokio::test]
async fn a_job_whose_worker_is_gone_is_done_by_another() {
    let app = TestApp::start().await;
    enqueue(&app, 1, None).await;
    let gone = service::take(&app.gateway).await.unwrap().unwrap();
    assert!(service::take(&app.gateway).await.unwrap().is_none(), "it is taken");
    let lease = TimeDelta::from_std(JobKind::SendMail.lease()).unwrap();
    app.gateway.clock.advance(lease);
    let other = service::take(&app.gateway).await.unwrap().unwrap();
    assert_eq!((other.job.id, other.job.attempts), (gone.job.id, 2));
    // The first one was only slow, and has no say any more.
    service::settle(&app.gateway, &gone, Outcome::Failed("太慢".into())).await.unwrap();
    assert_eq!(waiting(&app).await, 1);
    service::settle(&app.gateway, &other, Outcome::Done).await.unwrap();
    assert_eq!(waiting(&app).await, 0);
    let state: String = app.sql_value("SELECT state FROM jobs", []).await;
    assert_eq!(state, "SUCCEEDED");
}

#[tokio::test]
async fn a_job_that_kills_its_workers_is_given_up() {
    let app = TestApp::start().await;
    enqueue(&app, 1, None).await;
    let lease = TimeDelta::from_std(JobKind::SendMail.lease()).unwrap();
    for _ in 0..JobKind::SendMail.most_attempts() {
        service::take(&app.gateway).await.unwrap().unwrap();
        app.gateway.clock.advance(lease);
    }
    let performed = AtomicUsize::new(0);
    let perform = |_, _| {
        performed.fetch_add(1, Ordering::Relaxed);
        async { Ok(Outcome::Done) }
    };
    assert!(run_next(&app.gateway, &perform).await.unwrap());
    assert_eq!(performed.load(Ordering::Relaxed), 0);
    let state: String = app.sql_value("SELECT state FROM jobs", []).await;
    assert_eq!(state, "FAILED");
}

#[tokio::test]
async fn what_a_newer_release_brought_is_left_to_it() {
    let app = TestApp::start().await;
    enqueue(&app, 1, None).await;
    app.sql("UPDATE jobs SET kind = 'FROM_THE_FUTURE'", []).await;
    assert!(service::take(&app.gateway).await.unwrap().is_none());
    assert_eq!(service::next_due(&app.gateway).await.unwrap(), None, "nothing to wait for");
    let attempts: i32 = app.sql_value("SELECT attempts FROM jobs", []).await;
    assert_eq!(attempts, 0);
}

#[tokio::test]
async fn what_was_done_keeps_nothing_of_what_it_was_done_with() {
    let app = TestApp::start().await;
    enqueue(&app, 42, Some("某人的事")).await;
    assert!(run_next(&app.gateway, &failing).await.unwrap());
    app.gateway.clock.advance(pause_after(1));
    assert!(run_next(&app.gateway, &|_, _| async { Ok(Outcome::Done) }).await.unwrap());
    let kept: String = app
        .sql_value("SELECT payload || COALESCE(unique_key, '') || COALESCE(last_error, '') FROM jobs", [])
        .await;
    assert_eq!(kept, "null");
}

#[tokio::test]
async fn sessions_of_long_ago_are_forgotten_by_several_replicas_at_once() {
    let app = TestApp::start().await;
    app.with_user("张三").await.query("mutation { signOut }").await.data();
    let sessions = async || app.sql_value::<i64>("SELECT COUNT(*) FROM sessions", []).await;
    // It could have lived for 30 days, and is remembered for 90 more.
    app.advance(TimeDelta::days(120)).await;
    assert_eq!(session::service::remove_old(&app.gateway).await.unwrap(), 0);
    app.sign_in("张三").await;
    app.advance(TimeDelta::seconds(1)).await;
    let removed = join_all((0..4).map(|_| session::service::remove_old(&app.gateway))).await;
    assert_eq!(removed.into_iter().map(Result::unwrap).sum::<u64>(), 1);
    assert_eq!(sessions().await, 1);
}
