//! The outbox: what becomes of mails.

use std::fs;

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{
    TestApp, email_of,
    smtp::{MailServer, Manners},
};

const REQUEST: &str = r#"mutation { requestPasswordReset(input: { email: "张三@example.com" }) }"#;
const MAILS: &str = "{ mails { totalCount nodes { id recipient kind state attempts lastError sentAt } } }";

#[tokio::test]
async fn without_a_server_mails_become_files_that_only_their_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let app = TestApp::start().await;
    app.account("张三").await;
    app.client().query(REQUEST).await.data();
    let token = app.mail_to(&email_of("张三")).await.token();
    let files: Vec<_> = fs::read_dir(app.gateway.config.data_dir.join("outbox")).unwrap().collect();
    assert_eq!(files.len(), 1);
    let path = files[0].as_ref().unwrap().path();
    assert_eq!(path.extension().unwrap(), "eml");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mail = fs::read_to_string(&path).unwrap();
    assert!(mail.contains("multipart/alternative") && mail.contains("text/html"), "{mail}");
    // What is stored opens nothing: neither table holds the link, or anything that it is made of alone.
    for table in ["mails", "one_time_tokens", "jobs"] {
        let rows: String = app.sql_value(dump(&app, table), []).await;
        assert!(!rows.contains(&token[22..]), "{table}");
    }
}

fn dump(app: &TestApp, table: &str) -> &'static str {
    let postgres = app.gateway.config.database_url.file().is_none()
        && app.gateway.db.get_database_backend() == sea_orm::DbBackend::Postgres;
    match (postgres, table) {
        (true, "mails") => "SELECT string_agg(mails::text, ' ') FROM mails",
        (true, "jobs") => "SELECT string_agg(jobs::text, ' ') FROM jobs",
        (true, _) => "SELECT string_agg(one_time_tokens::text, ' ') FROM one_time_tokens",
        (false, "mails") => "SELECT group_concat(recipient || params || kind) FROM mails",
        (false, "jobs") => "SELECT group_concat(payload || kind) FROM jobs",
        (false, _) => "SELECT group_concat(data || purpose || hex(salt)) FROM one_time_tokens",
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_again_and_administrators_see_it() {
    // Nothing listens there.
    let smtp = [("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", "1"), ("SMTP_TLS", "none")];
    let app = TestApp::configured(&smtp).await;
    app.account("张三").await;
    app.client().query(REQUEST).await.data();
    app.run_jobs().await;
    let admin = app.admin().await;
    let mail = admin.query(MAILS).await.list_at("/mails/nodes")[0].clone();
    assert_eq!((&mail["state"], &mail["attempts"]), (&json!("QUEUED"), &json!(1)));
    assert!(mail["lastError"].as_str().unwrap().contains("onnection"), "{mail}");
    assert_eq!(app.client().query("{ developmentMails { id } }").await.code(), "FORBIDDEN");

    app.advance(TimeDelta::minutes(31)).await;
    app.run_jobs().await;
    let admin = app.admin().await;
    let mail = admin.query(MAILS).await.list_at("/mails/nodes")[0].clone();
    assert_eq!(mail["state"], "FAILED");
    assert!(mail["lastError"].as_str().unwrap().contains("link had run out"), "{mail}");

    let retry = "mutation($id: ID!) { retryMail(input: { mailId: $id }) { state } }";
    let answer = admin.query_with(retry, json!({ "id": mail["id"] })).await;
    assert_eq!(answer.at("/retryMail/state"), "QUEUED");
}

async fn with_mail_server(mail_server: &MailServer) -> TestApp {
    let port = mail_server.port.to_string();
    TestApp::configured(&[("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", &port), ("SMTP_TLS", "none")]).await
}

async fn latest_mail(app: &TestApp) -> serde_json::Value {
    app.run_jobs().await;
    app.admin().await.query(MAILS).await.list_at("/mails/nodes")[0].clone()
}

#[tokio::test]
async fn a_mail_server_gets_text_and_html_under_a_name_that_stays() {
    let mail_server = MailServer::start(Manners::Takes).await;
    let app = with_mail_server(&mail_server).await;
    app.account("zhang").await;
    app.client().query(&REQUEST.replace("张三", "zhang")).await.data();
    assert_eq!(latest_mail(&app).await["state"], "SENT");
    let mail = mail_server.mails().pop().unwrap();
    for line in [
        "To: zhang@example.com\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Content-Type: text/plain; charset=utf-8\r\n",
        "Content-Type: text/html; charset=utf-8\r\n",
        "Message-ID: <",
        "Date: ",
        "/reset-password#token=",
    ] {
        assert!(mail.contains(line), "{line}: {mail}");
    }
}

#[tokio::test]
async fn a_mail_server_that_says_later_is_asked_again_and_one_that_says_never_is_not() {
    let mail_server = MailServer::start(Manners::RefusesForNow).await;
    let app = with_mail_server(&mail_server).await;
    app.account("zhang").await;
    app.client().query(&REQUEST.replace("张三", "zhang")).await.data();
    assert_eq!(latest_mail(&app).await["state"], "QUEUED");
    app.advance(TimeDelta::seconds(10)).await;
    mail_server.set(Manners::Takes);
    let mail = latest_mail(&app).await;
    assert_eq!((&mail["state"], &mail["attempts"]), (&json!("SENT"), &json!(2)));

    mail_server.set(Manners::RefusesForGood);
    app.client().query(&REQUEST.replace("张三", "zhang")).await.data();
    let mail = latest_mail(&app).await;
    assert_eq!((&mail["state"], &mail["attempts"]), (&json!("FAILED"), &json!(1)));
    assert!(mail["lastError"].as_str().unwrap().contains("no such mailbox"), "{mail}");
}

#[tokio::test]
async fn development_mails_are_for_the_same_machine_alone() {
    let app = TestApp::start().await;
    let elsewhere = app.client_at("203.0.113.9").query("{ developmentMails { id } }").await;
    assert_eq!(elsewhere.code(), "FORBIDDEN");
    app.client().query("{ developmentMails { id } }").await.data();
}

#[tokio::test]
async fn a_mail_that_was_sent_is_not_sent_again() {
    let app = TestApp::start().await;
    app.account("张三").await;
    app.client().query(REQUEST).await.data();
    app.run_jobs().await;
    let admin = app.admin().await;
    let mail = admin.query(MAILS).await.list_at("/mails/nodes")[0].clone();
    assert_eq!((&mail["state"], &mail["attempts"]), (&json!("SENT"), &json!(1)));
    let retry = "mutation($id: ID!) { retryMail(input: { mailId: $id }) { state } }";
    assert_eq!(admin.query_with(retry, json!({ "id": mail["id"] })).await.code(), "CONFLICT");
}
