//! API keys: made, used, bounded, and of no use from the moment they are revoked.

use chrono::TimeDelta;
use fastgpt_platform::{
    api_key,
    auth::viewer::Role,
    id::{ApiKeyId, TypedId},
    session::activity,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Client, Response, TestApp, backend, email_of,
    process::{Installation, until},
    socket::Socket,
};

const CREATE: &str = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) {
    key apiKey { id name prefix scopes state createdAt expiresAt lastUsedAt revokedAt budgetPerMinute user { email } } } }";
const REVOKE: &str = "mutation($id: ID!) { revokeApiKey(input: { apiKeyId: $id }) { id state revokedAt } }";
const ME: &str = "{ viewer { email } }";

async fn create(client: &Client, input: Value) -> Response {
    client.query_with(CREATE, json!({ "input": input })).await
}

async fn revoke(client: &Client, id: &str) -> Response {
    client.query_with(REVOKE, json!({ "id": id })).await
}

/// A program that calls with a key of these scopes, and the key's ID.
async fn program(app: &TestApp, owner: &Client, scopes: &[&str]) -> (Client, String) {
    let created = create(owner, json!({ "name": "脚本", "scopes": scopes })).await;
    let program = app.client();
    program.set_token(Some(&created.text_at("/createApiKey/key")));
    (program, created.text_at("/createApiKey/apiKey/id"))
}

fn assert_refused(answer: &Response) {
    assert_eq!((answer.status.as_u16(), answer.code()), (401, "UNAUTHENTICATED"), "{}", answer.text);
    assert_eq!(answer.message(), "The API key is not valid.");
}

async fn states(client: &Client, state: Option<&str>) -> Vec<String> {
    let list = "query($state: ApiKeyState) { viewer { apiKeys(state: $state) { totalCount nodes { name state } } } }";
    let answer = client.query_with(list, json!({ "state": state })).await;
    let states = answer.texts_at("/viewer/apiKeys/nodes", "state");
    assert_eq!(answer.at("/viewer/apiKeys/totalCount"), states.len());
    states
}

#[tokio::test]
async fn a_key_is_shown_once_used_and_revoked() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let input = json!({ "name": " 夜间同步 ", "scopes": ["WRITE", "READ", "READ"], "budgetPerMinute": 500 });
    let created = create(&zhang, input).await;
    let text = created.text_at("/createApiKey/key");
    let id = created.text_at("/createApiKey/apiKey/id");
    let prefix = &text[..16];
    let expected = json!({
        "id": id, "name": "夜间同步", "prefix": prefix, "scopes": ["READ", "WRITE"], "state": "ACTIVE",
        "createdAt": "2026-11-23T08:00:00+00:00", "expiresAt": "2027-02-21T08:00:00+00:00",
        "lastUsedAt": null, "revokedAt": null, "budgetPerMinute": 500, "user": { "email": email_of("张三") },
    });
    assert_eq!(created.at("/createApiKey/apiKey"), &expected);
    assert!(text.starts_with("fgp_") && text.len() == 84, "{text}");
    let mail = app.mail_to(&email_of("张三")).await;
    assert!(mail.text.contains("夜间同步") && !mail.text.contains(prefix), "{}", mail.text);

    let program = app.client();
    program.set_token(Some(&text));
    assert_eq!(program.query(ME).await.at("/viewer/email"), &json!(email_of("张三")));
    program.query("mutation { updateProfile(input: { name: \"新名\" }) { id } }").await.data();

    // Nothing of the secret is anywhere.
    let secret = &text[30..60];
    for (table, columns) in
        [("api_keys", "name, prefix, scopes"), ("audit_events", "details"), ("mails", "params")]
    {
        for column in columns.split(", ") {
            let values = app.sql_values::<String>(&format!("SELECT {column} FROM {table}"), []).await;
            assert!(values.iter().all(|value| !value.contains(secret)), "{table}.{column}");
        }
    }
    let again = zhang.query("{ viewer { apiKeys { edges { cursor node { id } } nodes { prefix } } } }").await;
    assert!(!again.text.contains(secret));

    let node = "query($id: ID!) { node(id: $id) { __typename ... on ApiKey { name } } }";
    let node = zhang.query_with(node, json!({ "id": id })).await;
    assert_eq!(node.at("/node"), &json!({ "__typename": "ApiKey", "name": "夜间同步" }));

    app.advance(TimeDelta::seconds(1)).await;
    assert_eq!(revoke(&zhang, &id).await.at("/revokeApiKey/revokedAt"), "2026-11-23T08:00:01+00:00");
    assert_refused(&program.query(ME).await);
    app.advance(TimeDelta::seconds(1)).await;
    let twice = revoke(&zhang, &id).await;
    assert_eq!(twice.at("/revokeApiKey/revokedAt"), "2026-11-23T08:00:01+00:00", "again changes nothing");
    let kinds = "SELECT kind FROM audit_events WHERE kind LIKE 'API_KEY%' ORDER BY occurred_at";
    assert_eq!(app.sql_values::<String>(kinds, []).await, ["API_KEY_CREATED", "API_KEY_REVOKED"]);
    let details = "SELECT details FROM audit_events WHERE kind = 'API_KEY_CREATED'";
    let details: Value = serde_json::from_str(&app.sql_value::<String>(details, []).await).unwrap();
    assert_eq!(details, json!({ "name": "夜间同步", "prefix": prefix, "scopes": "READ WRITE" }));
}

#[tokio::test]
async fn what_breaks_a_rule_is_told_at_once() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let bad = json!({ "name": "", "scopes": [], "expiresInDays": 366, "budgetPerMinute": 0 });
    let expected = [
        ("input.name", "TOO_SHORT"),
        ("input.scopes", "REQUIRED"),
        ("input.expiresInDays", "OUT_OF_RANGE"),
        ("input.budgetPerMinute", "OUT_OF_RANGE"),
    ];
    assert_eq!(create(&zhang, bad).await.violations(), expected);
    for name in ["字".repeat(81), "换\n行".into()] {
        assert_eq!(create(&zhang, json!({ "name": name, "scopes": ["READ"] })).await.code(), "INVALID_INPUT");
    }
    for days in [json!(0), json!(-1), json!(4_000_000_000_u64)] {
        let input = json!({ "name": "脚本", "scopes": ["READ"], "expiresInDays": days });
        let code = create(&zhang, input).await.code().to_owned();
        assert!(["INVALID_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&code.as_str()), "{code}");
    }
    assert!(states(&zhang, None).await.is_empty());
    let input = json!({ "name": "字".repeat(80), "scopes": ["CHAT"], "expiresInDays": null });
    assert_eq!(create(&zhang, input).await.at("/createApiKey/apiKey/expiresAt"), &Value::Null);
}

#[tokio::test]
async fn making_a_key_takes_a_recent_sign_in_and_never_another_key() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (program, _) = program(&app, &zhang, &["READ", "WRITE", "CHAT"]).await;
    let input = json!({ "name": "另一个", "scopes": ["READ"] });
    assert_eq!(create(&program, input.clone()).await.code(), "FORBIDDEN");
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(create(&zhang, input.clone()).await.code(), "REAUTHENTICATION_REQUIRED");
    assert_eq!(create(&app.client(), input).await.code(), "UNAUTHENTICATED");
    assert_eq!(states(&zhang, None).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_keys_may_be_used_however_many_are_asked_for_at_once() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let input = || json!({ "name": "脚本", "scopes": ["READ"] });
    let asked = join_all((0..55).map(|_| create(&zhang, input()))).await;
    let made: Vec<&Response> = asked.iter().filter(|answer| answer.json.get("errors").is_none()).collect();
    assert_eq!(made.len(), 50);
    assert!(
        asked
            .iter()
            .filter(|answer| answer.json.get("errors").is_some())
            .all(|answer| answer.code() == "CONFLICT")
    );
    // One that may not be used any more counts no more.
    revoke(&zhang, &made[0].text_at("/createApiKey/apiKey/id")).await.data();
    create(&zhang, input()).await.data();
    assert_eq!(create(&zhang, input()).await.code(), "CONFLICT");
}

#[tokio::test]
async fn a_key_is_good_for_its_scopes_alone() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let query = "{ viewer { id } }";
    let mutation = "mutation { updateProfile(input: { name: \"新名\" }) { id } }";
    let administer = "{ users { totalCount } }";
    for (scopes, [reads, writes, administers]) in [
        (&["READ"][..], [true, false, false]),
        (&["WRITE"], [false, true, false]),
        (&["ADMIN"], [false, false, false]),
        (&["CHAT"], [false, false, false]),
        (&["READ", "ADMIN"], [true, false, true]),
        (&["READ", "WRITE", "CHAT"], [true, true, false]),
        (&["READ", "WRITE", "ADMIN", "CHAT"], [true, true, true]),
    ] {
        let (program, _) = program(&app, &admin, scopes).await;
        for (document, may) in [(query, reads), (mutation, writes), (administer, administers)] {
            let answer = program.query(document).await;
            let outcome = answer.json.get("errors").is_none();
            assert_eq!(outcome, may, "{scopes:?} {document}: {}", answer.text);
            assert!(may || answer.code() == "FORBIDDEN", "{}", answer.text);
        }
        let subscription = program.ask_over_socket(&json!({ "query": "subscription { nonsense }" })).await;
        let code = &subscription["payload"][0]["extensions"]["code"];
        assert_eq!(code == "FORBIDDEN", !reads, "{scopes:?}: {subscription}");
    }
    // What takes a session, takes a session.
    let (program, _) = program(&app, &admin, &["READ", "WRITE", "ADMIN", "CHAT"]).await;
    for document in [
        "mutation { signOut }",
        r#"mutation { reauthenticate(input: { password: "Admin@123456" }) { validUntil } }"#,
        r#"mutation { changePassword(input: { currentPassword: "Admin@123456", newPassword: "夜里的雨敲着旧窗棂" }) { id } }"#,
        r#"mutation { requestEmailChange(input: { newEmail: "新址@example.com" }) }"#,
    ] {
        assert_eq!(program.query(document).await.code(), "FORBIDDEN", "{document}");
    }
}

#[tokio::test]
async fn the_scope_admin_is_for_administrators_for_as_long_as_they_are() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let input = json!({ "name": "越权", "scopes": ["READ", "ADMIN"] });
    assert_eq!(create(&zhang, input.clone()).await.code(), "FORBIDDEN");
    app.set_role("张三", Role::Admin).await;
    zhang.refresh().await.data();
    let (program, _) = program(&app, &zhang, &["READ", "ADMIN"]).await;
    let users = "{ users { totalCount } }";
    program.query(users).await.data();
    app.set_role("张三", Role::User).await;
    assert_eq!(program.query(users).await.code(), "FORBIDDEN", "at the very next request");
    program.query(ME).await.data();
}

#[tokio::test]
async fn what_is_no_key_of_ours_is_refused_alike() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (program, id) = program(&app, &zhang, &["READ"]).await;
    let good = program.token();
    let _ = app.statements.take();
    let swapped = format!("{}A{}", &good[..40], &good[41..]);
    for text in ["fgp_", "fgp_AAAA", "fgp_不是", &good[..83], &format!("{good}A"), &swapped] {
        let client = app.client().with_header("authorization", "Bearer x");
        client.set_token(None);
        let forged = app.client();
        forged.set_token(Some(&text.replace(|c: char| !c.is_ascii(), "")));
        assert_refused(&forged.query(ME).await);
    }
    assert!(app.statements.take().is_empty(), "what somebody made up costs no look into the database");
    let other = app.replica(&[("SESSION_SECRET", "another secret that keys are held against")]).await;
    let foreign = other.client();
    foreign.set_token(Some(&good));
    assert_refused(&foreign.query(ME).await);
    // The right secret of a row that is gone.
    app.sql("DELETE FROM api_keys", []).await;
    app.gateway.api_keys.invalidate(ApiKeyId::parse(&id).unwrap().into()).await;
    assert_refused(&program.query(ME).await);
}

#[tokio::test]
async fn a_key_runs_out() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let created = create(&zhang, json!({ "name": "一天", "scopes": ["READ"], "expiresInDays": 1 })).await;
    let program = app.client();
    program.set_token(Some(&created.text_at("/createApiKey/key")));
    app.advance(TimeDelta::days(1) - TimeDelta::seconds(1)).await;
    program.query(ME).await.data();
    app.advance(TimeDelta::seconds(1)).await;
    assert_refused(&program.query(ME).await);
    let zhang = app.sign_in("张三").await;
    create(&zhang, json!({ "name": "另一个", "scopes": ["READ"] })).await.data();
    assert_eq!(states(&zhang, Some("EXPIRED")).await, ["EXPIRED"]);
    assert_eq!(states(&zhang, Some("ACTIVE")).await, ["ACTIVE"]);
    assert_eq!(states(&zhang, None).await, ["ACTIVE", "EXPIRED"]);
}

#[tokio::test]
async fn others_keys_are_none_at_all_but_to_administrators() {
    let app = TestApp::start().await;
    let (zhang, li, admin) = (app.with_user("张三").await, app.with_user("李四").await, app.admin().await);
    let (program, id) = program(&app, &zhang, &["READ"]).await;
    let invented = "ApiKey:0198f000-0000-7000-8000-000000000000";
    let node = "query($id: ID!) { node(id: $id) { id } }";
    let (real, none) = (
        li.query_with(node, json!({ "id": id })).await,
        li.query_with(node, json!({ "id": invented })).await,
    );
    assert_eq!((real.code(), &real.json), ("NOT_FOUND", &none.json));
    let (real, none) = (revoke(&li, &id).await, revoke(&li, invented).await);
    assert_eq!((real.code(), &real.json), ("NOT_FOUND", &none.json));
    assert_eq!(revoke(&li, "User:1").await.code(), "NOT_FOUND");
    program.query(ME).await.data();

    // A key of an administrator's without the scope ADMIN is anybody's.
    let list = "{ apiKeys { totalCount nodes { id state user { name } } } }";
    let reader = {
        let created = create(&admin, json!({ "name": "只读", "scopes": ["READ", "WRITE"] })).await;
        let reader = app.client();
        reader.set_token(Some(&created.text_at("/createApiKey/key")));
        reader
    };
    for client in [&reader, &li, &zhang] {
        assert_eq!(client.query(list).await.code(), "FORBIDDEN");
    }
    assert_eq!(revoke(&reader, &id).await.code(), "NOT_FOUND");

    let all = admin.query(list).await;
    assert_eq!(all.at("/apiKeys/totalCount"), 2);
    assert_eq!(all.list_at("/apiKeys/nodes")[1]["user"]["name"], "张三");
    assert_eq!(revoke(&admin, &id).await.at("/revokeApiKey/state"), "REVOKED");
    assert_refused(&program.query(ME).await);
    let actor = "SELECT actor FROM audit_events WHERE kind = 'API_KEY_REVOKED'";
    assert_eq!(app.sql_value::<String>(actor, []).await, "ADMIN");
    let revoked = admin.query("{ apiKeys(state: REVOKED) { totalCount nodes { id } } }").await;
    assert_eq!(revoked.texts_at("/apiKeys/nodes", "id"), [id]);
    let nested = "{ users { nodes { name apiKeys(state: ACTIVE) { totalCount } } } }";
    let nested = admin.query(nested).await;
    let counts =
        nested.list_at("/users/nodes").iter().map(|user| user["apiKeys"]["totalCount"].as_u64().unwrap());
    assert_eq!(counts.sum::<u64>(), 1);
}

#[tokio::test]
async fn keys_are_paged_the_latest_first() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    for number in 0..5 {
        app.advance(TimeDelta::seconds(1)).await;
        create(&zhang, json!({ "name": format!("第{number}个"), "scopes": ["READ"] })).await.data();
    }
    let page = "query($after: String) { viewer { apiKeys(first: 2, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } } } }";
    let (mut names, mut after) = (Vec::new(), Value::Null);
    loop {
        let answer = zhang.query_with(page, json!({ "after": after })).await;
        names.extend(answer.texts_at("/viewer/apiKeys/nodes", "name"));
        if answer.at("/viewer/apiKeys/pageInfo/hasNextPage") == false {
            break;
        }
        after = answer.at("/viewer/apiKeys/pageInfo/endCursor").clone();
    }
    assert_eq!(names, ["第4个", "第3个", "第2个", "第1个", "第0个"]);
}

#[tokio::test]
async fn a_suspended_owner_has_no_key_and_one_who_lacks_a_factor_gets_no_further() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (program, _) = program(&app, &zhang, &["READ", "WRITE"]).await;
    program.query(ME).await.data();
    app.set_status("张三", "SUSPENDED").await;
    assert_refused(&program.query(ME).await);
    app.set_status("张三", "ACTIVE").await;
    program.query(ME).await.data();

    let strict = app.replica(&[("REQUIRE_SECOND_FACTOR", "all")]).await;
    let there = strict.client();
    there.set_token(Some(&program.token()));
    let answer = there.query("mutation { updateProfile(input: { name: \"新名\" }) { id } }").await;
    assert_eq!(answer.code(), "SECOND_FACTOR_ENROLLMENT_REQUIRED");
}

#[tokio::test]
async fn uses_are_written_in_batches() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (first, _) = program(&app, &zhang, &["READ"]).await;
    let (second, _) = program(&app, &zhang, &["READ"]).await;
    let used = "SELECT COUNT(*) FROM api_keys WHERE last_used_at IS NOT NULL";
    for _ in 0..3 {
        first.query(ME).await.data();
        second.query(ME).await.data();
    }
    activity::flush(&app.gateway).await.unwrap();
    assert_eq!(app.sql_value::<i64>(used, []).await, 0);
    let _ = app.statements.take();
    api_key::usage::flush(&app.gateway).await.unwrap();
    assert_eq!(app.statements.take().len(), 1);
    assert_eq!(app.sql_value::<i64>(used, []).await, 2);
    api_key::usage::flush(&app.gateway).await.unwrap();
    app.advance(TimeDelta::minutes(1)).await;
    first.query(ME).await.data();
    api_key::usage::flush(&app.gateway).await.unwrap();
    let answer = zhang.query("{ viewer { apiKeys { nodes { lastUsedAt } } } }").await;
    let mut times = answer.texts_at("/viewer/apiKeys/nodes", "lastUsedAt");
    times.sort_unstable();
    assert_eq!(times, ["2026-11-23T08:00:00+00:00", "2026-11-23T08:01:00+00:00"]);
}

#[tokio::test]
async fn a_warm_request_asks_neither_database_nor_redis() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (program, _) = program(&app, &zhang, &["READ"]).await;
    let document = "{ viewer { id email name role } }";
    program.query(document).await.data();
    let _ = app.statements.take();
    let lookups = || {
        let lookups = &app.gateway.api_keys.lookups;
        [lookups.local.get(), lookups.shared.get() + lookups.loaded.get()]
    };
    let [local, elsewhere] = lookups();
    program.query(document).await.data();
    assert_eq!(app.statements.take(), Vec::<String>::new());
    assert_eq!(lookups(), [local + 1, elsewhere]);
}

#[tokio::test]
async fn a_budget_of_its_own_is_within_that_of_its_user() {
    let app = TestApp::configured(&[("GRAPHQL_COST_PER_MINUTE", "200"), ("GRAPHQL_MAX_COST", "200")]).await;
    let zhang = app.with_user("张三").await;
    let cost = |points: u32| {
        format!("{{ viewer {{ sessions(first: {}) {{ nodes {{ id }} }} }} }}", (points - 2) / 2)
    };
    let created = create(&zhang, json!({ "name": "脚本", "scopes": ["READ"], "budgetPerMinute": 100 })).await;
    let program = app.client();
    program.set_token(Some(&created.text_at("/createApiKey/key")));
    assert_eq!(
        program.query(&cost(102)).await.code(),
        "GRAPHQL_VALIDATION_FAILED",
        "which it could never pay"
    );
    let paid = program.ask(&json!({ "query": cost(60), "extensions": { "cost": true } })).await;
    assert_eq!(paid.json["extensions"]["cost"]["remaining"], 40, "{}", paid.text);
    assert_eq!(program.query(&cost(60)).await.code(), "RATE_LIMITED");
    // What it was refused took nothing of its user's: about 120 points are left.
    zhang.query(&cost(100)).await.data();
    // And what the user has spent, no key has.
    let (unbounded, _) = {
        let program = app.client();
        program.set_token(Some(&created.text_at("/createApiKey/key")));
        (program, ())
    };
    assert_eq!(unbounded.query(&cost(40)).await.code(), "RATE_LIMITED");
}

#[tokio::test]
async fn sockets_of_a_key_close_when_it_is_revoked_and_stay_when_another_is() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (program, id) = program(&app, &zhang, &["READ"]).await;
    let mut socket = Socket::connect(&program).await;
    assert_eq!(socket.run("1", ME).await["data"]["viewer"]["email"], email_of("张三"));
    let denied =
        socket_refusal(&mut socket, "mutation { updateProfile(input: { name: \"新名\" }) { id } }").await;
    assert_eq!(denied, "FORBIDDEN");

    let (_, other) = self::program(&app, &zhang, &["READ"]).await;
    revoke(&zhang, &other).await.data();
    socket.settle().await;
    revoke(&zhang, &id).await.data();
    assert_eq!(socket.close_code().await, 4403);
    let mut refused = Socket::open(&program).await;
    refused.init(&program.token()).await;
    assert_eq!(refused.close_code().await, 4403);
}

async fn socket_refusal(socket: &mut Socket, document: &str) -> String {
    socket.subscribe("refused", document).await;
    let message = socket.next().await;
    message["payload"][0]["extensions"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn sockets_of_a_key_close_when_its_owner_has_another_role() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (program, _) = program(&app, &zhang, &["READ"]).await;
    let mut socket = Socket::connect(&program).await;
    app.set_role("张三", Role::Admin).await;
    assert_eq!(socket.close_code().await, 4403);
    let mut socket = Socket::connect(&program).await;
    app.set_status("张三", "SUSPENDED").await;
    // Nobody tells of it: the sweep finds out.
    assert_eq!(socket.close_code().await, 4403);
}

#[tokio::test]
async fn a_key_that_is_revoked_on_one_replica_is_refused_on_the_other() {
    let Some(installation) = Installation::for_replicas().await else { return };
    let (first, second) = (installation.serve().await, installation.serve().await);
    let zhang = first.with_user("zhang").await;
    let created = create(&zhang, json!({ "name": "脚本", "scopes": ["READ"] })).await;
    let program = second.client();
    program.set_token(Some(&created.text_at("/createApiKey/key")));
    program.query(ME).await.data();
    let mut socket = Socket::connect(&program).await;
    revoke(&zhang, &created.text_at("/createApiKey/apiKey/id")).await.data();
    assert_eq!(socket.close_code_within(std::time::Duration::from_secs(1)).await, 4403);
    until("requests are refused", async || (program.query(ME).await.status == 401).then_some(())).await;
}

/// A replica that hears nothing: what it remembers is five seconds old at most.
#[tokio::test]
async fn where_no_event_arrives_what_is_remembered_grows_old() {
    let app = TestApp::start().await;
    let deaf = app.replica(&[("REDIS_URL", "redis://127.0.0.1:1")]).await;
    let zhang = app.with_user("张三").await;
    let (program, id) = program(&app, &zhang, &["READ"]).await;
    let there = deaf.client();
    there.set_token(Some(&program.token()));
    there.query(ME).await.data();
    revoke(&zhang, &id).await.data();
    until("requests are refused", async || (there.query(ME).await.status == 401).then_some(())).await;
    assert!(backend::redis().is_some() || backend::postgres().is_none() || deaf.gateway.bus.is_connected());
}

#[tokio::test]
async fn keys_that_are_of_no_use_are_removed_after_ninety_days() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (_, revoked) = program(&app, &zhang, &["READ"]).await;
    create(&zhang, json!({ "name": "一天", "scopes": ["READ"], "expiresInDays": 1 })).await.data();
    create(&zhang, json!({ "name": "永远", "scopes": ["READ"], "expiresInDays": null })).await.data();
    revoke(&zhang, &revoked).await.data();
    app.advance(TimeDelta::days(90)).await;
    assert_eq!(api_key::service::remove_old(&app.gateway).await.unwrap(), 0);
    app.advance(TimeDelta::days(2)).await;
    assert_eq!(api_key::service::remove_old(&app.gateway).await.unwrap(), 2);
    assert_eq!(app.sql_value::<String>("SELECT name FROM api_keys", []).await, "永远");
}
