//! How much of what a caller wrote an error says back: two hundred characters at most.

use serde_json::{Value, json};

use super::{RESPONSE, accepting, get_with};
use crate::support::{Response, TestApp};

/// What nobody but the caller writes.
const CHARACTER: char = '王';

fn long() -> String {
    CHARACTER.to_string().repeat(5_000)
}

/// As a name of GraphQL has to be.
fn long_name() -> String {
    "Z".repeat(5_000)
}

/// The sentences that an answer tells: messages of errors, of violations, and the violations' fields.
fn sentences(answer: &Response) -> Vec<&str> {
    let errors =
        answer.json["errors"].as_array().unwrap_or_else(|| panic!("no errors: {:.300}", answer.text));
    let mut told = Vec::new();
    for error in errors {
        let violations = error["extensions"]["violations"].as_array().map(Vec::as_slice).unwrap_or_default();
        told.extend(violations.iter().flat_map(|violation| [&violation["field"], &violation["message"]]));
        told.push(&error["message"]);
    }
    told.into_iter().map(|told| told.as_str().unwrap()).collect()
}

fn assert_says_little(answer: &Response, what: &str) {
    for sentence in sentences(answer) {
        let echoed = sentence.chars().filter(|c| [CHARACTER, 'Z'].contains(c)).count();
        assert!(echoed <= 200, "{what}: {echoed} characters of the caller's in {sentence:.250}…");
    }
}

#[tokio::test]
async fn a_refusal_of_a_document_repeats_little_of_it() {
    let app = TestApp::start().await;
    let admin = accepting(&app.admin().await, RESPONSE);
    let (text, name) = (long(), long_name());
    for document in [
        format!("{{ {name} }}"),
        format!("{{ viewer {{ {name} }} }}"),
        format!("{{ errorCodes({name}: 1) }}"),
        format!("{{ errorCodes @{name} }}"),
        format!("{{ ...{name} }}"),
        format!("{{ errorCodes }} fragment f on {name} {{ id }}"),
        format!("query($a: {name}) {{ errorCodes }}"),
        format!("query(${name}: Int) {{ errorCodes }}"),
        format!("query {name} {{ users(first: ${name}) {{ totalCount }} }}"),
        format!("{{ users(filter: {{ role: {name} }}) {{ totalCount }} }}"),
        format!("{{ users(filter: {{ {name}: 1 }}) {{ totalCount }} }}"),
        format!("{{ users(first: \"{text}\") {{ totalCount }} }}"),
        format!("{{ node(id: \"{text}\") {{ id }} }}"),
        format!("{{ users(after: \"{text}\") {{ totalCount }} }}"),
        format!("{{ users(filter: {{ search: \"{text}\" }}) {{ totalCount }} }}"),
        format!("{{ {name}: node(id: \"甲\") {{ id }} }}"),
        format!("{{ {text} }}"),
        format!("{{ errorCodes }} \"{text}"),
    ] {
        assert_says_little(&admin.query(&document).await, &format!("{document:.40}"));
    }
}

#[tokio::test]
async fn a_refusal_of_values_repeats_little_of_them() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (text, users) = (long(), "query($filter: UserFilter) { users(filter: $filter) { totalCount } }");
    for (document, variables) in [
        (users, json!({ "filter": text })),
        (users, json!({ "filter": { "role": text } })),
        (users, json!({ "filter": { "search": text } })),
        (users, json!({ "filter": { "search": [text] } })),
        (users, json!({ "filter": { text.clone(): 1 } })),
        ("query($first: Int) { users(first: $first) { totalCount } }", json!({ "first": text })),
        ("query($id: ID!) { node(id: $id) { id } }", json!({ "id": text })),
        ("query($id: ID!) { node(id: $id) { id } }", json!({ "id": { text.clone(): 1 } })),
    ] {
        assert_says_little(&admin.query_with(document, variables).await, document);
    }
    let credentials = json!({ "email": text, "password": text, "refreshTokenDelivery": text });
    let sign_in = "mutation($input: SignInInput!) { signIn(input: $input) { __typename } }";
    assert_says_little(&admin.query_with(sign_in, json!({ "input": credentials })).await, sign_in);
    assert_says_little(&admin.sign_in(&text, &text).await, "credentials");
}

/// The name of a variable is the caller's as well.
#[tokio::test]
async fn a_variable_of_a_long_name_is_not_repeated_in_full() {
    let app = TestApp::start().await;
    // Longer ones are refused before anything else.
    let name = "n".repeat(256);
    for (kind, value) in [
        ("Int!", json!({})),
        ("Int!", json!({ name.as_str(): null })),
        ("Int", json!({ name.as_str(): "一" })),
        ("[Int!]", json!({ name.as_str(): [1, null] })),
        ("UserOrder", json!({ name.as_str(): {} })),
        ("UserFilter", json!({ name.as_str(): { "不认识": 1 } })),
    ] {
        let answer =
            app.client().query_with(&format!("query(${name}: {kind}) {{ errorCodes }}"), value).await;
        assert_eq!(answer.code(), "INVALID_INPUT");
        assert_says_little(&answer, kind);
    }
}

#[tokio::test]
async fn a_refusal_of_a_request_repeats_little_of_it() {
    let app = TestApp::start().await;
    let (client, text) = (app.client(), long());
    for params in [
        json!({ "query": "query a { errorCodes }", "operationName": text }),
        json!({ "documentId": text }),
        json!({ "documentId": format!("sha256:{text}") }),
        json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": text } } }),
        json!({ "extensions": { "persistedQuery": { "version": text, "sha256Hash": "0".repeat(64) } } }),
        json!({ "query": "{ errorCodes }", text.clone(): 1 }),
        json!({ "query": "{ errorCodes }", "variables": text }),
        Value::from(text.as_str()),
    ] {
        assert_says_little(&client.ask(&params).await, &format!("{:.30}", params.to_string()));
    }
    let name = long_name();
    for query_string in [
        format!("{name}=1"),
        format!("query={{errorCodes}}&variables={name}"),
        format!("query={{errorCodes}}&operationName={name}"),
        format!("documentId={name}"),
        format!("query={{{name}}}"),
    ] {
        let answer = get_with(&client, &[("graphql-preflight", "1")], &query_string).await;
        assert_says_little(&answer, &format!("{query_string:.20}"));
    }
    let answer = client.clone().with_header("authorization", &format!("Bearer {name}")).query("{ a }").await;
    assert_says_little(&answer, "a token");
}
