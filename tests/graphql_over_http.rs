//! GraphQL over HTTP, as its specification and this platform's promises have it: media types, statuses, POST and GET.

mod introspection;
mod messages;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Client, Response, TestApp, client::REFRESH};

/// The specification's own media type: the status tells what became of the request.
const RESPONSE: &str = "application/graphql-response+json";
/// The one from before the specification: what is well-formed is 200.
const JSON: &str = "application/json";

const NAME: &str = "{ viewer { name } }";
const RENAME: &str = "mutation { updateProfile(input: { name: \"改了\" }) { name } }";
const WATCH: &str = "subscription { sessionEvents { kind } }";

fn accepting(client: &Client, accept: &str) -> Client {
    client.clone().with_header("accept", accept)
}

/// Nothing was executed: one error of this code, in this media type, and no `data`.
fn assert_refused(answer: &Response, status: u16, code: &str, media_type: &str) {
    assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{media_type}: {}", answer.text);
    assert_eq!(answer.header("content-type"), Some(format!("{media_type}; charset=utf-8").as_str()));
    assert_eq!(answer.json.get("data"), None, "{}", answer.text);
}

/// A query by GET, with nothing but these headers and this query string.
async fn get_with(client: &Client, headers: &[(&str, &str)], query_string: &str) -> Response {
    let request = client.request(Method::GET, &format!("/api/graphql?{query_string}"));
    client.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

/// Sends bytes over a connection of their own and waits for all of the answer.
async fn raw(app: &TestApp, request: &str) -> String {
    let address = app.address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn an_answer_has_the_media_type_that_the_client_likes_best() {
    let app = TestApp::start().await;
    for (accept, served) in [
        (RESPONSE, RESPONSE),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        ("application/json, application/graphql-response+json", RESPONSE),
        ("application/graphql-response+json;q=0.5, application/json", JSON),
        ("application/graphql-response+json; charset=utf-8, */*;q=0.1", RESPONSE),
    ] {
        let client = accepting(&app.client(), accept);
        let answers =
            [client.query("{ errorCodes }").await, client.ask_by_get(&[("query", "{ errorCodes }")]).await];
        for answer in answers {
            assert!(answer.at("/errorCodes").is_array());
            assert_eq!(answer.status, 200, "{accept}");
            let content_type = format!("{served}; charset=utf-8");
            assert_eq!(answer.header("content-type"), Some(content_type.as_str()), "{accept}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{accept}");
        }
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_of_media_types_gets_json() {
    let app = TestApp::start().await;
    let body = r#"{"query":"{ viewer {"}"#;
    let answer = raw(
        &app,
        &format!(
            "POST /api/graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("content-type: application/json; charset=utf-8\r\n"), "{answer}");
    assert!(answer.contains("GRAPHQL_PARSE_FAILED"), "{answer}");
}

#[tokio::test]
async fn for_a_client_that_takes_neither_media_type_nothing_is_executed() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    for accept in ["text/html", "application/xml, text/*", "*/*;q=0", "application/json; charset=gbk", ""] {
        let picky = accepting(&zhang, accept);
        assert_refused(&picky.query(RENAME).await, 406, "BAD_REQUEST", JSON);
        assert_refused(&picky.ask_by_get(&[("query", NAME)]).await, 406, "BAD_REQUEST", JSON);
    }
    assert_eq!(zhang.query(NAME).await.at("/viewer/name"), "张三");
    assert_eq!(zhang.query(RENAME).await.at("/updateProfile/name"), "改了", "it was the media type alone");
}

#[tokio::test]
async fn a_document_that_cannot_be_run_has_no_data_and_its_status_by_the_media_type() {
    let app = TestApp::start().await;
    let two = "query a { errorCodes } query b { errorCodes }";
    for (params, code) in [
        (json!({ "query": "{ viewer {" }), "GRAPHQL_PARSE_FAILED"),
        (json!({ "query": "张三" }), "GRAPHQL_PARSE_FAILED"),
        (json!({ "query": "{ noSuchField }" }), "GRAPHQL_VALIDATION_FAILED"),
        (json!({ "query": "query($id: ID!) { node(id: $id) { id } }" }), "INVALID_INPUT"),
        (json!({ "query": two, "operationName": "丙" }), "GRAPHQL_VALIDATION_FAILED"),
        (json!({ "query": two }), "GRAPHQL_VALIDATION_FAILED"),
        (json!({ "query": "{ errorCodes }", "operationName": "a" }), "GRAPHQL_VALIDATION_FAILED"),
        (json!({ "query": format!("{{ {} }}", "errorCodes ".repeat(21)) }), "GRAPHQL_VALIDATION_FAILED"),
        (
            json!({ "query": "{ users(first: 100) { nodes { sessions(first: 100) { nodes { id } } } } }" }),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (json!({ "documentId": "0".repeat(64) }), "PERSISTED_QUERY_NOT_FOUND"),
    ] {
        for (media_type, status) in [(RESPONSE, 400), (JSON, 200)] {
            let answer = accepting(&app.client(), media_type).ask(&params).await;
            assert_refused(&answer, status, code, media_type);
        }
    }
    let answer = app.client().ask(&json!({ "query": two, "operationName": "b" })).await;
    assert!(answer.at("/errorCodes").is_array(), "one of several is run by its name");
}

#[tokio::test]
async fn errors_of_single_fields_leave_the_status_at_200_with_data() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    for media_type in [RESPONSE, JSON] {
        let answer = accepting(&app.client(), media_type).query("{ users { totalCount } }").await;
        assert_eq!((answer.status.as_u16(), answer.code()), (200, "UNAUTHENTICATED"), "{}", answer.text);
        assert_eq!(
            answer.json.get("data"),
            Some(&Value::Null),
            "a field that must not be null takes all along"
        );

        let some = accepting(&zhang, media_type).query("{ viewer { name } user(id: \"甲\") { id } }").await;
        assert_eq!((some.status.as_u16(), some.code()), (200, "FORBIDDEN"), "{}", some.text);
        assert_eq!(some.error()["path"], json!(["user"]));
        assert_eq!(some.json["data"]["viewer"], json!({ "name": "张三" }), "what succeeded is told");
        assert_eq!(some.header("content-type"), Some(format!("{media_type}; charset=utf-8").as_str()));
    }
}

#[tokio::test]
async fn a_token_that_is_no_good_is_401_in_either_media_type() {
    let app = TestApp::start().await;
    let forged = app.client().with_header("authorization", "Bearer forged");
    for media_type in [RESPONSE, JSON] {
        let client = accepting(&forged, media_type);
        for answer in [client.query(NAME).await, client.ask_by_get(&[("query", NAME)]).await] {
            assert_refused(&answer, 401, "UNAUTHENTICATED", media_type);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_request_is_400_in_either_media_type_and_tells_nothing_of_us() {
    let app = TestApp::start().await;
    for body in [
        "{}",
        r#"{"query": null}"#,
        r#"{"variables": {}}"#,
        r#"{"query": "{ errorCodes }", "quary": "机密"}"#,
        r#"{"query": "{ errorCodes }", "operation_name": null}"#,
        r#"{"query": "{ errorCodes }", "query": "{ errorCodes }"}"#,
        r#"{"query": 7}"#,
        r#"{"query": ["{ errorCodes }"]}"#,
        r#"{"query": "{ errorCodes }", "variables": []}"#,
        r#"{"query": "{ errorCodes }", "variables": "{\"a\": \"机密\"}"}"#,
        r#"{"query": "{ errorCodes }", "operationName": 7}"#,
        r#"{"query": "{ errorCodes }", "extensions": []}"#,
        r#"{"query": "{ errorCodes }", "extensions": "机密"}"#,
        r#"{"query": "{ errorCodes }", "documentId": 7}"#,
        r#"{"query": "{ errorCodes }"} 机密"#,
        r#"{"query": "机密, "#,
        r#"{"query": "{ errorCodes }",}"#,
        r#"{'query': '机密'}"#,
        "query={errorCodes}",
    ] {
        for media_type in [RESPONSE, JSON] {
            let client = accepting(&app.client(), media_type);
            let request =
                client.request(Method::POST, "/api/graphql").header("content-type", JSON).body(body);
            let answer = client.send(request).await;
            assert_refused(&answer, 400, "BAD_REQUEST", media_type);
            let told = answer.message().to_lowercase();
            for word in
                ["serde", "expected", "invalid type", "unknown field", "missing", "column", "eof", "机密"]
            {
                assert!(!told.contains(word), "{word} in {told}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_request_does_not_need_may_be_null() {
    let app = TestApp::start().await;
    for rest in [
        json!({ "variables": null, "operationName": null, "extensions": null, "documentId": null }),
        json!({ "variables": {}, "extensions": {} }),
        json!({ "extensions": { "persistedQuery": null, "cost": null, "别人的": { "追踪": [1] } } }),
    ] {
        let mut params = rest.clone();
        params["query"] = "{ errorCodes }".into();
        let answer = app.client().ask(&params).await;
        assert_eq!((answer.status.as_u16(), answer.at("/errorCodes").is_array()), (200, true), "{rest}");
    }
    for query_string in ["variables=null&extensions=null", "variables={}&extensions={}"] {
        let query_string = format!("query={{errorCodes}}&{query_string}");
        let answer = get_with(&app.client(), &[("graphql-preflight", "1")], &query_string).await;
        assert!(answer.at("/errorCodes").is_array(), "{query_string}");
    }
}

#[tokio::test]
async fn a_mutation_goes_by_post_alone() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let cookie = zhang.refresh_token();
    for media_type in [RESPONSE, JSON] {
        let client = accepting(&zhang, media_type);
        for document in [RENAME, "mutation { signOut }", REFRESH] {
            let answer = client.ask_by_get(&[("query", document)]).await;
            assert_refused(&answer, 405, "BAD_REQUEST", media_type);
            assert_eq!((answer.header("allow"), answer.header("set-cookie")), (Some("POST"), None));
        }
        assert_eq!(client.query(NAME).await.at("/viewer/name"), "张三", "nothing was executed");
    }
    assert_eq!(zhang.refresh_token(), cookie);
    let answer = accepting(&zhang, RESPONSE).query(RENAME).await;
    assert_eq!((answer.status.as_u16(), answer.at("/updateProfile/name")), (200, &json!("改了")));
}

#[tokio::test]
async fn a_get_that_any_website_could_cause_is_not_answered() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let token = format!("Bearer {}", zhang.token());
    let browser = zhang.fork();
    browser.set_token(None);
    let query = "query={viewer{name}}";
    for headers in [
        &[] as &[_],
        &[("accept", RESPONSE)],
        &[("content-type", "text/plain")],
        &[("accept-language", "zh-CN"), ("x-forwarded-for", "203.0.113.9")],
    ] {
        let answer = get_with(&browser, headers, query).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_REQUEST"), "{headers:?}");
        assert_eq!(answer.json.get("data"), None, "{headers:?}");
        assert!(answer.message().contains("GraphQL-Preflight"), "{}", answer.text);
    }
    for (name, value, seen) in [
        ("GraphQL-Preflight", "1", Value::Null),
        ("Apollo-Require-Preflight", "true", Value::Null),
        ("Authorization", token.as_str(), json!({ "name": "张三" })),
    ] {
        let answer = get_with(&browser, &[(name, value)], query).await;
        assert_eq!((answer.status.as_u16(), answer.at("/viewer")), (200, &seen), "{name}");
    }
}

#[tokio::test]
async fn a_get_has_its_parameters_in_the_address() {
    let app = TestApp::start().await;
    app.account("张三丰").await;
    let admin = app.admin().await;
    let search = "query find($text: String) { users(filter: { search: $text }) { totalCount } }";
    let found = admin
        .ask_by_get(&[
            ("query", &format!("{search} query other {{ errorCodes }}")),
            ("variables", r#"{"text": "三丰"}"#),
            ("operationName", "find"),
            ("extensions", r#"{"cost": true}"#),
        ])
        .await;
    assert_eq!(found.at("/users/totalCount"), 1);
    assert_eq!(found.json["extensions"]["cost"]["requested"], 21);
    let literal = search.replace("$text })", "\"三丰\" })").replace("($text: String)", "");
    assert_eq!(admin.ask_by_get(&[("query", &literal)]).await.at("/users/totalCount"), 1);
    let nobody = admin.ask_by_get(&[("query", search), ("variables", r#"{"text": "四丰"}"#)]).await;
    assert_eq!(nobody.at("/users/totalCount"), 0, "it is the variable that counts");
    let plus = get_with(&admin, &[], "query={+errorCodes+}").await;
    assert!(plus.at("/errorCodes").is_array(), "a plus is a space, as in forms");
}

#[tokio::test]
async fn an_address_with_anything_else_is_no_request() {
    let app = TestApp::start().await;
    for query_string in [
        "",
        "query",
        "operationName=a",
        "query={errorCodes}&token=机密",
        "query={errorCodes}&Query={errorCodes}",
        "query={errorCodes}&variables=",
        "query={errorCodes}&variables={",
        "query={errorCodes}&variables=[]",
        "query={errorCodes}&variables=机密",
        "query={errorCodes}&extensions=true",
        "query={errorCodes}&extensions={}机密",
    ] {
        for media_type in [RESPONSE, JSON] {
            let headers = [("graphql-preflight", "1"), ("accept", media_type)];
            let answer = get_with(&app.client(), &headers, query_string).await;
            if query_string == "query" {
                assert_eq!(answer.code(), "GRAPHQL_PARSE_FAILED", "an empty document");
                continue;
            }
            assert_refused(&answer, 400, "BAD_REQUEST", media_type);
            assert!(!answer.text.contains("机密"), "{}", answer.text);
        }
    }
}

/// The URL standard decodes such an address as far as it can; what comes out is no GraphQL.
#[tokio::test]
async fn bad_percent_encoding_is_an_error_of_the_request() {
    let app = TestApp::start().await;
    for query in ["%", "%zz", "{errorCodes}%", "%ff{errorCodes}", "{errorCodes%e5%bc}", "%00", "%u5f20"] {
        let headers = [("graphql-preflight", "1"), ("accept", RESPONSE)];
        let answer = get_with(&app.client(), &headers, &format!("query={query}")).await;
        assert_refused(&answer, 400, "GRAPHQL_PARSE_FAILED", RESPONSE);
    }
}

#[tokio::test]
async fn a_subscription_needs_a_socket() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    for media_type in [RESPONSE, JSON] {
        let client = accepting(&zhang, media_type);
        for answer in [client.query(WATCH).await, client.ask_by_get(&[("query", WATCH)]).await] {
            assert_refused(&answer, 400, "BAD_REQUEST", media_type);
            assert!(answer.message().contains("WebSocket"), "{}", answer.text);
        }
    }
}

/// It takes as long as the server waits: 15 s.
#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let app = TestApp::start().await;
    let request = format!(
        "POST /api/graphql HTTP/1.1\r\nHost: localhost\r\nAccept: {RESPONSE}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"query\": \"mutation"
    );
    let answer = raw(&app, &request).await;
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/graphql-response+json; charset=utf-8"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "BAD_REQUEST");
    assert_eq!(body.get("data"), None);
}
