//! Documents that are sent by their hash, shared by replicas, or trusted from the start.

use std::{fs, path::PathBuf};

use fastgpt_platform::graphql::Engine;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, PASSWORD, Response, TestApp, backend, client::SIGN_IN, email_of,
    process::Installation,
};

const CODES: &str = "{ errorCodes } # 错误代码";
const NODE: &str = "query($id: ID!) { node(id: $id) { id } }";
const RENAME: &str = "mutation { updateProfile(input: { name: \"改了\" }) { name } }";
const RESPONSE: &str = "application/graphql-response+json";

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Apollo's automatic persisted queries.
fn persisted(hash: &str) -> Value {
    json!({ "version": 1, "sha256Hash": hash })
}

fn by_hash(text: &str) -> Value {
    json!({ "extensions": { "persistedQuery": persisted(&sha256(text)) } })
}

/// Appendix A of GraphQL over HTTP.
fn by_id(text: &str) -> Value {
    json!({ "documentId": format!("sha256:{}", sha256(text)) })
}

/// The hash and the text.
fn registration(text: &str) -> Value {
    let mut params = by_hash(text);
    params["query"] = text.into();
    params
}

async fn get_by_hash(client: &Client, text: &str) -> Response {
    let extensions = by_hash(text)["extensions"].to_string();
    client.ask_by_get(&[("extensions", &extensions)]).await
}

/// What comes of a document that is named by its hash, in every way there is.
async fn answers_by_hash(client: &Client, text: &str) -> Vec<Value> {
    vec![
        client.ask(&by_hash(text)).await.json,
        client.ask(&by_id(text)).await.json,
        get_by_hash(client, text).await.json,
        client.ask_by_get(&[("documentId", &sha256(text))]).await.json,
        in_form_of_http(client.ask_over_socket(&by_hash(text)).await),
        in_form_of_http(client.ask_over_socket(&by_id(text)).await),
    ]
}

/// The first message about an operation, as an answer over HTTP has it.
fn in_form_of_http(message: Value) -> Value {
    match message["type"].as_str() {
        Some("error") => json!({ "errors": message["payload"] }),
        _ => message["payload"].clone(),
    }
}

fn assert_all_fail(answers: &[Value], code: &str) {
    for answer in answers {
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{answer}");
        assert_eq!(answer.get("data"), None, "{answer}");
    }
}

fn assert_all_tell_codes(answers: &[Value]) {
    for answer in answers {
        assert!(answer["data"]["errorCodes"].is_array(), "{answer}");
        assert_eq!(answer.get("errors"), None, "{answer}");
    }
}

#[tokio::test]
async fn an_unknown_hash_is_answered_as_apollos_clients_expect() {
    let app = TestApp::start().await;
    let answers = answers_by_hash(&app.client(), CODES).await;
    assert_all_fail(&answers, "PERSISTED_QUERY_NOT_FOUND");
    for answer in answers {
        assert_eq!(answer["errors"][0]["message"], "PersistedQueryNotFound");
    }
    let strict = app.client().with_header("accept", RESPONSE);
    assert_eq!(strict.ask(&by_hash(CODES)).await.status, 400);
    assert_eq!(app.client().ask(&by_hash(CODES)).await.status, 200);
}

#[tokio::test]
async fn a_document_is_known_by_its_hash_once_it_was_sent_along() {
    let app = TestApp::start().await;
    let (client, zhang) = (app.client(), app.with_user("张三").await);
    assert!(client.ask(&registration(CODES)).await.at("/errorCodes").is_array());
    for anybody in [&client, &zhang] {
        assert_all_tell_codes(&answers_by_hash(anybody, CODES).await);
    }
    let capitals = json!({ "extensions": { "persistedQuery": persisted(&sha256(CODES).to_uppercase()) } });
    assert_all_tell_codes(&[client.ask(&capitals).await.json]);

    let mut node = by_id(NODE);
    node["query"] = NODE.into();
    node["variables"] = json!({ "id": zhang.user_id().await });
    assert_eq!(zhang.ask(&node).await.at("/node/id"), &node["variables"]["id"]);
    node.as_object_mut().unwrap().remove("query");
    assert_eq!(zhang.ask(&node).await.at("/node/id"), &node["variables"]["id"]);
    assert_eq!(zhang.ask(&by_id(NODE)).await.violations(), [("id", "REQUIRED")]);
}

#[tokio::test]
async fn a_hash_may_be_learnt_over_get_and_socket_as_well() {
    let app = TestApp::start().await;
    let client = app.client();
    let message = client.ask_over_socket(&registration(CODES)).await;
    assert!(message["payload"]["data"]["errorCodes"].is_array(), "{message}");
    assert_all_tell_codes(&answers_by_hash(&client, CODES).await);

    let other = "{ errorCodes } # 另一个";
    let extensions = by_hash(other)["extensions"].to_string();
    client.ask_by_get(&[("query", other), ("extensions", &extensions)]).await.data();
    assert_all_tell_codes(&answers_by_hash(&client, other).await);
}

#[tokio::test]
async fn a_mutation_by_its_hash_still_goes_by_post_alone() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    zhang.ask(&registration("mutation { signOut }")).await.data();
    let zhang = app.sign_in("张三").await;
    assert_eq!(get_by_hash(&zhang, "mutation { signOut }").await.status, 405);
    assert_eq!(zhang.ask(&by_hash("mutation { signOut }")).await.at("/signOut"), true);
}

#[tokio::test]
async fn a_hash_that_is_not_the_documents_is_refused() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    for (name, value) in [
        ("documentId", by_id(CODES)["documentId"].clone()),
        ("extensions", by_hash(CODES)["extensions"].clone()),
    ] {
        let answer = zhang.ask(&json!({ "query": RENAME, name: value })).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_REQUEST"), "{}", answer.text);
    }
    assert_eq!(zhang.query("{ viewer { name } }").await.at("/viewer/name"), "张三", "nothing was run");
    assert_all_fail(&answers_by_hash(&zhang, CODES).await, "PERSISTED_QUERY_NOT_FOUND");
    assert_all_fail(&answers_by_hash(&zhang, RENAME).await[..2], "PERSISTED_QUERY_NOT_FOUND");
}

#[tokio::test]
async fn what_is_no_hash_is_refused() {
    let app = TestApp::start().await;
    let hash = sha256(CODES);
    for malformed in [
        json!({ "documentId": "" }),
        json!({ "documentId": &hash[..63] }),
        json!({ "documentId": format!("{hash}0") }),
        json!({ "documentId": format!("md5:{hash}") }),
        json!({ "documentId": format!("sha256:sha256:{hash}") }),
        json!({ "documentId": format!("+{}", &hash[1..]) }),
        json!({ "documentId": "哈".repeat(64) }),
        json!({ "documentId": format!("哈{}", &hash[..61]) }),
        json!({ "extensions": { "persistedQuery": { "version": 2, "sha256Hash": hash } } }),
        json!({ "extensions": { "persistedQuery": { "version": "1", "sha256Hash": hash } } }),
        json!({ "extensions": { "persistedQuery": { "sha256Hash": hash } } }),
        json!({ "extensions": { "persistedQuery": { "version": 1 } } }),
        json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": 7 } } }),
        json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "哈希" } } }),
        json!({ "extensions": { "persistedQuery": hash } }),
        json!({ "extensions": { "persistedQuery": [1, hash] } }),
    ] {
        let mut with_text = malformed.clone();
        with_text["query"] = CODES.into();
        for params in [malformed, with_text] {
            let answer = app.client().ask(&params).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_REQUEST"), "{params}");
            let message = app.client().ask_over_socket(&params).await;
            assert_eq!(message["payload"][0]["extensions"]["code"], "BAD_REQUEST", "{message}");
        }
    }
}

#[tokio::test]
async fn what_is_not_run_by_its_text_is_not_run_by_its_hash() {
    let app = TestApp::configured(&[("GRAPHQL_INTROSPECTION", "off")]).await;
    let replica = app.replica(&[]).await;
    let (client, other) = (app.client(), replica.client());
    for text in [
        "{ errorCodes".to_owned(),
        "{ noSuchField }".to_owned(),
        format!("{{ {} }}", "errorCodes ".repeat(21)),
        format!("{{ errorCodes }} # {}", "长".repeat(6_000)),
        "{ users(first: 100) { nodes { sessions(first: 100) { nodes { id } } } } }".to_owned(),
        "{ __schema { queryType { name } } }".to_owned(),
    ] {
        let refused = client.ask(&registration(&text)).await;
        assert_eq!(refused.json.get("data"), None, "{text:.50}");
        for client in [&client, &other] {
            for answer in answers_by_hash(client, &text).await {
                let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap();
                let expected =
                    [refused.error()["extensions"]["code"].as_str().unwrap(), "PERSISTED_QUERY_NOT_FOUND"];
                assert!(expected.contains(&code) && answer.get("data").is_none(), "{text:.50}: {answer}");
            }
        }
    }
    let schema = "{ __type(name: \"User\") { name } }";
    app.admin().await.ask(&registration(schema)).await.data();
    assert_all_fail(&answers_by_hash(&client, schema).await, "FORBIDDEN");
}

#[tokio::test]
async fn replicas_share_what_they_learn_where_there_is_a_redis() {
    let app = TestApp::start().await;
    let other = app.replica(&[]).await;
    app.client().ask(&registration(CODES)).await.data();
    let answers = answers_by_hash(&other.client(), CODES).await;
    if backend::redis().is_some() {
        assert_all_tell_codes(&answers);
    } else {
        assert_all_fail(&answers, "PERSISTED_QUERY_NOT_FOUND");
    }
}

/// A connection to the Redis of the suite, and the key under which it keeps a document.
async fn kept(app: &TestApp, text: &str) -> Option<(redis::aio::MultiplexedConnection, String)> {
    let config = app.gateway.config.redis.as_ref()?;
    let client = redis::Client::open(config.url.expose_secret()).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    Some((connection, format!("{}document:{}", config.key_prefix, sha256(text))))
}

#[tokio::test]
async fn redis_is_not_believed_when_it_has_another_document() {
    let app = TestApp::start().await;
    let Some((mut redis, key)) = kept(&app, CODES).await else { return };
    app.client().ask(&registration(CODES)).await.data();
    let ttl: i64 = redis::cmd("TTL").arg(&key).query_async(&mut redis).await.unwrap();
    assert!((1..=24 * 3600).contains(&ttl), "kept for {ttl} s");

    let poisoned = app.replica(&[]).await;
    for text in [RENAME, "", "{ errorCodes } # 错误代码 "] {
        redis::cmd("SET").arg(&key).arg(text).exec_async(&mut redis).await.unwrap();
        assert_all_fail(&answers_by_hash(&poisoned.client(), CODES).await, "PERSISTED_QUERY_NOT_FOUND");
    }
    poisoned.client().ask(&registration(CODES)).await.data();
    let healed = app.replica(&[]).await;
    assert_all_tell_codes(&answers_by_hash(&healed.client(), CODES).await);
}

/// Files of trusted documents, and an app that runs nothing else.
async fn only_trusted(extra: &[&str]) -> (TestApp, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let entries = |texts: &[&str], prefix: &str| {
        let entries = texts.iter().map(|text| (format!("{prefix}{}", sha256(text)), json!(text)));
        Value::Object(entries.collect()).to_string()
    };
    let files = ["一.json", "二.json"].map(|name| folder.path().join(name));
    fs::write(&files[0], entries(&[SIGN_IN, CODES], "")).unwrap();
    fs::write(&files[1], entries(extra, "sha256:")).unwrap();
    let files = files.map(|file| file.to_str().unwrap().to_owned()).join(", ");
    let vars = [("PERSISTED_OPERATIONS", "only"), ("TRUSTED_DOCUMENTS", files.as_str())];
    (TestApp::configured(&vars).await, folder)
}

#[tokio::test]
async fn trusted_documents_are_run_by_text_and_by_hash() {
    let (app, _folder) = only_trusted(&[NODE]).await;
    for client in [app.client(), app.with_user("张三").await] {
        assert_all_tell_codes(&answers_by_hash(&client, CODES).await);
        let by_text = [
            client.query(CODES).await.json,
            client.ask(&registration(CODES)).await.json,
            client.ask_by_get(&[("query", CODES)]).await.json,
            in_form_of_http(client.ask_over_socket(&json!({ "query": CODES })).await),
        ];
        assert_all_tell_codes(&by_text);
        assert_eq!(client.ask(&by_id(NODE)).await.violations(), [("id", "REQUIRED")], "of the second file");
    }
}

#[tokio::test]
async fn nothing_but_trusted_documents_is_run() {
    let (app, _folder) = only_trusted(&[]).await;
    let admin = app.admin().await;
    let registered = "{ errorCodes viewer { name } }";
    admin.ask(&registration(registered)).await.data();
    assert_all_tell_codes(&answers_by_hash(&admin, registered).await);
    assert_eq!(admin.query(RENAME).await.at("/updateProfile/name"), "改了", "administrators run anything");

    let watch = "subscription { sessionEvents { kind } }";
    for client in [app.client(), app.with_user("张三").await] {
        for text in [registered, RENAME, watch, "{ errorCodes }", "{ errorCodes", NODE] {
            assert_all_fail(&answers_by_hash(&client, text).await, "PERSISTED_QUERY_REQUIRED");
            let by_text = [
                client.query(text).await.json,
                client.ask(&registration(text)).await.json,
                client.ask_by_get(&[("query", text)]).await.json,
                in_form_of_http(client.ask_over_socket(&json!({ "query": text })).await),
                in_form_of_http(client.ask_over_socket(&registration(text)).await),
            ];
            assert_all_fail(&by_text, "PERSISTED_QUERY_REQUIRED");
        }
        let strict = client.clone().with_header("accept", RESPONSE);
        assert_eq!(strict.query(RENAME).await.status, 403);
    }
    let name: String =
        app.sql_value("SELECT name FROM users WHERE email = $1", [email_of("张三").into()]).await;
    assert_eq!(name, "张三");
}

/// Starts a server with a manifest of these bytes, which must not come up.
async fn refusal(installation: &Installation, manifest: Option<&str>) -> String {
    let path: PathBuf = installation.folder().join("可信.json");
    if let Some(manifest) = manifest {
        fs::write(&path, manifest).unwrap();
    }
    let installation = installation.clone().with("TRUSTED_DOCUMENTS", path.as_os_str());
    let refused = installation.run(&["serve"]).await;
    assert!(!refused.success && !refused.err.contains("panicked"), "{refused:?}");
    // Whoever waits for that line would take it for up.
    assert!(!refused.err.contains("serving") && refused.out.is_empty(), "{refused:?}");
    for word in ["TRUSTED_DOCUMENTS", path.to_str().unwrap()] {
        assert!(refused.err.contains(word), "{word} is not in: {}", refused.err);
    }
    refused.err
}

#[tokio::test]
async fn a_bad_manifest_stops_the_start_and_is_named() {
    let installation = Installation::on_sqlite();
    let entry = |hash: &str, text: &str| json!({ hash: text }).to_string();
    let wide = format!("{{ {} }}", "errorCodes ".repeat(21));
    let (right, of_wide, broken) = (sha256(CODES), sha256(&wide), "{ errorCodes");
    for (manifest, says) in [
        (None, "No such file"),
        (Some(String::new()), "no JSON object"),
        (Some("{ 错误".to_owned()), "no JSON object"),
        (Some(json!([CODES]).to_string()), "no JSON object"),
        (Some(json!({ right.as_str(): 7 }).to_string()), "no JSON object"),
        (Some(entry(&right, NODE)), right.as_str()),
        (Some(entry("甲", CODES)), "甲"),
        (Some(entry(&of_wide, &wide)), "21 root fields"),
        (Some(entry(&sha256(broken), broken)), "not GraphQL"),
    ] {
        let said = refusal(&installation, manifest.as_deref()).await;
        assert!(said.contains(says), "{says} is not in: {said}");
    }
}

#[tokio::test]
async fn the_consoles_manifest_is_trusted_or_named() {
    let app = TestApp::configured(&[("PERSISTED_OPERATIONS", "only")]).await;
    let engine = |manifest: &str| Engine::new(&app.gateway, Some(manifest.as_bytes()), TaskTracker::new());
    assert!(engine(&json!({ sha256(CODES): CODES }).to_string()).is_ok());
    let error = engine(&json!({ sha256(CODES): NODE }).to_string()).err().unwrap();
    assert!(format!("{error:#}").contains("the console's operations"), "{error:#}");
    let admin = app.client();
    for password in [ADMIN_PASSWORD, PASSWORD] {
        let untrusted = admin.sign_in(ADMIN_EMAIL, password).await;
        assert_eq!(untrusted.code(), "PERSISTED_QUERY_REQUIRED", "signing in is no exception");
    }
}
