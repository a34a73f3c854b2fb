//! graphql-transport-ws, as its protocol and this platform's promises have it.

use std::time::Duration;

use fastgpt_platform::auth::viewer::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD, TestApp,
    process::{until, within},
    socket::{Socket, upgrade},
};

const AT_ONCE: Duration = Duration::from_secs(1);
const ME: &str = "{ viewer { email } }";

fn code_of(payload: &Value) -> &str {
    payload[0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code: {payload}"))
}

#[tokio::test]
async fn knows_who_opened_it() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let mut socket = Socket::connect(&zhang).await;
    assert_eq!(socket.run("1", ME).await["data"]["viewer"]["email"], "zhang@example.com");

    let mut anonymous = Socket::connect_anonymously(&app.client()).await;
    assert_eq!(anonymous.run("1", ME).await, json!({ "data": { "viewer": null } }));
    anonymous.subscribe("2", "subscription { sessionEvents { kind } }").await;
    let refused = anonymous.next().await;
    let errors = if refused["type"] == "error" { &refused["payload"] } else { &refused["payload"]["errors"] };
    assert_eq!(code_of(errors), "UNAUTHENTICATED", "{refused}");
}

#[tokio::test]
async fn the_token_may_come_under_the_name_of_the_header() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let mut socket = Socket::open(&app.client()).await;
    let payload = json!({ "Authorization": format!("Bearer {}", zhang.token()) });
    socket.say(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
    assert_eq!(socket.run("1", ME).await["data"]["viewer"]["email"], "zhang@example.com");
}

#[tokio::test]
async fn tells_of_sessions_started_refreshed_and_ended() {
    let app = TestApp::start().await;
    let (zhang, li) = (app.with_user("zhang").await, app.with_user("li").await);
    let (mut zhangs, mut lis) = (Socket::watch(&zhang).await, Socket::watch(&li).await);

    let phone = app.sign_in("zhang").await;
    let id = phone.session_id().await;
    phone.refresh().await;
    phone.query("mutation { signOut }").await;
    for kind in ["STARTED", "REFRESHED", "ENDED"] {
        assert_eq!(zhangs.event().await, (kind.to_owned(), id.clone()));
    }

    li.refresh().await;
    assert_eq!(lis.event().await, ("REFRESHED".to_owned(), li.session_id().await), "and nothing of zhang's");
}

#[tokio::test]
async fn tells_of_nothing_twice() {
    let app = TestApp::start().await;
    let (zhang, phone) = (app.with_user("zhang").await, app.sign_in("zhang").await);
    let (id, mut socket) = (phone.session_id().await, Socket::watch(&zhang).await);

    // Within the grace, a second tab is told the same next token.
    let second_tab = phone.fork();
    phone.refresh().await.data();
    second_tab.refresh().await.data();
    assert_eq!(second_tab.refresh_token(), phone.refresh_token());
    let end = "mutation($input: EndSessionInput!) { endSession(input: $input) { endReason } }";
    for _ in 0..2 {
        zhang.query_with(end, json!({ "input": { "sessionId": id } })).await.data();
    }
    let tablet = app.sign_in("zhang").await.session_id().await;
    for event in [("REFRESHED", &id), ("ENDED", &id), ("STARTED", &tablet)] {
        assert_eq!(socket.event().await, (event.0.to_owned(), event.1.clone()));
    }
}

#[tokio::test]
async fn runs_queries_and_mutations() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let mut socket = Socket::connect(&zhang).await;
    let rename = r#"mutation { updateProfile(input: { name: "张三" }) { name } }"#;
    assert_eq!(socket.run("1", rename).await["data"]["updateProfile"]["name"], "张三");
    assert_eq!(socket.run("1", "{ viewer { name } }").await["data"]["viewer"]["name"], "张三");
    assert_eq!(zhang.query("{ viewer { name } }").await.at("/viewer/name"), "张三");
}

#[tokio::test]
async fn nothing_is_run_before_the_acknowledgement() {
    let app = TestApp::start().await;
    for message in [
        json!({ "type": "subscribe", "id": "1", "payload": { "query": ME } }),
        json!({ "type": "complete", "id": "1" }),
    ] {
        let mut socket = Socket::open(&app.client()).await;
        socket.say(message).await;
        assert_eq!(socket.close_code().await, 4401);
    }
}

#[tokio::test]
async fn bad_tokens_are_forbidden() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let ended = app.sign_in("zhang").await;
    ended.query("mutation { signOut }").await;
    for token in [zhang.token() + "x", ended.token(), "nonsense".into(), String::new()] {
        let mut socket = Socket::open(&app.client()).await;
        socket.init(&token).await;
        assert_eq!(socket.close_code().await, 4403, "{token}");
    }
    let mut socket = Socket::open(&app.client()).await;
    let payload = json!({ "authorization": format!("Basic {}", zhang.token()) });
    socket.say(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(socket.close_code().await, 4403);
}

#[tokio::test]
async fn a_socket_without_init_is_closed_after_three_seconds() {
    let app = TestApp::start().await;
    let started = std::time::Instant::now();
    let mut socket = Socket::open(&app.client()).await;
    socket.say(json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await, json!({ "type": "pong" }), "which does not count");
    assert_eq!(socket.close_code_within(Duration::from_secs(3)).await, 4408);
    assert!(started.elapsed() > Duration::from_millis(2900), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_second_init_is_too_many() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let mut socket = Socket::connect(&zhang).await;
    socket.init(&zhang.token()).await;
    assert_eq!(socket.close_code().await, 4429);
}

#[tokio::test]
async fn what_is_no_message_is_invalid() {
    let app = TestApp::start().await;
    for message in [
        Message::text("{"),
        Message::text("[]"),
        Message::text(r#"{ "id": "1" }"#),
        Message::text(r#"{ "type": "start", "id": "1", "payload": {} }"#),
        Message::text(r#"{ "type": "connection_ack" }"#),
        Message::text(r#"{ "type": "subscribe", "payload": { "query": "{ viewer { id } }" } }"#),
        Message::text(r#"{ "type": "subscribe", "id": "1" }"#),
        Message::text(r#"{ "type": "subscribe", "id": 1, "payload": { "query": "{ viewer { id } }" } }"#),
        Message::binary(br#"{ "type": "ping" }"#.to_vec()),
    ] {
        let mut socket = Socket::connect_anonymously(&app.client()).await;
        socket.write(message.clone()).await;
        assert_eq!(socket.close_code().await, 4400, "{message}");

        let mut before_init = Socket::open(&app.client()).await;
        before_init.write(message.clone()).await;
        assert_eq!(before_init.close_code().await, 4400, "{message}");
    }
}

#[tokio::test]
async fn an_operations_id_is_its_own_while_it_runs() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let mut socket = Socket::watch(&zhang).await;
    socket.subscribe("events", ME).await;
    assert_eq!(socket.close_code().await, 4409);
}

#[tokio::test]
async fn only_the_subprotocol_is_spoken() {
    let app = TestApp::start().await;
    for subprotocol in ["", "graphql-ws", "graphql-transport-ws2"] {
        let response = upgrade(&app.client(), subprotocol, "").await;
        assert_eq!(Socket::over(response).await.close_code().await, 4406, "{subprotocol}");
    }
    let several = upgrade(&app.client(), "graphql-ws, graphql-transport-ws", "").await;
    assert_eq!(several.headers()["sec-websocket-protocol"], "graphql-transport-ws");
}

#[tokio::test]
async fn messages_have_a_greatest_length() {
    let app = TestApp::start().await;
    let ping = |length: usize| {
        let empty = json!({ "type": "ping", "payload": { "fill": "" } }).to_string().len();
        json!({ "type": "ping", "payload": { "fill": "x".repeat(length - empty) } }).to_string()
    };
    let mut socket = Socket::connect_anonymously(&app.client()).await;
    socket.write(Message::text(ping(64 * 1024))).await;
    assert_eq!(socket.next().await["type"], "pong");
    socket.write(Message::text(ping(64 * 1024 + 1))).await;
    assert_eq!(socket.close_code().await, 1009);
}

#[tokio::test]
async fn other_websites_open_no_socket() {
    let app = TestApp::configured(&[("CORS_ORIGIN", "https://friend.example")]).await;
    let client = app.client();
    for origin in ["https://evil.example", "null", "https://friend.example.evil.example"] {
        let refused = upgrade(&client, "graphql-transport-ws", origin).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{origin}");
        let body: Value = refused.json().await.unwrap();
        assert_eq!(code_of(&body["errors"]), "FORBIDDEN", "{origin}");
    }
    for origin in ["https://friend.example", &app.address] {
        let opened = upgrade(&client, "graphql-transport-ws", origin).await;
        assert_eq!(opened.status(), StatusCode::SWITCHING_PROTOCOLS, "{origin}");
    }
}

#[tokio::test]
async fn pings_are_answered_with_what_they_brought() {
    let app = TestApp::start().await;
    let mut socket = Socket::open(&app.client()).await;
    for payload in [json!({ "any": ["thing", 1] }), json!({})] {
        socket.say(json!({ "type": "ping", "payload": payload })).await;
        assert_eq!(socket.next().await, json!({ "type": "pong", "payload": payload }));
    }
    socket.say(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
    socket.say(json!({ "type": "pong" })).await;
    socket.say(json!({ "type": "pong", "payload": { "x": 1 } })).await;
    socket.say(json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await, json!({ "type": "pong" }), "and pongs get no answer");
}

#[tokio::test]
async fn a_document_that_cannot_be_run_is_an_error_and_nothing_more() {
    let app = TestApp::start().await;
    let mut socket = Socket::connect_anonymously(&app.client()).await;
    for (document, code) in [
        ("{ viewer {", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ nobody }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        socket.subscribe("1", document).await;
        let error = socket.next().await;
        assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!("1")), "{document}");
        assert_eq!(code_of(&error["payload"]), code, "{document}");
        // The ID is free again, and no `complete` comes first.
        assert_eq!(socket.run("1", ME).await, json!({ "data": { "viewer": null } }));
    }
}

#[tokio::test]
async fn a_resolvers_error_is_an_answer() {
    let app = TestApp::start().await;
    let mut socket = Socket::connect_anonymously(&app.client()).await;
    let answer =
        socket.run("1", r#"{ viewer { email } node(id: "User:x") { id } users { totalCount } }"#).await;
    assert_eq!(code_of(&answer["errors"]), "UNAUTHENTICATED", "{answer}");
}

#[tokio::test]
async fn a_client_that_has_enough_hears_no_more() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let mut socket = Socket::watch(&zhang).await;
    socket.say(json!({ "type": "complete", "id": "events" })).await;
    socket.say(json!({ "type": "complete", "id": "never began" })).await;
    // Answered after both were read; a query under the same ID shows that it is free.
    assert_eq!(socket.run("events", ME).await["data"]["viewer"]["email"], "zhang@example.com");
    zhang.refresh().await;
    let mut other = Socket::watch(&zhang).await;
    other.run("1", ME).await;
    // By now an event would have arrived.
    assert_eq!(socket.run("2", ME).await["data"]["viewer"]["email"], "zhang@example.com");
}

#[tokio::test]
async fn the_end_of_a_session_closes_its_sockets_alone() {
    let app = TestApp::start().await;
    let (zhang, phone) = (app.with_user("zhang").await, app.sign_in("zhang").await);
    let (mut mine, mut first, mut second) =
        (Socket::connect(&zhang).await, Socket::connect(&phone).await, Socket::watch(&phone).await);
    let end = "mutation($input: EndSessionInput!) { endSession(input: $input) { endReason } }";
    let input = json!({ "input": { "sessionId": phone.session_id().await } });
    assert_eq!(zhang.query_with(end, input).await.at("/endSession/endReason"), "ENDED_BY_USER");
    let both = async { (first.close_code().await, second.close_code().await) };
    assert_eq!(within(AT_ONCE, "both close", both).await, (4403, 4403));
    assert_eq!(mine.run("1", ME).await["data"]["viewer"]["email"], "zhang@example.com");
    assert_eq!(app.gateway.sockets.owners().len(), 1);
}

#[tokio::test]
async fn signing_out_over_the_socket_closes_it() {
    let app = TestApp::start().await;
    let mut socket = Socket::connect(&app.with_user("zhang").await).await;
    socket.subscribe("1", "mutation { signOut }").await;
    assert_eq!(socket.close_code_within(AT_ONCE).await, 4403);
}

#[tokio::test]
async fn a_changed_password_closes_the_other_sessions_sockets() {
    let app = TestApp::start().await;
    let (admin, other) = (app.admin().await, app.admin().await);
    let (mut mine, mut others) = (Socket::connect(&admin).await, Socket::connect(&other).await);
    let change = "mutation($input: ChangePasswordInput!) { changePassword(input: $input) { id } }";
    let input = json!({ "currentPassword": ADMIN_PASSWORD, "newPassword": "seven purple lanterns" });
    admin.query_with(change, json!({ "input": input })).await.data();
    assert_eq!(others.close_code_within(AT_ONCE).await, 4403);
    assert_eq!(mine.run("1", ME).await["data"]["viewer"]["email"], ADMIN_EMAIL);
}

#[tokio::test]
async fn another_role_closes_the_users_sockets() {
    let app = TestApp::start().await;
    let (zhang, li) = (app.with_user("zhang").await, app.with_user("li").await);
    let (mut zhangs, mut lis) = (Socket::connect(&zhang).await, Socket::connect(&li).await);
    app.set_role("zhang", Role::Admin).await;
    assert_eq!(zhangs.close_code_within(AT_ONCE).await, 4403);
    zhang.refresh().await;
    let mut again = Socket::connect(&zhang).await;
    assert!(again.run("1", "{ users { totalCount } }").await["data"]["users"]["totalCount"].is_number());
    lis.run("1", ME).await;
}

#[tokio::test]
async fn an_expired_access_token_closes_the_socket() {
    // The clock stands, so the token is good until the socket's own timer says otherwise.
    let app = TestApp::configured(&[("ACCESS_TOKEN_TTL", "1s")]).await;
    let mut socket = Socket::connect(&app.with_user("zhang").await).await;
    assert_eq!(socket.close_code_within(Duration::from_secs(1)).await, 4401);
}

#[tokio::test]
async fn no_cookie_is_set_over_a_socket() {
    let app = TestApp::start().await;
    app.account("zhang").await;
    let mut socket = Socket::connect_anonymously(&app.client()).await;
    let sign_in = |delivery: &str| {
        let (email, password) = ("zhang@example.com", crate::support::PASSWORD);
        format!(
            r#"mutation {{ signIn(input: {{ email: "{email}", password: "{password}"{delivery} }}) {{
                ... on SignedIn {{ accessToken refreshToken }} }} }}"#
        )
    };
    for delivery in ["", ", refreshTokenDelivery: COOKIE"] {
        let answer = socket.run("1", &sign_in(delivery)).await;
        assert_eq!(code_of(&answer["errors"]), "INVALID_INPUT", "{answer}");
        let violation = &answer["errors"][0]["extensions"]["violations"][0];
        assert_eq!(violation["field"], "input.refreshTokenDelivery");
    }
    let answer = socket.run("1", &sign_in(", refreshTokenDelivery: BODY")).await;
    assert!(answer["data"]["signIn"]["refreshToken"].is_string(), "{answer}");
}

#[tokio::test]
async fn many_operations_one_after_another() {
    let app = TestApp::start().await;
    let mut socket = Socket::connect(&app.with_user("zhang").await).await;
    for number in 0..120 {
        socket.run(&number.to_string(), ME).await;
    }
}

#[tokio::test]
async fn more_than_fifty_operations_at_once_are_too_many() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let mut socket = Socket::connect(&zhang).await;
    let watch = "subscription { sessionEvents { kind } }";
    for number in 0..50 {
        socket.subscribe(&number.to_string(), watch).await;
    }
    socket.say(json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await["type"], "pong", "fifty are fine");
    socket.subscribe("one more", watch).await;
    assert_eq!(socket.close_code().await, 4429);
}

#[tokio::test]
async fn a_broken_connection_leaves_the_register() {
    let app = TestApp::start().await;
    let (zhang, phone) = (app.with_user("zhang").await, app.sign_in("zhang").await);
    let (first, second) = (Socket::watch(&zhang).await, Socket::connect(&zhang).await);
    let phones = Socket::watch(&phone).await;
    assert_eq!(app.gateway.sockets.owners().len(), 2, "an entry a session");
    drop(first);
    drop(phones);
    let owners = async |number| {
        until("the register follows", async || (app.gateway.sockets.owners().len() == number).then_some(()))
            .await;
    };
    owners(1).await;
    drop(second);
    owners(0).await;
}
