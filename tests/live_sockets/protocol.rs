//! What is said over an open socket and cannot be done, and the words with which sockets are closed.

use serde_json::{Value, json};

use super::{ME, WATCH, code_of};
use crate::support::{
    TestApp,
    socket::{Socket, upgrade},
};

/// The one message that answers an operation which is not begun.
async fn refusal(socket: &mut Socket, params: Value) -> String {
    socket.subscribe_with("1", params.clone()).await;
    let error = socket.next().await;
    assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!("1")), "{params}: {error}");
    // Nothing comes between, and the identifier is free again.
    assert_eq!(socket.run("1", ME).await["data"]["viewer"]["email"], "zhang@example.com");
    code_of(&error["payload"]).to_owned()
}

#[tokio::test]
async fn what_cannot_be_begun_is_an_error_and_leaves_the_socket_open() {
    let app = TestApp::start().await;
    let mut socket = Socket::connect(&app.with_user("zhang").await).await;
    let with_variables = "query($id: ID!) { node(id: $id) { id } }";
    for (params, code) in [
        (json!({}), "BAD_REQUEST"),
        (json!({ "variables": { "name": "张三" } }), "BAD_REQUEST"),
        (json!({ "query": with_variables }), "INVALID_INPUT"),
        (json!({ "query": with_variables, "variables": {} }), "INVALID_INPUT"),
        (json!({ "query": with_variables, "variables": { "id": null } }), "INVALID_INPUT"),
        (json!({ "query": with_variables, "variables": { "id": ["张三"] } }), "INVALID_INPUT"),
        (json!({ "query": ME, "operationName": "Missing" }), "GRAPHQL_VALIDATION_FAILED"),
    ] {
        assert_eq!(refusal(&mut socket, params.clone()).await, code, "{params}");
    }
}

#[tokio::test]
async fn a_subscription_has_one_root_field() {
    let app = TestApp::start().await;
    let mut socket = Socket::connect(&app.with_user("zhang").await).await;
    for document in [
        "subscription { sessionEvents { kind } again: sessionEvents { kind } }",
        "subscription { ...both } fragment both on Subscription { a: sessionEvents { kind } b: sessionEvents { kind } }",
        "subscription { ... { sessionEvents { kind } } again: sessionEvents { kind } }",
        "subscription { sessionEvents { kind } __typename }",
        "subscription { __typename }",
    ] {
        let code = refusal(&mut socket, json!({ "query": document })).await;
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{document}");
    }
}

#[tokio::test]
async fn an_answer_of_megabytes_arrives_over_a_socket_as_it_does_over_http() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let agent = "张".repeat(170);
    for _ in 0..99 {
        app.sign_in("zhang").await;
    }
    app.sql("UPDATE sessions SET user_agent = $1", [agent.into()]).await;
    let devices: String = (0..29).map(|number| format!("d{number}: device {{ userAgent }} ")).collect();
    let query = format!("{{ viewer {{ sessions(first: 100) {{ nodes {{ {devices} }} }} }} }}");
    let over_http = zhang.query(&query).await;
    assert!(over_http.text.len() > 1_300_000, "{}", over_http.text.len());
    let over_socket = Socket::connect(&zhang).await.run("1", &query).await;
    assert!(over_socket == over_http.json);
}

#[tokio::test]
async fn misspelt_parameters_are_no_message() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    for params in [
        json!({ "query": ME, "variable": {} }),
        json!({ "query": ME, "operation_name": "x" }),
        json!({ "query": ME, "张三": 1 }),
        json!({ "query": 1 }),
        json!({ "query": ME, "variables": [] }),
    ] {
        let mut socket = Socket::connect(&zhang).await;
        socket.subscribe_with("1", params.clone()).await;
        assert_eq!(socket.closing().await, (4400, "Invalid message received".into()), "{params}");
    }
}

#[tokio::test]
async fn every_close_says_why_within_a_control_frame() {
    let app = TestApp::configured(&[("MAX_SOCKETS_PER_CLIENT", "1")]).await;
    let (zhang, client) = (app.with_user("zhang").await, app.client());
    let init = json!({ "type": "connection_init" });
    let watch = json!({ "type": "subscribe", "id": "1", "payload": { "query": WATCH } });
    let mut closings = Vec::new();
    for said in [
        vec![json!({ "type": "start" })],
        vec![watch.clone()],
        vec![json!({ "type": "connection_init", "payload": { "authorization": "Bearer x" } })],
        vec![init.clone(), init.clone()],
        vec![init.clone(), json!({ "type": "ping", "payload": "很长".repeat(20_000) })],
        vec![],
    ] {
        let mut socket = Socket::open(&client).await;
        for message in said {
            socket.say(message).await;
        }
        closings.push(socket.closing().await);
    }
    closings.push(Socket::over(upgrade(&client, "graphql-ws", "").await).await.closing().await);

    let mut first = Socket::connect(&zhang).await;
    let mut second = Socket::open(&zhang).await;
    second.init(&zhang.token()).await;
    closings.push(second.closing().await);
    first.say(watch.clone()).await;
    first.say(watch).await;
    closings.push(first.closing().await);

    assert!(closings.iter().all(|(_, reason)| reason.len() <= 123), "{closings:?}");
    let expected = [
        (4400, "Invalid message received"),
        (4401, "Unauthorized"),
        (4403, "Forbidden"),
        (4429, "Too many initialisation requests"),
        (1009, "Message too big"),
        (4408, "Connection initialisation timeout"),
        (4406, "Subprotocol not acceptable"),
        (4429, "Too many open sockets"),
        (4409, "Subscriber for this id already exists"),
    ];
    assert_eq!(closings, expected.map(|(code, reason)| (code, reason.to_owned())));
}
