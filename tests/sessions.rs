//! One's own sessions: seen, ended, expired, and when they were last used.

use chrono::{DateTime, TimeDelta, Utc};
use fastgpt_platform::{
    id::{SessionId, TypedId},
    session::activity,
};
use insta::assert_json_snapshot;
use serde_json::json;

use crate::support::{Client, PASSWORD, Response, TestApp, app::start_of_time};

const SESSIONS: &str = "query($state: SessionState) { viewer { sessions(state: $state) { totalCount
    nodes { id isCurrent createdAt lastActiveAt expiresAt endedAt endReason } } } }";
const END: &str = "mutation($id: ID!) { endSession(input: { sessionId: $id }) { id endedAt endReason } }";

async fn ids(client: &Client, state: Option<&str>) -> Vec<String> {
    let answer = client.query_with(SESSIONS, json!({ "state": state })).await;
    let ids = answer.texts_at("/viewer/sessions/nodes", "id");
    assert_eq!(answer.at("/viewer/sessions/totalCount"), ids.len());
    ids
}

async fn end(client: &Client, id: &str) -> Response {
    client.query_with(END, json!({ "id": id })).await
}

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

#[tokio::test]
async fn a_session_tells_its_device_and_address() {
    let app = TestApp::start().await;
    app.account("张三").await;
    let phone = app.client_at("203.0.113.9").with_header("user-agent", PHONE);
    let phone = phone.signed_in("张三@example.com", PASSWORD).await;
    let document =
        "{ viewer { sessions { nodes { id isCurrent ip createdAt lastActiveAt expiresAt endedAt endReason
        device { label kind browser browserVersion os osVersion userAgent } } } } }";
    let answer = phone.query(document).await;
    assert_json_snapshot!(answer.at("/viewer/sessions/nodes"), { "[].id" => "[id]" }, @r#"
    [
      {
        "createdAt": "2026-11-23T08:00:00+00:00",
        "device": {
          "browser": "Safari",
          "browserVersion": "17",
          "kind": "MOBILE",
          "label": "Safari 17 · iPhone",
          "os": "iPhone",
          "osVersion": "17.5",
          "userAgent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
        },
        "endReason": null,
        "endedAt": null,
        "expiresAt": "2026-12-23T08:00:00+00:00",
        "id": "[id]",
        "ip": "203.0.113.9",
        "isCurrent": true,
        "lastActiveAt": "2026-11-23T08:00:00+00:00"
      }
    ]
    "#);
}

#[tokio::test]
async fn an_endless_or_missing_user_agent_is_no_harm() {
    let app = TestApp::start().await;
    app.account("张三").await;
    let endless = format!("{}x", "a".repeat(20_000));
    for (header, kept) in [(Some(endless.as_str()), 512), (Some(""), 0), (None, 0)] {
        let client = match header {
            Some(text) => app.client().with_header("user-agent", text),
            None => app.client(),
        };
        let client = client.signed_in("张三@example.com", PASSWORD).await;
        let answer =
            client.query("{ viewer { sessions(first: 1) { nodes { device { userAgent kind } } } } }").await;
        let device = &answer.list_at("/viewer/sessions/nodes")[0]["device"];
        assert_eq!(device["userAgent"].as_str().unwrap().len(), kept);
        assert_eq!(device["kind"], "OTHER");
        app.advance(TimeDelta::seconds(1)).await;
    }
}

#[tokio::test]
async fn lists_are_latest_first_and_know_what_lives() {
    let app = TestApp::start().await;
    let first = app.with_user("张三").await;
    app.advance(TimeDelta::minutes(1)).await;
    let second = app.sign_in("张三").await;
    app.with_user("李四").await;
    let (old, new) = (first.session_id().await, second.session_id().await);
    assert_eq!(ids(&first, None).await, [new.as_str(), &old]);
    assert_eq!(ids(&second, Some("ACTIVE")).await, [new.as_str(), &old]);
    assert_eq!(ids(&first, Some("ENDED")).await, [""; 0]);

    app.advance(TimeDelta::minutes(1)).await;
    let ended = end(&first, &new).await;
    assert_eq!(
        ended.at("/endSession"),
        &json!({ "id": new, "endedAt": "2026-11-23T08:02:00+00:00", "endReason": "ENDED_BY_USER" })
    );
    assert_eq!(ids(&first, Some("ACTIVE")).await, [old.as_str()]);
    assert_eq!(ids(&first, Some("ENDED")).await, [new.as_str()]);
    assert_eq!(ids(&first, None).await, [new.as_str(), &old]);
}

#[tokio::test]
async fn the_current_session_is_the_callers() {
    let app = TestApp::start().await;
    let (one, two) = (app.with_user("张三").await, app.sign_in("张三").await);
    assert_ne!(one.session_id().await, two.session_id().await);
    for client in [&one, &two] {
        let answer = client.query_with(SESSIONS, json!({})).await;
        let nodes = answer.list_at("/viewer/sessions/nodes");
        assert_eq!(nodes.iter().filter(|node| node["isCurrent"] == true).count(), 1);
    }
}

fn assert_refused(answer: &Response) {
    assert_eq!((answer.status.as_u16(), answer.code()), (401, "UNAUTHENTICATED"), "{}", answer.text);
}

#[tokio::test]
async fn an_ended_session_is_refused_at_the_next_request() {
    let app = TestApp::start().await;
    let (one, two) = (app.with_user("张三").await, app.sign_in("张三").await);
    two.query("{ viewer { id } }").await.data();
    end(&one, &two.session_id().await).await.data();
    assert_refused(&two.query("{ viewer { id } }").await);
    one.query("{ viewer { id } }").await.data();
    // Its own as well.
    let own = one.session_id().await;
    assert_eq!(end(&one, &own).await.at("/endSession/endReason"), "ENDED_BY_USER");
    assert_refused(&one.query("{ viewer { id } }").await);
}

#[tokio::test]
async fn ending_a_session_again_changes_nothing() {
    let app = TestApp::start().await;
    let (one, two) = (app.with_user("张三").await, app.sign_in("张三").await);
    let id = two.session_id().await;
    two.query("mutation { signOut }").await.data();
    app.advance(TimeDelta::minutes(1)).await;
    let again = end(&one, &id).await;
    assert_eq!(again.at("/endSession/endReason"), "SIGNED_OUT");
    assert_eq!(again.at("/endSession/endedAt"), "2026-11-23T08:00:00+00:00");
}

#[tokio::test]
async fn ending_what_is_no_session_is_not_found() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let user = zhang.user_id().await;
    for id in ["Session:0198f000-0000-7000-8000-000000000000", &user, "会话", ""] {
        assert_eq!(end(&zhang, id).await.code(), "NOT_FOUND", "{id}");
    }
}

#[tokio::test]
async fn ending_the_others_spares_the_one_in_use_and_other_people() {
    let app = TestApp::start().await;
    let (one, two, three) =
        (app.with_user("张三").await, app.sign_in("张三").await, app.sign_in("张三").await);
    let other = app.with_user("李四").await;
    assert_eq!(one.query("mutation { endOtherSessions }").await.at("/endOtherSessions"), 2);
    for ended in [&two, &three] {
        assert_refused(&ended.query("{ viewer { id } }").await);
        assert_eq!(ended.refresh().await.code(), "UNAUTHENTICATED");
    }
    for spared in [&one, &other] {
        spared.query("{ viewer { id } }").await.data();
    }
    assert_eq!(one.query("mutation { endOtherSessions }").await.at("/endOtherSessions"), 0);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_removes_the_cookie() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let id = zhang.session_id().await;
    let answer = zhang.query("mutation { signOut }").await;
    assert_eq!(answer.at("/signOut"), true);
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_refused(&zhang.query("{ viewer { id } }").await);
    let (list, admin) =
        ("query($id: ID!) { node(id: $id) { ... on Session { endReason } } }", app.admin().await);
    assert_eq!(admin.query_with(list, json!({ "id": id })).await.at("/node/endReason"), "SIGNED_OUT");
}

#[tokio::test]
async fn an_administrator_ends_anybodys_session() {
    let app = TestApp::start().await;
    let (zhang, admin) = (app.with_user("张三").await, app.admin().await);
    let id = zhang.session_id().await;
    assert_eq!(end(&admin, &id).await.at("/endSession/endReason"), "ENDED_BY_ADMIN");
    assert_refused(&zhang.query("{ viewer { id } }").await);
}

#[tokio::test]
async fn an_idle_session_shows_as_expired() {
    let app = TestApp::configured(&[("SESSION_IDLE_TTL", "1h")]).await;
    let idle = app.with_user("张三").await;
    let id = idle.session_id().await;
    app.advance(TimeDelta::minutes(61)).await;
    assert_refused(&idle.query("{ viewer { id } }").await);
    let current = app.sign_in("张三").await;
    assert_eq!(ids(&current, Some("ENDED")).await, [id.as_str()]);
    assert_eq!(ids(&current, Some("ACTIVE")).await.len(), 1);
    let answer = current.query_with(SESSIONS, json!({ "state": "ENDED" })).await;
    let node = &answer.list_at("/viewer/sessions/nodes")[0];
    assert_eq!(
        (&node["endReason"], &node["endedAt"]),
        (&json!("EXPIRED"), &json!("2026-11-23T09:00:00+00:00"))
    );
    assert_eq!(
        current.query("mutation { endOtherSessions }").await.at("/endOtherSessions"),
        0,
        "it is over already"
    );
}

async fn last_active(app: &TestApp, id: &str) -> DateTime<Utc> {
    let id: SessionId = TypedId::parse(id).unwrap();
    let uuid = uuid::Uuid::from(id);
    app.sql_value("SELECT last_active_at FROM sessions WHERE id = $1", [uuid.into()]).await
}

#[tokio::test]
async fn activity_of_many_sessions_is_written_in_one_statement() {
    let app = TestApp::start().await;
    let (zhang, li) = (app.with_user("张三").await, app.with_user("李四").await);
    let ids = [zhang.session_id().await, li.session_id().await];
    activity::flush(&app.gateway).await.unwrap();
    app.gateway.clock.advance(TimeDelta::minutes(3));
    zhang.query("{ viewer { id } }").await.data();
    app.gateway.clock.advance(TimeDelta::minutes(1));
    li.query("{ viewer { id } }").await.data();

    let _ = app.statements.take();
    activity::flush(&app.gateway).await.unwrap();
    let statements = app.statements.take();
    assert_eq!(statements.len(), 1, "{statements:?}");
    assert!(statements[0].starts_with("UPDATE"), "{statements:?}");
    assert_eq!(last_active(&app, &ids[0]).await, start_of_time() + TimeDelta::minutes(3));
    assert_eq!(last_active(&app, &ids[1]).await, start_of_time() + TimeDelta::minutes(4));

    let _ = app.statements.take();
    activity::flush(&app.gateway).await.unwrap();
    assert_eq!(app.statements.take(), [""; 0], "nothing new, nothing written");
}

#[tokio::test]
async fn activity_never_moves_backwards() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let id = zhang.session_id().await;
    let session: SessionId = TypedId::parse(&id).unwrap();
    let later = start_of_time() + TimeDelta::minutes(5);
    for at in [later, start_of_time() + TimeDelta::minutes(2)] {
        app.gateway.activity.note(session, at);
        activity::flush(&app.gateway).await.unwrap();
        assert_eq!(last_active(&app, &id).await, later);
    }
}

#[tokio::test]
async fn activity_keeps_a_session_from_expiring_but_not_alive_again() {
    let app = TestApp::configured(&[("SESSION_IDLE_TTL", "1h"), ("ACCESS_TOKEN_TTL", "1d")]).await;
    let zhang = app.with_user("张三").await;
    for _ in 0..3 {
        app.advance(TimeDelta::minutes(50)).await;
        zhang.query("{ viewer { id } }").await.data();
        activity::flush(&app.gateway).await.unwrap();
    }
    let other = app.sign_in("张三").await;
    let id = zhang.session_id().await;
    end(&other, &id).await.data();
    let at = last_active(&app, &id).await;
    app.gateway.activity.note(TypedId::parse(&id).unwrap(), at + TimeDelta::minutes(1));
    activity::flush(&app.gateway).await.unwrap();
    assert_eq!(last_active(&app, &id).await, at, "what is over is not touched");
}
