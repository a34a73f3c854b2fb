//! Values of variables: all that is wrong with them is told at once, before anything is run.

use serde_json::{Value, json};

use crate::support::{Client, Response, TestApp};

const USERS: &str = "query($first: Int, $filter: UserFilter, $order: UserOrder) {
    users(first: $first, filter: $filter, orderBy: $order) { totalCount } }";
const SIGN_UP: &str = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename } }";

/// Field and rule of everything that is wrong, in the order of the alphabet; nothing was executed.
async fn faults(client: &Client, document: &str, variables: Value) -> Vec<(String, String)> {
    let answer = client.query_with(document, variables).await;
    assert_eq!(answer.json.get("data"), None, "{}", answer.text);
    sorted(&answer)
}

fn sorted(answer: &Response) -> Vec<(String, String)> {
    let mut faults: Vec<_> =
        answer.violations().iter().map(|(field, rule)| ((*field).into(), (*rule).into())).collect();
    faults.sort_unstable();
    faults
}

fn owned(faults: &[(&str, &str)]) -> Vec<(String, String)> {
    faults.iter().map(|(field, rule)| ((*field).into(), (*rule).into())).collect()
}

/// Whether the values pass for the types that `definitions` give them. Nothing uses the variables, which is
/// validation's to refuse, and validation comes later.
async fn passes(client: &Client, definitions: &str, variables: Value) -> bool {
    let answer = client.query_with(&format!("query({definitions}) {{ errorCodes }}"), variables).await;
    match answer.json["errors"][0]["extensions"]["code"].as_str() {
        Some("INVALID_INPUT") => false,
        Some("GRAPHQL_VALIDATION_FAILED") => true,
        other => panic!("{other:?}: {}", answer.text),
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let app = TestApp::start().await;
    let input = json!({ "email": null, "password": 12_345_678, "nickname": "小张", "refreshTokenDelivery": "PIGEON" });
    let answer = app.client().query_with(SIGN_UP, json!({ "input": input })).await;
    let expected = [
        ("input.email", "REQUIRED"),
        ("input.name", "REQUIRED"),
        ("input.nickname", "UNKNOWN"),
        ("input.password", "WRONG_TYPE"),
        ("input.refreshTokenDelivery", "WRONG_TYPE"),
    ];
    assert_eq!(sorted(&answer), owned(&expected));
    assert_eq!(answer.status, 200, "of application/json");
    assert!(answer.message().starts_with("`input."), "{}", answer.message());
    assert!(!answer.text.contains("12345678"), "no value is repeated: {}", answer.text);
    let order = json!({ "order": { "field": "AGE", "direction": null }, "first": "十", "filter": [] });
    let expected = [
        ("filter", "WRONG_TYPE"),
        ("first", "WRONG_TYPE"),
        ("order.direction", "REQUIRED"),
        ("order.field", "WRONG_TYPE"),
    ];
    assert_eq!(faults(&app.client(), USERS, order).await, owned(&expected), "of several variables as well");
}

#[tokio::test]
async fn what_is_required_must_be_there_and_not_be_null() {
    let app = TestApp::start().await;
    let client = app.client();
    let missing = owned(&[("id", "REQUIRED")]);
    let document = "query($id: ID!) { node(id: $id) { id } }";
    for variables in [json!({}), Value::Null, json!({ "id": null }), json!({ "ID": "User:1" })] {
        assert_eq!(faults(&client, document, variables.clone()).await, missing, "{variables}");
    }
    let nested = [json!({ "order": {} }), json!({ "order": { "field": null } })];
    for variables in nested {
        assert_eq!(faults(&client, USERS, variables).await, owned(&[("order.field", "REQUIRED")]));
    }
    let document = "query($first: Int! = 5) { users(first: $first) { totalCount } }";
    assert_eq!(faults(&client, document, json!({ "first": null })).await, owned(&[("first", "REQUIRED")]));
}

#[tokio::test]
async fn scalars_take_their_own_values_alone() {
    let app = TestApp::start().await;
    let client = app.client();
    let (yes, object) = (json!(true), json!({ "a": 1 }));
    for (kind, good, bad) in [
        (
            "Int",
            vec![json!(0), json!(-5), json!(2_147_483_647), json!(-2_147_483_648_i64)],
            vec![
                json!(2_147_483_648_i64),
                json!(-2_147_483_649_i64),
                json!(u64::MAX),
                json!(1.5),
                json!(1e30),
                json!("1"),
                json!("一"),
                json!([[1], "1"]),
                yes.clone(),
                object.clone(),
            ],
        ),
        ("Float", vec![json!(1), json!(1.5), json!(-1e300)], vec![json!("1.5"), yes.clone(), object.clone()]),
        ("String", vec![json!(""), json!("张三"), json!("👩‍👩‍👧")], vec![json!(1), yes.clone(), object.clone()]),
        ("Boolean", vec![json!(true), json!(false)], vec![json!(0), json!("true"), object.clone()]),
        ("ID", vec![json!("User:1"), json!(""), json!(7)], vec![json!(1.5), yes.clone(), object.clone()]),
        (
            "Role",
            vec![json!("ADMIN"), json!("USER")],
            vec![json!("admin"), json!("ROOT"), json!(""), json!(0), yes, object],
        ),
        ("UserFilter", vec![json!({}), json!({ "search": null })], vec![json!("张三"), json!(1), json!([1])]),
    ] {
        for value in good.into_iter().chain([Value::Null]) {
            assert!(passes(&client, &format!("$a: {kind}"), json!({ "a": value })).await, "{kind}: {value}");
        }
        for value in bad {
            let document = format!("query($a: {kind}) {{ errorCodes }}");
            let found = faults(&client, &document, json!({ "a": value })).await;
            assert!(
                found.iter().all(|(field, rule)| field.starts_with('a') && rule == "WRONG_TYPE"),
                "{found:?}"
            );
            assert!(!found.is_empty(), "{kind}: {value}");
        }
    }
}

#[tokio::test]
async fn the_path_leads_to_the_fault() {
    let app = TestApp::start().await;
    let client = app.client();
    for (kind, value, expected) in [
        ("[Int!]", json!([1, "二", null, 4]), &[("a.1", "WRONG_TYPE"), ("a.2", "REQUIRED")] as &[_]),
        (
            "[[Role!]!]",
            json!([["USER"], ["USER", "KING"], null]),
            &[("a.1.1", "WRONG_TYPE"), ("a.2", "REQUIRED")],
        ),
        (
            "[UserOrder!]!",
            json!([{ "field": "EMAIL" }, {}, { "field": "EMAIL", "方向": 1 }]),
            &[("a.1.field", "REQUIRED"), ("a.2.方向", "UNKNOWN")],
        ),
        ("[UserFilter]!", json!({ "role": "KING" }), &[("a.role", "WRONG_TYPE")]),
        ("[Int]!", Value::Null, &[("a", "REQUIRED")]),
    ] {
        let document = format!("query($a: {kind}) {{ errorCodes }}");
        assert_eq!(faults(&client, &document, json!({ "a": value })).await, owned(expected), "{kind}");
    }
}

#[tokio::test]
async fn what_the_specification_allows_passes() {
    let app = TestApp::start().await;
    let client = app.client();
    for (definitions, variables) in [
        ("$a: [Int!]!", json!({ "a": [] })),
        ("$a: [Int]", json!({ "a": [1, null] })),
        ("$a: [Int!]!", json!({ "a": 1 })),
        ("$a: [[Role!]!]!", json!({ "a": "USER" })),
        ("$a: [UserOrder!]", json!({ "a": { "field": "EMAIL" } })),
        ("$a: Int", json!({})),
        ("$a: Int! = 3", json!({})),
        ("$a: Int = 3", json!({ "a": null })),
        ("$a: SignUpInput!", json!({ "a": { "email": "e", "password": "p", "name": "张三" } })),
    ] {
        assert!(passes(&client, definitions, variables.clone()).await, "{definitions}: {variables}");
    }
}

#[tokio::test]
async fn good_values_reach_the_resolver() {
    let app = TestApp::start().await;
    app.account("张三").await;
    let admin = app.admin().await;
    for (document, variables, found) in [
        (USERS, json!({}), 2),
        (USERS, json!({ "first": null, "filter": null, "order": null }), 2),
        (USERS, json!({ "filter": { "search": "张", "role": "USER" }, "order": { "field": "EMAIL" } }), 1),
        (USERS, json!({ "filter": { "role": "ADMIN" }, "用不着": { "随便": ["什么"] }, "limit": 1.5 }), 1),
        ("query($text: String = \"张\") { users(filter: { search: $text }) { totalCount } }", json!({}), 1),
    ] {
        let answer = admin.query_with(document, variables.clone()).await;
        assert_eq!(answer.at("/users/totalCount"), found, "{variables}");
    }
}

#[tokio::test]
async fn of_several_operations_only_that_which_is_meant_wants_its_variables() {
    let app = TestApp::start().await;
    let document = "query a { errorCodes } query b($id: ID!) { node(id: $id) { id } }";
    let answer = app.client().ask(&json!({ "query": document, "operationName": "a" })).await;
    assert!(answer.at("/errorCodes").is_array());
    let answer = app.client().ask(&json!({ "query": document, "operationName": "b" })).await;
    assert_eq!(answer.violations(), [("id", "REQUIRED")]);
}

#[tokio::test]
async fn at_most_twenty_faults_are_told_and_their_paths_are_cut() {
    let app = TestApp::start().await;
    let client = app.client();
    let unknown: serde_json::Map<String, Value> =
        (0..500).map(|number| (format!("字段{number}{}", "长".repeat(300)), json!(1))).collect();
    let filter = json!({ "filter": unknown });
    for (document, variables) in [
        ("query($a: [Int!]) { errorCodes }", json!({ "a": vec!["一"; 500] })),
        ("query($a: [Int!]) { errorCodes }", json!({ "a": vec![Value::Null; 500] })),
        (USERS, filter),
    ] {
        let answer = client.query_with(document, variables).await;
        let faults = answer.violations();
        assert_eq!(faults.len(), 20, "{document}");
        for (field, _) in faults {
            assert!(field.chars().count() <= 100, "{field}");
        }
        assert!(answer.text.len() < 30_000, "{} bytes", answer.text.len());
    }
    let twenty = json!({ "a": vec!["一"; 20] });
    let answer = client.query_with("query($a: [Int!]) { errorCodes }", twenty).await;
    assert_eq!(answer.violations().len(), 20);
}

#[tokio::test]
async fn over_a_socket_it_is_an_error_of_the_operation() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let variables = json!({ "input": { "name": 1, "别名": "小张" } });
    let rename = "mutation($input: UpdateProfileInput!) { updateProfile(input: $input) { name } }";
    let watch = "subscription($input: UpdateProfileInput!) { sessionEvents { kind } }";
    for document in [rename, watch] {
        let message = zhang.ask_over_socket(&json!({ "query": document, "variables": variables })).await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("1")), "{message}");
        let extensions = &message["payload"][0]["extensions"];
        assert_eq!(extensions["code"], "INVALID_INPUT");
        let mut rules: Vec<_> =
            extensions["violations"].as_array().unwrap().iter().map(|told| &told["rule"]).collect();
        rules.sort_unstable_by_key(|rule| rule.to_string());
        assert_eq!(rules, [&json!("UNKNOWN"), &json!("WRONG_TYPE")], "{message}");
    }
    assert_eq!(zhang.query("{ viewer { name } }").await.at("/viewer/name"), "张三");
}
