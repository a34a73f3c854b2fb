//! A subscription begins once and is answered many times: each answer takes the right to it anew.

use fastgpt_platform::auth::Viewer;
use futures_util::{FutureExt, StreamExt};
use sea_orm::Value as SqlValue;
use serde_json::Value;
use uuid::Uuid;

use super::code_of;
use crate::support::{TestApp, process::until, socket::Socket};

/// What an administrator of the database could do, of which the bus says nothing.
#[derive(Debug, Clone, Copy)]
enum Change {
    Role,
    Status,
    EndOfSession,
    /// Of no consequence to what the viewer may see.
    Name,
}

async fn make(app: &TestApp, change: Change, viewer: Viewer) {
    let (session_id, user_id): (Uuid, Uuid) = (viewer.session_id().unwrap().into(), viewer.user_id().into());
    let (sql, id) = match change {
        Change::Role => ("UPDATE users SET role = 'ADMIN' WHERE id = $1", user_id),
        Change::Status => ("UPDATE users SET status = 'SUSPENDED' WHERE id = $1", user_id),
        Change::Name => ("UPDATE users SET name = '张三丰' WHERE id = $1", user_id),
        Change::EndOfSession => {
            ("UPDATE sessions SET ended_at = created_at, end_reason = 'SIGNED_OUT' WHERE id = $1", session_id)
        }
    };
    assert_eq!(app.sql(sql, [SqlValue::from(id)]).await, 1);
    app.gateway.sessions.invalidate(session_id).await;
    app.gateway.users.invalidate(user_id).await;
}

async fn is_answered_after(change: Change) -> bool {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let viewer = app.viewer(&zhang).await;
    // Without a socket, which the sweep might close first.
    let mut events = app.session_events(Some(viewer)).await;
    let first = until("the subscription stands", async || {
        app.tell_of_refresh(&viewer);
        events.next().now_or_never()
    });
    assert_eq!(first.await.unwrap()["data"]["sessionEvents"]["kind"], "REFRESHED");

    make(&app, change, viewer).await;
    app.tell_of_refresh(&viewer);
    let answer = events.next().await.unwrap();
    if answer["data"].is_object() {
        return true;
    }
    assert_eq!(code_of(&answer["errors"]), "UNAUTHENTICATED", "{change:?}: {answer}");
    app.tell_of_refresh(&viewer);
    assert_eq!(events.next().await, None, "{change:?}: nothing may follow");
    false
}

#[tokio::test]
async fn who_has_another_role_hears_no_more_under_the_old_one() {
    assert!(!is_answered_after(Change::Role).await);
}

#[tokio::test]
async fn whose_session_has_ended_in_the_database_alone_hears_no_more() {
    assert!(!is_answered_after(Change::EndOfSession).await);
}

#[tokio::test]
async fn whose_account_is_no_longer_active_hears_no_more() {
    assert!(!is_answered_after(Change::Status).await);
}

#[tokio::test]
async fn who_has_merely_another_name_goes_on_hearing() {
    assert!(is_answered_after(Change::Name).await);
}

#[tokio::test]
async fn over_a_socket_the_last_word_is_an_error_or_the_close() {
    for change in [Change::Role, Change::EndOfSession] {
        let app = TestApp::start().await;
        let zhang = app.with_user("zhang").await;
        let (viewer, mut socket) = (app.viewer(&zhang).await, Socket::watch(&zhang).await);
        make(&app, change, viewer).await;
        app.tell_of_refresh(&viewer);
        match socket.next_or_close().await {
            Ok(message) => {
                assert_eq!(message["type"], "error", "{change:?}: {message}");
                assert_eq!(code_of(&message["payload"]), "UNAUTHENTICATED", "{change:?}: {message}");
                app.tell_of_refresh(&viewer);
                assert_eq!(sweep(&mut socket).await, Vec::<Value>::new(), "{change:?}");
            }
            Err((code, _)) => assert_eq!(code, 4403, "{change:?}: the sweep came first"),
        }
    }
}

/// What the socket says until the sweep closes it.
async fn sweep(socket: &mut Socket) -> Vec<Value> {
    let mut said = Vec::new();
    loop {
        match socket.next_or_close().await {
            Ok(message) => said.push(message),
            Err(closing) => {
                assert_eq!(closing, (4403, "Session ended".into()));
                return said;
            }
        }
    }
}
