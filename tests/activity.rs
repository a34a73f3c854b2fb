//! What happened to an account, as its owner sees it.

use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp, email_of, socket::Socket};

const ACTIVITY: &str =
    "{ viewer { activity(first: 100) { totalCount nodes { kind actor ip device { label } details } } } }";

#[tokio::test]
async fn everything_that_touches_the_ways_in_is_there() {
    let app = TestApp::start().await;
    let zhang = app.client_at("203.0.113.9").with_header("user-agent", "curl/8.0.1");
    let sign_up =
        "mutation($input: SignUpInput!) { signUp(input: $input) { ... on SignedIn { accessToken } } }";
    let input = json!({ "email": email_of("张三"), "password": PASSWORD, "name": "张三" });
    zhang.query_with(sign_up, json!({ "input": input })).await.data();
    app.client().sign_in(&email_of("张三"), "不对").await;
    let zhang = zhang.signed_in(&email_of("张三"), PASSWORD).await;
    zhang.query("mutation { updateProfile(input: { name: \"张三丰\" }) { id } }").await.data();
    zhang.query("mutation { endOtherSessions }").await.data();

    let answer = zhang.query(ACTIVITY).await;
    let nodes = answer.list_at("/viewer/activity/nodes");
    let kinds: Vec<&str> = nodes.iter().map(|node| node["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["SESSION_ENDED", "PROFILE_CHANGED", "SIGNED_IN", "SIGN_IN_FAILED", "SIGNED_IN", "ACCOUNT_CREATED"]
    );
    assert_eq!(answer.at("/viewer/activity/totalCount"), 6);
    let of = |kind: &str| nodes.iter().find(|node| node["kind"] == kind).unwrap();
    assert_eq!(of("SIGNED_IN")["ip"], "203.0.113.9");
    assert_eq!(of("SIGNED_IN")["device"]["label"], "curl");
    assert_eq!(of("SIGNED_IN")["details"]["method"], "PASSWORD");
    assert_eq!(of("SIGN_IN_FAILED")["actor"], "ANONYMOUS");
    assert_eq!(of("SIGN_IN_FAILED")["details"], json!({ "reason": "WRONG_PASSWORD" }));
    assert_eq!(of("PROFILE_CHANGED")["actor"], "SELF");
    assert_eq!(of("PROFILE_CHANGED")["details"]["after"]["name"], "张三丰");
    assert_eq!(of("SESSION_ENDED")["details"], json!({ "count": 1 }));
    assert!(!answer.text.contains(PASSWORD));
}

#[tokio::test]
async fn it_is_paged_and_nobody_elses() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    for number in 0..5 {
        let change = format!("mutation {{ updateProfile(input: {{ name: \"名{number}\" }}) {{ id }} }}");
        zhang.query(&change).await.data();
    }
    let page = "query($after: String) { viewer { activity(first: 2, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } } }";
    let (mut after, mut seen) = (Value::Null, Vec::new());
    loop {
        let answer = zhang.query_with(page, json!({ "after": after })).await;
        seen.extend(answer.texts_at("/viewer/activity/nodes", "id"));
        after = answer.at("/viewer/activity/pageInfo/endCursor").clone();
        if answer.at("/viewer/activity/pageInfo/hasNextPage") == false {
            break;
        }
    }
    // Created, signed in, five changes.
    assert_eq!(seen.len(), 7);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 7);

    let (li, admin) = (app.with_user("李四").await, app.admin().await);
    let node = "query($id: ID!) { node(id: $id) { ... on AuditEvent { kind } } }";
    assert_eq!(li.query_with(node, json!({ "id": seen[0] })).await.code(), "NOT_FOUND");
    for client in [&zhang, &admin] {
        client.query_with(node, json!({ "id": seen[0] })).await.data();
    }
}

#[tokio::test]
async fn one_watches_what_happens_to_ones_own_account() {
    let app = TestApp::start().await;
    let (zhang, li) = (app.with_user("张三").await, app.with_user("李四").await);
    let mut socket = Socket::connect(&zhang).await;
    let subscribe = json!({ "query": "subscription { myActivity { kind details } }" });
    socket.say(json!({ "type": "subscribe", "id": "1", "payload": subscribe })).await;
    // What the subscription hears of comes after it: a query over the same socket is answered once it has begun.
    let ask = json!({ "query": "{ viewer { id } }" });
    socket.say(json!({ "type": "subscribe", "id": "2", "payload": ask })).await;
    while socket.next().await["type"] != "complete" {}

    li.query("mutation { updateProfile(input: { name: \"李四光\" }) { id } }").await.data();
    zhang.query("mutation { updateProfile(input: { name: \"张三丰\" }) { id } }").await.data();
    let event = socket.next().await;
    let told = &event["payload"]["data"]["myActivity"];
    assert_eq!(told["kind"], "PROFILE_CHANGED");
    assert_eq!(told["details"]["after"]["name"], "张三丰");
}
