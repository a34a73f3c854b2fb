//! Watching a copy being made.

use fastgpt_platform::{
    auth::Viewer,
    data_export::{DataExport, DataExportState, watch::watch_own},
};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::request;
use crate::support::{Client, TestApp, socket::Socket};

const WATCH: &str = "subscription { dataExportProgress { state progress downloadUrl } }";

async fn watch(client: &Client) -> Socket {
    let mut socket = Socket::connect(client).await;
    socket.subscribe("1", WATCH).await;
    socket
}

async fn next(socket: &mut Socket) -> Value {
    socket.next().await["payload"]["data"]["dataExportProgress"].clone()
}

#[tokio::test]
async fn one_sees_how_it_stands_and_each_change() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    request(&zhang).await.data();
    let mut socket = watch(&zhang).await;
    let queued = json!({ "state": "QUEUED", "progress": 0.0, "downloadUrl": null });
    assert_eq!(next(&mut socket).await, queued);
    app.run_jobs().await;
    let mut last = 0.0;
    loop {
        let state = next(&mut socket).await;
        let progress = state["progress"].as_f64().unwrap();
        assert!(progress >= last, "{state}");
        last = progress;
        if state["state"] == "READY" {
            assert!(state["downloadUrl"].is_string());
            break;
        }
        assert_eq!((&state["state"], &state["downloadUrl"]), (&json!("RUNNING"), &Value::Null));
    }
    assert!((last - 1.0).abs() < f64::EPSILON);
}

/// What a watcher is told, who is always quick to listen.
fn told(app: &TestApp, viewer: &Viewer) -> UnboundedReceiver<DataExport> {
    let (teller, told) = unbounded_channel();
    let mut states = Box::pin(watch_own(&app.gateway, viewer.signed_in().unwrap()));
    tokio::spawn(async move {
        while let Some(state) = states.next().await {
            teller.send(state.unwrap()).unwrap();
        }
    });
    told
}

#[tokio::test]
async fn one_sees_ones_own_alone_even_as_an_administrator() {
    let app = TestApp::start().await;
    let (zhang, admin) = (app.with_user("张三").await, app.admin().await);
    let mut told = told(&app, &app.viewer(&admin).await);
    request(&zhang).await.data();
    app.run_jobs().await;
    request(&admin).await.data();
    let own = told.recv().await.unwrap();
    assert_eq!((own.state, own.user_id.to_string()), (DataExportState::Queued, admin.user_id().await));

    let mut socket = Socket::connect_anonymously(&app.client()).await;
    socket.subscribe("1", WATCH).await;
    assert_eq!(socket.next().await["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn who_may_have_missed_something_is_told_how_it_stands() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let viewer = app.viewer(&zhang).await;
    let mut told = told(&app, &viewer);
    request(&zhang).await.data();
    assert_eq!(told.recv().await.unwrap().state, DataExportState::Queued);
    // Nobody tells of it.
    app.sql("UPDATE data_exports SET state = 'FAILED'", []).await;
    let fall_behind = || (0..2000).for_each(|_| app.tell_of_refresh(&viewer));
    fall_behind();
    assert_eq!(told.recv().await.unwrap().state, DataExportState::Failed);
    // What has not changed is not told again.
    fall_behind();
    app.sql("UPDATE data_exports SET progress = 0.25", []).await;
    fall_behind();
    let next = told.recv().await.unwrap();
    assert_eq!((next.state, next.progress), (DataExportState::Failed, 0.25));
}
