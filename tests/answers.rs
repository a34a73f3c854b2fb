//! `data` as the GraphQL specification wants it: null in the place of what failed, and keys in the document's order.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::Upgraded;
use serde_json::{Value, json};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

use crate::support::{
    Client, Response, TestApp,
    process::{PATIENCE, until},
    socket::upgrade,
};

/// Keys whose values take a while before others that do not.
const SLOW_FIRST: &str = "{ viewer { sessions { totalCount } name status } }";
const NULL: &str = "null";

/// The text of an answer begins with exactly this `data`.
fn assert_data(text: &str, data: &str, document: &str) {
    let rest = text.strip_prefix(&format!("{{\"data\":{data}"));
    assert!(rest.is_some_and(|rest| rest.starts_with([',', '}'])), "{document}: not {data}: {text}");
}

/// Where errors were, sorted: fields of one selection set fail in any order.
fn error_paths(answer: &Response) -> Vec<String> {
    let errors = answer.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut paths: Vec<String> = errors.iter().map(|error| error["path"].to_string()).collect();
    paths.sort_unstable();
    paths
}

/// The document is answered by this `data`, with errors at these places.
async fn assert_answer(client: &Client, document: &str, data: &str, errors: &[&str]) {
    let answer = client.query(document).await;
    assert_eq!(answer.status, 200, "{document}: {}", answer.text);
    assert_data(&answer.text, data, document);
    assert_eq!(error_paths(&answer), errors, "{document}: {}", answer.text);
}

#[tokio::test]
async fn a_nullable_field_that_failed_is_null_and_there() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    for (document, data, errors) in [
        (
            r#"{ viewer { name } user(id: "甲") { id } }"#,
            r#"{"viewer":{"name":"张三"},"user":null}"#,
            &[r#"["user"]"#] as &[_],
        ),
        (r#"{ node(id: "没有") { id } }"#, r#"{"node":null}"#, &[r#"["node"]"#]),
        (
            r#"{ user(id: "甲") { id } viewer { name } }"#,
            r#"{"user":null,"viewer":{"name":"张三"}}"#,
            &[r#"["user"]"#],
        ),
        (
            r#"{ a: node(id: "没有") { id } b: user(id: "甲") { id } c: user(id: "乙") { id } viewer { name } }"#,
            r#"{"a":null,"b":null,"c":null,"viewer":{"name":"张三"}}"#,
            &[r#"["a"]"#, r#"["b"]"#, r#"["c"]"#],
        ),
        (
            r#"{ ...f viewer { name } } fragment f on Query { ... { n: node(id: "没有") { ... on User { name } } } }"#,
            r#"{"n":null,"viewer":{"name":"张三"}}"#,
            &[r#"["n"]"#],
        ),
    ] {
        assert_answer(&zhang, document, data, errors).await;
    }
}

#[tokio::test]
async fn a_field_that_must_not_be_null_takes_the_nearest_one_around_it_that_may() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    for (document, data, error) in [
        (
            "{ viewer { name sessions(first: 0) { totalCount } } }",
            r#"{"viewer":null}"#,
            r#"["viewer","sessions"]"#,
        ),
        (
            "{ introspectionAllowed viewer { s: sessions(first: 0) { totalCount } } again: viewer { name } }",
            r#"{"introspectionAllowed":true,"viewer":null,"again":{"name":"张三"}}"#,
            r#"["viewer","s"]"#,
        ),
        ("{ errorCodes users { totalCount } }", NULL, r#"["users"]"#),
        ("{ viewer { name } u: users { totalCount } }", NULL, r#"["u"]"#),
        (
            "{ a: viewer { name } b: viewer { ...f } } fragment f on User { id ...g }
             fragment g on User { x: sessions(first: 0) { totalCount } }",
            r#"{"a":{"name":"张三"},"b":null}"#,
            r#"["b","x"]"#,
        ),
    ] {
        assert_answer(&zhang, document, data, &[error]).await;
    }
    let id = zhang.user_id().await;
    let on_user = format!(
        r#"{{ viewer {{ name }} node(id: "{id}") {{ id ... on User {{ name sessions(last: 0) {{ totalCount }} }} }} }}"#
    );
    let errors = [r#"["node","sessions"]"#];
    assert_answer(&zhang, &on_user, r#"{"viewer":{"name":"张三"},"node":null}"#, &errors).await;
}

#[tokio::test]
async fn what_fails_inside_a_list_goes_up_through_the_list() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let inside = "sessions { nodes { id user { name sessions(first: 0) { totalCount } } } }";
    for (document, data) in [
        (format!("{{ viewer {{ name {inside} }} }}"), r#"{"viewer":null}"#),
        (
            format!("{{ a: viewer {{ name }} b: viewer {{ {inside} }} c: viewer {{ name }} }}"),
            r#"{"a":{"name":"张三"},"b":null,"c":{"name":"张三"}}"#,
        ),
    ] {
        let answer = zhang.query(&document).await;
        assert_data(&answer.text, data, &document);
        let path = &answer.error()["path"];
        assert_eq!(
            path.as_array().unwrap()[1..],
            json!(["sessions", "nodes", 0, "user", "sessions"]).as_array().unwrap()[..]
        );
    }
    let admin = app.admin().await;
    let document = "{ viewer { name } users { nodes { name sessions(first: 0) { totalCount } } } }";
    let answer = admin.query(document).await;
    assert_data(&answer.text, NULL, document);
}

#[tokio::test]
async fn errors_of_both_kinds_at_once_leave_what_neither_touches() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let document = r#"{ user(id: "甲") { id } introspectionAllowed viewer { sessions(first: 0) { totalCount } }
        node(id: "没有") { id } again: viewer { email: name } }"#;
    let data =
        r#"{"user":null,"introspectionAllowed":true,"viewer":null,"node":null,"again":{"email":"张三"}}"#;
    let errors = [r#"["node"]"#, r#"["user"]"#, r#"["viewer","sessions"]"#];
    assert_answer(&zhang, document, data, &errors).await;

    let document = r#"{ user(id: "甲") { id } viewer { name } users { totalCount } }"#;
    let answer = zhang.query(document).await;
    assert_data(&answer.text, NULL, document);
    assert!(error_paths(&answer).contains(&r#"["users"]"#.to_owned()), "{}", answer.text);
}

#[tokio::test]
async fn keys_come_in_the_documents_order_however_long_each_takes() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let id = zhang.user_id().await;
    for (document, data) in [
        (SLOW_FIRST, r#"{"viewer":{"sessions":{"totalCount":1},"name":"张三","status":"ACTIVE"}}"#.to_owned()),
        (
            "{ viewer { id sessions { totalCount } name role } }",
            format!(r#"{{"viewer":{{"id":"{id}","sessions":{{"totalCount":1}},"name":"张三","role":"USER"}}}}"#),
        ),
        (
            "{ viewer { name } introspectionAllowed }",
            r#"{"viewer":{"name":"张三"},"introspectionAllowed":true}"#.to_owned(),
        ),
        (
            "{ ...f introspectionAllowed } fragment f on Query { viewer { ...g name } }
             fragment g on User { role sessions { ... { totalCount } } status }",
            r#"{"viewer":{"role":"USER","sessions":{"totalCount":1},"status":"ACTIVE","name":"张三"},"introspectionAllowed":true}"#
                .to_owned(),
        ),
        // What is merged stands where it is first named.
        (
            "{ viewer { z: sessions { totalCount } } introspectionAllowed viewer { name ...f z: sessions { totalCount } } }
             fragment f on User { role name a: status }",
            r#"{"viewer":{"z":{"totalCount":1},"name":"张三","role":"USER","a":"ACTIVE"},"introspectionAllowed":true}"#
                .to_owned(),
        ),
        (
            "{ viewer { sessions { nodes { user { sessions { totalCount } name } isCurrent } totalCount } } }",
            r#"{"viewer":{"sessions":{"nodes":[{"user":{"sessions":{"totalCount":1},"name":"张三"},"isCurrent":true}],"totalCount":1}}}"#
                .to_owned(),
        ),
        (
            "{ viewer { sessions { totalCount } name @skip(if: true) role status @include(if: true) } }",
            r#"{"viewer":{"sessions":{"totalCount":1},"role":"USER","status":"ACTIVE"}}"#.to_owned(),
        ),
    ] {
        assert_answer(&zhang, document, &data, &[]).await;
    }
    let document = format!(
        r#"{{ node(id: "{id}") {{ ... on User {{ sessions {{ totalCount }} }} id ... on User {{ name }} ... on Session {{ ip }} }} }}"#
    );
    let data = format!(r#"{{"node":{{"sessions":{{"totalCount":1}},"id":"{id}","name":"张三"}}}}"#);
    assert_answer(&zhang, &document, &data, &[]).await;
}

#[tokio::test]
async fn a_mutations_answer_is_complete_and_in_order() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let document = r#"mutation { b: updateProfile(input: { name: "李四" }) { sessions { totalCount } name }
        a: updateProfile(input: { name: "王五" }) { ...f status } }
        fragment f on User { s: sessions { totalCount } name }"#;
    let data = r#"{"b":{"sessions":{"totalCount":1},"name":"李四"},"a":{"s":{"totalCount":1},"name":"王五","status":"ACTIVE"}}"#;
    assert_answer(&zhang, document, data, &[]).await;
    let fails = r#"mutation { a: updateProfile(input: { name: "赵六" }) { name } b: updateProfile(input: { name: "" }) { name } }"#;
    assert_answer(&zhang, fails, NULL, &[r#"["b"]"#]).await;
}

/// A socket whose messages are told as they are written.
struct RawTexts(WebSocketStream<Upgraded>);

impl RawTexts {
    async fn connect(client: &Client) -> Self {
        let connection = upgrade(client, "graphql-transport-ws", "").await.upgrade().await.unwrap();
        let mut raw = Self(WebSocketStream::from_raw_socket(connection, Role::Client, None).await);
        let payload = json!({ "authorization": format!("Bearer {}", client.token()) });
        raw.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(raw.next().await, r#"{"type":"connection_ack"}"#);
        raw
    }

    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn subscribe(&mut self, document: &str) {
        self.say(json!({ "type": "subscribe", "id": "1", "payload": { "query": document } })).await;
    }

    async fn next(&mut self) -> String {
        let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("the server says something");
        message.unwrap().unwrap().into_text().unwrap().to_string()
    }
}

/// The payload of a `next` message.
fn payload_of(message: &str) -> &str {
    let payload = message.strip_prefix(r#"{"type":"next","id":"1","payload":"#);
    payload.unwrap_or_else(|| panic!("no answer: {message}"))
}

#[tokio::test]
async fn an_answer_over_a_socket_is_complete_and_in_order() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let mut socket = RawTexts::connect(&zhang).await;
    for (document, data) in [
        (SLOW_FIRST, r#"{"viewer":{"sessions":{"totalCount":1},"name":"张三","status":"ACTIVE"}}"#),
        (r#"{ viewer { name } user(id: "甲") { id } }"#, r#"{"viewer":{"name":"张三"},"user":null}"#),
        ("{ viewer { name sessions(first: 0) { totalCount } } }", r#"{"viewer":null}"#),
        ("{ errorCodes users { totalCount } }", NULL),
    ] {
        socket.subscribe(document).await;
        assert_data(payload_of(&socket.next().await), data, document);
        assert_eq!(socket.next().await, r#"{"type":"complete","id":"1"}"#);
    }
}

/// The payload of the first event of a subscription.
async fn first_event(app: &TestApp, client: &Client, document: &str) -> String {
    let viewer = app.viewer(client).await;
    let mut socket = RawTexts::connect(client).await;
    socket.subscribe(document).await;
    // The protocol does not acknowledge a subscription.
    let message = until("an event arrives", async || {
        app.tell_of_refresh(&viewer);
        tokio::time::timeout(Duration::from_millis(100), socket.next()).await.ok()
    })
    .await;
    payload_of(&message).to_owned()
}

#[tokio::test]
async fn an_event_is_complete_and_in_order() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let document = "subscription { e: sessionEvents { session { user { sessions { totalCount } name } isCurrent } kind } }";
    let data = r#"{"e":{"session":{"user":{"sessions":{"totalCount":1},"name":"张三"},"isCurrent":true},"kind":"REFRESHED"}}"#;
    assert_data(&first_event(&app, &zhang, document).await, data, document);

    let document =
        "subscription { sessionEvents { kind session { user { sessions(first: 0) { totalCount } } } } }";
    let event = first_event(&app, &zhang, document).await;
    assert_data(&event, NULL, document);
    assert!(event.contains("INVALID_INPUT"), "{event}");
}
