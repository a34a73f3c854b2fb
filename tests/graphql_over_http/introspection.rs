//! Who may read the schema: by introspection, in what errors suggest, and in GraphiQL.

use chrono::TimeDelta;
use fastgpt_platform::{auth::viewer::Role, http::console};
use reqwest::Method;
use serde_json::{Value, json};

use super::{JSON, RESPONSE, accepting, assert_refused};
use crate::support::{ADMIN_EMAIL, Client, PASSWORD, Response, TestApp};

const CLOSED: &[(&str, &str)] = &[("GRAPHQL_INTROSPECTION", "off")];

const QUESTIONS: [&str; 6] = [
    "{ __schema { queryType { name } } }",
    "{ __type(name: \"User\") { name } }",
    "{ errorCodes hidden: __schema { queryType { name } } }",
    "{ ...a } fragment a on Query { ... on Query { ...b } } fragment b on Query { __type(name: \"User\") { name } }",
    "query($no: Boolean = false) { errorCodes __schema @include(if: $no) { queryType { name } } }",
    "mutation { signOut __schema { queryType { name } } }",
];

#[tokio::test]
async fn where_introspection_is_off_it_is_forbidden_to_all_but_administrators() {
    let app = TestApp::configured(CLOSED).await;
    for client in [app.client(), app.with_user("张三").await] {
        for document in QUESTIONS {
            let forbidden = accepting(&client, RESPONSE).query(document).await;
            assert_refused(&forbidden, 403, "FORBIDDEN", RESPONSE);
            assert_refused(&accepting(&client, JSON).query(document).await, 200, "FORBIDDEN", JSON);
            let message = client.ask_over_socket(&json!({ "query": document })).await;
            assert_eq!((&message["type"], code(&message)), (&json!("error"), "FORBIDDEN"), "{message}");
        }
        let by_get = client.ask_by_get(&[("query", QUESTIONS[0])]).await;
        assert_refused(&by_get, 200, "FORBIDDEN", JSON);
        let other = "query a { errorCodes } query b { __schema { queryType { name } } }";
        let answer = client.ask(&json!({ "query": other, "operationName": "a" })).await;
        assert_eq!(answer.code(), "FORBIDDEN", "also beside what is run");
    }
    let admin = app.admin().await;
    assert_eq!(admin.query(QUESTIONS[0]).await.at("/__schema/queryType/name"), "Query");
    let message = admin.ask_over_socket(&json!({ "query": QUESTIONS[1] })).await;
    assert_eq!(message["payload"], json!({ "data": { "__type": { "name": "User" } } }));
    admin.query(include_str!("../fixtures/introspection.graphql")).await.data();
}

fn code(message: &Value) -> &str {
    message["payload"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code: {message}"))
}

#[tokio::test]
async fn the_name_of_a_type_is_no_introspection() {
    let app = TestApp::configured(CLOSED).await;
    let zhang = app.with_user("张三").await;
    let document = "{ __typename viewer { __typename ...f } } fragment f on User { kind: __typename }";
    let expected = json!({ "__typename": "Query", "viewer": { "__typename": "User", "kind": "User" } });
    assert_eq!(zhang.query(document).await.data(), &expected);
    assert_eq!(zhang.ask_over_socket(&json!({ "query": document })).await["payload"]["data"], expected);
    assert_eq!(
        app.client().query("mutation { __typename }").await.data(),
        &json!({ "__typename": "Mutation" })
    );
}

/// Misspelt, so that the schema has better names to offer.
const MISSPELT: [(&str, &str); 3] = [
    ("{ viewer { nam } }", "\"name\""),
    ("{ viewer { sessions(firs: 1) { totalCount } } }", "\"first\""),
    ("{ errorCode }", "\"errorCodes\""),
];

#[tokio::test]
async fn errors_suggest_names_of_the_schema_to_those_who_may_read_it() {
    let app = TestApp::configured(CLOSED).await;
    let (zhang, admin) = (app.with_user("张三").await, app.admin().await);
    for (document, better) in MISSPELT {
        for client in [app.client(), zhang.clone()] {
            let answer = client.query(document).await;
            let over_socket = client.ask_over_socket(&json!({ "query": document })).await;
            assert_eq!(code(&over_socket), "GRAPHQL_VALIDATION_FAILED");
            for message in [answer.message(), over_socket["payload"][0]["message"].as_str().unwrap()] {
                assert!(message.contains("nknown") && !message.contains("Did you mean"), "{message}");
                assert!(!message.contains(better), "{message}");
            }
        }
        let over_socket = admin.ask_over_socket(&json!({ "query": document })).await;
        let answer = admin.query(document).await;
        for message in [answer.message(), over_socket["payload"][0]["message"].as_str().unwrap()] {
            assert!(message.contains("Did you mean") && message.contains(better), "{message}");
        }
    }
}

#[tokio::test]
async fn callers_can_ask_whether_they_may_read_the_schema() {
    let document = "{ introspectionAllowed }";
    for (switch, others) in [("off", false), ("on", true)] {
        let app = TestApp::configured(&[("GRAPHQL_INTROSPECTION", switch)]).await;
        let clients =
            [(app.client(), others), (app.with_user("张三").await, others), (app.admin().await, true)];
        for (client, allowed) in clients {
            assert_eq!(client.query(document).await.at("/introspectionAllowed"), allowed, "{switch}");
            let message = client.ask_over_socket(&json!({ "query": document })).await;
            assert_eq!(message["payload"]["data"]["introspectionAllowed"], allowed, "{switch}");
        }
    }
}

const PRODUCTION: [(&str, &str); 2] = [("APP_ENV", "production"), ("ADMIN_PASSWORD", PASSWORD)];

#[tokio::test]
async fn production_keeps_the_schema_to_administrators_unless_it_is_told_otherwise() {
    let app = TestApp::configured(&PRODUCTION).await;
    assert_eq!(app.client().query(QUESTIONS[0]).await.code(), "FORBIDDEN");
    assert_eq!(page(&app.client()).await.status, 404);
    let admin = app.client().signed_in(ADMIN_EMAIL, PASSWORD).await;
    assert_eq!(admin.query(QUESTIONS[0]).await.at("/__schema/queryType/name"), "Query");

    let open = app.replica(&[("GRAPHQL_INTROSPECTION", "on")]).await;
    assert_eq!(open.client().query(QUESTIONS[0]).await.at("/__schema/queryType/name"), "Query");
    assert!(open.client().query(MISSPELT[0].0).await.message().contains("Did you mean"));
    assert_open(&page(&open.client()).await);
}

/// GraphiQL, as a browser asks for it.
async fn page(client: &Client) -> Response {
    client.send(client.request(Method::GET, "/api-docs")).await
}

fn assert_open(page: &Response) {
    assert_eq!(page.status, if console::is_built() { 200 } else { 503 }, "{:.200}", page.text);
}

#[tokio::test]
async fn graphiql_is_there_for_browsers_of_administrators_alone() {
    let app = TestApp::configured(CLOSED).await;
    let (zhang, admin) = (app.with_user("张三").await, app.admin().await);
    let with_token_alone = app.client();
    with_token_alone.set_token(Some(&admin.token()));
    let forged = app.client().with_header("cookie", "fastgpt_refresh=AAAA");
    let others = [app.client(), zhang, with_token_alone, forged];
    let open = page(&admin).await;
    assert_open(&open);
    for other in &others {
        let missing = page(other).await;
        assert_eq!(missing.status, 404);
        assert!(missing.header("content-type").unwrap().starts_with("text/html"));
        assert_eq!(missing.text == open.text, !console::is_built(), "the console's page, not GraphiQL");
        let etag = open.header("etag").unwrap_or("\"\"").to_owned();
        assert_eq!(page(&other.clone().with_header("if-none-match", &etag)).await.status, 404);
    }
}

#[tokio::test]
async fn graphiql_does_not_use_the_refresh_token_up() {
    let app = TestApp::configured(CLOSED).await;
    let admin = app.admin().await;
    let token = admin.refresh_token();
    for _ in 0..2 {
        let open = page(&admin).await;
        assert_open(&open);
        assert_eq!((open.header("set-cookie"), admin.refresh_token()), (None, token.clone()));
        // Past the time in which a used token is still answered.
        app.advance(TimeDelta::seconds(11)).await;
    }
    let kept = admin.fork();
    admin.refresh().await.data();
    assert_ne!(admin.refresh_token(), token);
    assert_open(&page(&admin).await);
    admin.query("mutation { signOut }").await.data();
    for ended in [&admin, &kept] {
        assert_eq!(page(ended).await.status, 404, "the session has ended");
    }
}

#[tokio::test]
async fn graphiql_goes_with_the_role() {
    let app = TestApp::configured(CLOSED).await;
    let zhang = app.with_user("张三").await;
    assert_eq!(page(&zhang).await.status, 404);
    app.set_role("张三", Role::Admin).await;
    assert_open(&page(&zhang).await);
    app.set_role("张三", Role::User).await;
    assert_eq!(page(&zhang).await.status, 404);
}
