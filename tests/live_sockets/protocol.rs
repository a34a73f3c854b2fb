//! What is said over an open socket and cannot be done, and the words with which sockets are closed.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

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
async fn lists_in_place_of_objects_and_doubled_keys_are_no_messages() {
    let app = TestApp::start().await;
    let closing = (4400, "Invalid message received".to_owned());
    for message in [
        r#"["ping"]"#,
        r#"["connection_init"]"#,
        r#"["connection_init",{}]"#,
        r#" [{"type":"ping"}]"#,
        r#"{"type":"connection_init","payload":[]}"#,
        r#"{"type":"connection_init","payload":[null]}"#,
        r#"{"type":"connection_init","payload":["Bearer 张三"]}"#,
        r#"{"type":"connection_init","type":"connection_init"}"#,
        r#"{"type":"ping","type":"connection_init"}"#,
        r#"{"type":"connection_init","payload":null,"payload":{}}"#,
        r#"{"type":"connection_init","payload":{"authorization":"甲","authorization":"乙"}}"#,
        r#"{"type":"connection_init","payload":{"authorization":"甲","Authorization":"乙"}}"#,
    ] {
        let mut socket = Socket::open(&app.client()).await;
        socket.write(Message::text(message)).await;
        assert_eq!(socket.closing().await, closing, "{message}");
    }
    for message in [
        r#"["subscribe","1",{"query":"{ errorCodes }"}]"#,
        r#"["complete","1"]"#,
        r#"{"type":"subscribe","id":"1","payload":["{ errorCodes }"]}"#,
        r#"{"type":"subscribe","id":"1","payload":["{ errorCodes }",null,null,{},null]}"#,
        r#"{"type":"subscribe","id":"1","payload":[]}"#,
        r#"{"type":"subscribe","id":"1","payload":null}"#,
        r#"{"type":"subscribe","id":"1","id":"2","payload":{"query":"{ errorCodes }"}}"#,
        r#"{"type":"subscribe","type":"subscribe","id":"1","payload":{"query":"{ errorCodes }"}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{ 甲 }","query":"{ errorCodes }"}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{ 甲 }"},"payload":{"query":"{ errorCodes }"}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{ errorCodes }","variables":{},"variables":{}}}"#,
        r#"{"type":"complete","id":"1","id":"2"}"#,
        r#"{"type":"ping","payload":1,"payload":2}"#,
    ] {
        let mut socket = Socket::connect_anonymously(&app.client()).await;
        socket.write(Message::text(message)).await;
        assert_eq!(socket.closing().await, closing, "{message}");
    }
    // What is well formed otherwise, with room around it.
    let mut socket = Socket::open(&app.client()).await;
    socket.write(Message::text(" \n{\"type\":\"connection_init\",\"payload\":null,\"别的\":[]}")).await;
    assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_is_free_as_soon_as_the_last_word_about_it_is_heard() {
    let app = TestApp::start().await;
    let mut socket = Socket::connect_anonymously(&app.client()).await;
    for number in 0..2_000 {
        let is_good = number % 2 == 0;
        socket.subscribe("甲", if is_good { "{ introspectionAllowed }" } else { "{ 没有 }" }).await;
        if is_good {
            assert_eq!(socket.next().await["type"], "next", "{number}");
        }
        let last = socket.next().await;
        assert_eq!(last["type"], if is_good { "complete" } else { "error" }, "{number}: {last}");
    }
}

/// The next operation under an ID begins wherever the answer to the one before has got to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_an_ended_operation_is_heard_under_an_id_that_is_used_again() {
    let app = TestApp::start().await;
    let mut socket = Socket::connect_anonymously(&app.client()).await;
    for round in 0..300 {
        // Their answers are in front of it in the queue.
        for number in 0..16 {
            socket.subscribe(&format!("别的{number}"), "{ introspectionAllowed }").await;
        }
        socket.subscribe("甲", "{ errorCodes }").await;
        for _ in 0..round % 10 {
            socket.say(json!({ "type": "pong" })).await;
        }
        socket.say(json!({ "type": "complete", "id": "甲" })).await;
        let pong = json!({ "type": "pong", "payload": { "round": round } });
        socket.say(json!({ "type": "ping", "payload": { "round": round } })).await;
        socket.subscribe("甲", "{ introspectionAllowed }").await;
        let (mut others, mut since_pong, mut end_is_heard) = (0, Vec::new(), false);
        while others < 16 || since_pong.len() < 2 {
            let message = socket.next().await;
            if message == pong {
                end_is_heard = true;
            } else if message["id"] != "甲" {
                others += usize::from(message["type"] == "complete");
            } else if end_is_heard {
                since_pong.push(message);
            }
        }
        let answer = json!({ "data": { "introspectionAllowed": true } });
        let expected = [
            json!({ "type": "next", "id": "甲", "payload": answer }),
            json!({ "type": "complete", "id": "甲" }),
        ];
        assert_eq!(since_pong, expected, "{round}");
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
