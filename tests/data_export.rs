//! Copies of people's data: whole, their owners' alone, and gone in a day.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Cursor, Read},
};

use chrono::TimeDelta;
use fastgpt_platform::erasure::{Copied, TABLES};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Response, TestApp, email_of, process::Installation};

mod making;
mod progress;

const EXPORT: &str = "{ id state progress requestedAt finishedAt sizeBytes expiresAt downloadUrl }";

async fn request(client: &Client) -> Response {
    client.query(&format!("mutation {{ requestDataExport {EXPORT} }}")).await
}

async fn latest(client: &Client) -> Value {
    let answer = client.query(&format!("{{ viewer {{ dataExport {EXPORT} }} }}")).await;
    answer.at("/viewer/dataExport").clone()
}

/// The path of a download.
fn path_of(export: &Value) -> String {
    let url = export["downloadUrl"].as_str().unwrap_or_else(|| panic!("no download: {export}"));
    url[url.find("/api/").unwrap()..].to_owned()
}

async fn get(app: &TestApp, path: &str) -> Response {
    app.client().send(app.client().request(Method::GET, path)).await
}

/// The files of the archive at a path.
async fn download(app: &TestApp, path: &str) -> BTreeMap<String, String> {
    let answer = app.client().request(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let length: usize = answer.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(bytes.len(), length);
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes.to_vec())).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        files.insert(file.name().unwrap().into_owned(), text);
    }
    files
}

fn json_of(files: &BTreeMap<String, String>, name: &str) -> Value {
    serde_json::from_str(&files[name]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A person whose copy is ready.
async fn with_copy(app: &TestApp, name: &str) -> Client {
    let client = app.with_user(name).await;
    request(&client).await.data();
    app.run_jobs().await;
    assert_eq!(latest(&client).await["state"], "READY");
    client
}

#[tokio::test]
async fn one_gets_everything_that_is_kept_and_no_secrets() {
    let app = TestApp::start().await;
    let invite = r#"mutation { inviteUser(input: { email: "张三@example.com" }) { id } }"#;
    app.admin().await.query(invite).await.data();
    let token = app.mail_to(&email_of("张三")).await.token();
    let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename } }";
    let input =
        json!({ "email": email_of("张三"), "password": PASSWORD, "name": "张三", "invitationToken": token });
    app.client().query_with(sign_up, json!({ "input": input })).await.data();
    let zhang = app.client_at("203.0.113.9").with_header("user-agent", "curl/8.0.1");
    let zhang = zhang.signed_in(&email_of("张三"), PASSWORD).await;
    app.sign_in("张三").await.query("mutation { signOut }").await.data();
    zhang.query("mutation { updateProfile(input: { name: \"张三“丰”\\\\\" }) { id } }").await.data();
    // Nobody else's.
    app.with_user("李四").await;

    let asked = request(&zhang).await.at("/requestDataExport").clone();
    assert_eq!(
        (&asked["state"], &asked["progress"], &asked["downloadUrl"]),
        (&json!("QUEUED"), &json!(0.0), &Value::Null)
    );
    app.run_jobs().await;
    let ready = latest(&zhang).await;
    assert_eq!(
        (&ready["id"], &ready["state"], &ready["progress"]),
        (&asked["id"], &json!("READY"), &json!(1.0))
    );
    let mail = app.mail_to(&email_of("张三")).await;
    assert_eq!(mail.subject, "数据已可下载");
    assert!(mail.text.contains("/security\n"), "{}", mail.text);

    let path = path_of(&ready);
    let answer = app.client().request(Method::GET, &path).send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/zip");
    assert_eq!(header("content-disposition"), "attachment; filename=\"fastgpt-data-2026-11-23.zip\"");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-length"), ready["sizeBytes"].to_string());

    let files = download(&app, &path).await;
    let account = json_of(&files, "account.json");
    assert_eq!((&account["email"], &account["name"]), (&json!(email_of("张三")), &json!("张三“丰”\\")));
    assert_eq!((&account["role"], &account["hasPassword"]), (&json!("USER"), &json!(true)));
    let sessions = json_of(&files, "sessions.json");
    assert_eq!(sessions.as_array().unwrap().len(), 3);
    assert!(sessions.as_array().unwrap().iter().any(|session| session["ip"] == "203.0.113.9"));
    assert!(sessions.as_array().unwrap().iter().any(|session| session["endReason"] == "SIGNED_OUT"));
    let activity = json_of(&files, "activity.json");
    let kinds: BTreeSet<&str> =
        activity.as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    for kind in ["ACCOUNT_CREATED", "SIGNED_IN", "PROFILE_CHANGED", "SIGNED_OUT", "DATA_EXPORT_REQUESTED"] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
    let invitations = json_of(&files, "invitations.json");
    assert_eq!(invitations[0]["direction"], "RECEIVED");
    assert_eq!(json_of(&files, "devices.json").as_array().unwrap().len(), 3);
    assert!(
        json_of(&files, "mails.json").as_array().unwrap().iter().any(|mail| mail["kind"] == "NEW_DEVICE")
    );
    let read_me = &files["README.txt"];
    assert!(read_me.contains("个人数据副本") && read_me.contains("copy of the personal data"), "{read_me}");

    let all: String = files.values().cloned().collect();
    assert!(!all.contains("李四"));
    for secret in ["argon2", "hash", "salt", "token", PASSWORD] {
        assert!(!all.to_lowercase().contains(&secret.to_lowercase()), "{secret}");
    }
    let told = zhang.query("{ viewer { activity(first: 2) { nodes { kind actor } } } }").await;
    assert_eq!(told.texts_at("/viewer/activity/nodes", "kind"), ["DATA_EXPORT_DOWNLOADED"; 2], "each time");
}

#[tokio::test]
async fn every_table_that_tells_of_people_is_in_it_or_has_a_reason_not_to_be() {
    let app = TestApp::start().await;
    let zhang = with_copy(&app, "张三").await;
    let files = download(&app, &path_of(&latest(&zhang).await)).await;
    let mut listed: BTreeSet<&str> = BTreeSet::from(["README.txt"]);
    for table in TABLES {
        match table.copied {
            Copied::In(file) => assert!(listed.insert(file), "{file}"),
            Copied::Nowhere(reason) => assert!(!reason.is_empty(), "{}", table.name),
        }
    }
    assert_eq!(files.keys().map(String::as_str).collect::<BTreeSet<_>>(), listed);
    for file in listed.iter().filter(|file| **file != "README.txt") {
        assert!(files["README.txt"].matches(file).count() == 2, "{file} is explained in both languages");
    }
}

#[tokio::test]
async fn an_administrators_acts_tell_nothing_of_others() {
    let app = TestApp::start().await;
    let (admin, zhang) = (app.admin().await, app.with_user("张三").await);
    let invite = r#"mutation { inviteUser(input: { email: "来客@example.com" }) { id } }"#;
    admin.query(invite).await.data();
    let end = "mutation($id: ID!) { endSession(input: { sessionId: $id }) { id } }";
    let at_home = admin.fork().with_header("x-forwarded-for", "198.51.100.1");
    at_home.query_with(end, json!({ "id": zhang.session_id().await })).await.data();
    let zhang = app.sign_in("张三").await;
    for client in [&admin, &zhang] {
        request(client).await.data();
    }
    app.run_jobs().await;
    let files = download(&app, &path_of(&latest(&admin).await)).await;
    let all: String = files.values().cloned().collect();
    assert!(!all.contains("来客") && !all.contains("张三"), "{all}");
    assert_eq!(json_of(&files, "invitations.json")[0]["direction"], "SENT");
    let files = download(&app, &path_of(&latest(&zhang).await)).await;
    assert!(files["activity.json"].contains("SESSION_ENDED"));
    assert!(!files["activity.json"].contains("198.51.100.1"), "where the administrator was");
}

#[tokio::test]
async fn nobody_else_sees_it() {
    let app = TestApp::start().await;
    let zhang = with_copy(&app, "张三").await;
    let export = latest(&zhang).await;
    let node = "query($id: ID!) { node(id: $id) { ... on DataExport { state downloadUrl } } }";
    let id = json!({ "id": export["id"] });
    assert_eq!(zhang.query_with(node, id.clone()).await.at("/node/downloadUrl"), &export["downloadUrl"]);
    let (li, admin) = (app.with_user("李四").await, app.admin().await);
    for other in [&li, &admin] {
        assert_eq!(other.query_with(node, id.clone()).await.code(), "NOT_FOUND");
        assert_eq!(latest(other).await, Value::Null);
    }
    let user = "query($id: ID!) { user(id: $id) { name dataExport { downloadUrl } } }";
    let answer = admin.query_with(user, json!({ "id": zhang.user_id().await })).await;
    assert_eq!(answer.at("/user"), &json!({ "name": "张三", "dataExport": null }));
}

#[tokio::test]
async fn links_that_are_not_right_open_nothing() {
    let app = TestApp::start().await;
    let (zhang, li) = (with_copy(&app, "张三").await, with_copy(&app, "李四").await);
    let (own, others) = (path_of(&latest(&zhang).await), path_of(&latest(&li).await));
    let (head, token) = own.rsplit_once('/').unwrap();
    let (_, other) = others.rsplit_once('/').unwrap();
    // The first 16 bytes are the identifier.
    let foreign = format!("{}{}", &token[..22], &other[22..]);
    let mut wrong =
        vec![foreign, token[..53].to_owned(), format!("{token}A"), "编造的".into(), "a".repeat(5000)];
    for place in [0, 21, 22, 30, 52] {
        let mut forged = token.to_owned().into_bytes();
        forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
        wrong.push(String::from_utf8(forged).unwrap());
    }
    let mut answers: Vec<Response> = Vec::new();
    for token in wrong {
        answers.push(get(&app, &format!("{head}/{token}")).await);
    }
    download(&app, &own).await;
    app.set_status("张三", "SUSPENDED").await;
    answers.push(get(&app, &own).await);
    app.set_status("张三", "ACTIVE").await;
    download(&app, &own).await;
    app.advance(TimeDelta::days(1)).await;
    answers.push(get(&app, &own).await);
    for answer in &answers {
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::BAD_REQUEST, "INVALID_TOKEN"),
            "{}",
            answer.text
        );
        assert_eq!(answer.message(), answers[0].message());
    }
    let posted = app.client().send(app.client().request(Method::POST, &own)).await;
    assert_eq!((posted.status.as_u16(), posted.header("allow")), (405, Some("GET")));
}

#[tokio::test]
async fn a_download_lasts_a_day_and_is_then_removed() {
    let app = TestApp::start().await;
    let zhang = with_copy(&app, "张三").await;
    let ready = latest(&zhang).await;
    let chunks = "SELECT COUNT(*) FROM data_export_chunks";
    app.advance(TimeDelta::days(1) - TimeDelta::seconds(1)).await;
    clean_up(&app).await;
    download(&app, &path_of(&ready)).await;
    app.advance(TimeDelta::seconds(1)).await;
    let expired = async || {
        let export = latest(&app.sign_in("张三").await).await;
        (export["state"].clone(), export["downloadUrl"].clone(), export["sizeBytes"].clone())
    };
    assert_eq!(expired().await, (json!("EXPIRED"), Value::Null, Value::Null));
    assert!(app.sql_value::<i64>(chunks, []).await > 0);
    clean_up(&app).await;
    assert_eq!(app.sql_value::<i64>(chunks, []).await, 0);
    assert_eq!(expired().await, (json!("EXPIRED"), Value::Null, Value::Null));
    app.advance(TimeDelta::days(30)).await;
    clean_up(&app).await;
    assert_eq!(latest(&app.sign_in("张三").await).await, Value::Null);
}

async fn clean_up(app: &TestApp) {
    fastgpt_platform::data_export::service::remove_expired(&app.gateway).await.unwrap();
}

#[tokio::test]
async fn another_password_and_a_disowned_sign_in_take_the_link_away() {
    let app = TestApp::start().await;
    let zhang = with_copy(&app, "张三").await;
    let path = path_of(&latest(&zhang).await);
    let change = "mutation($input: ChangePasswordInput!) { changePassword(input: $input) { id } }";
    let input = json!({ "currentPassword": PASSWORD, "newPassword": "夜里的雨敲着旧窗棂" });
    zhang.query_with(change, json!({ "input": input })).await.data();
    assert_eq!(get(&app, &path).await.code(), "INVALID_TOKEN");
    assert_eq!(latest(&zhang).await["state"], "EXPIRED");

    request(&zhang).await.data();
    app.run_jobs().await;
    let path = path_of(&latest(&zhang).await);
    let thief = app.client_at("198.51.100.66");
    thief.signed_in(&email_of("张三"), "夜里的雨敲着旧窗棂").await;
    let token = app.mail_to(&email_of("张三")).await.token();
    let disown =
        "mutation($token: String!) { disownSignIn(input: { token: $token }) { passwordResetToken } }";
    app.client().query_with(disown, json!({ "token": token })).await.data();
    assert_eq!(get(&app, &path).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn nobody_downloads_without_end() {
    let app = TestApp::start().await;
    let path = path_of(&latest(&with_copy(&app, "张三").await).await);
    for _ in 0..30 {
        assert_eq!(get(&app, &path).await.status, StatusCode::OK);
    }
    assert_eq!(
        (get(&app, &path).await.status.as_u16(), get(&app, &path).await.code()),
        (429, "RATE_LIMITED")
    );
}

#[tokio::test]
async fn the_log_does_not_tell_the_link() {
    let server = Installation::new().await.serve().await;
    let client = server.client();
    let path = "/api/data-export/a-link-that-nobody-else-may-know";
    let answer = client.send(client.request(Method::GET, path)).await;
    assert_eq!(answer.code(), "INVALID_TOKEN");
    // Nor what somebody makes of it who mistypes it.
    for path in [format!("{path}/"), path.replace("/data", "//data"), path.replace("/api", "/x")] {
        client.send(client.request(Method::GET, &path)).await;
    }
    let log = server.process.log();
    for told in ["/api/data-export/{token}", "/api//data-export/{token}", "/x/data-export/{token}"] {
        assert!(log.contains(told), "{log}");
    }
    assert!(!log.contains("nobody-else-may-know"), "{log}");
    let nginx = include_str!("../nginx.conf");
    assert!(
        nginx.contains(
            r#""~(?s)^(?<fastgpt_before_token>.*?/data-export)/" "$fastgpt_before_token/{token}";"#
        )
    );
}
