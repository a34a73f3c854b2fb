//! New passwords held against a list of those that are known.

use std::{fs, sync::Arc};

use axum::{Router, extract::Path, http::HeaderMap, routing::get};
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::{net::TcpListener, sync::Notify};

use crate::support::{Response, TestApp, email_of};

/// Hard to guess for a program, and known to everybody.
const KNOWN: &str = "床前明月光疑是地上霜";
/// SHA-1 of [`KNOWN`].
const DIGEST: &str = "6AC6300236ABE701AA437AAEF69D5E273DEE67B4";

async fn sign_up(app: &TestApp, name: &str, password: &str) -> Response {
    let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename } }";
    let input = json!({ "email": email_of(name), "password": password, "name": name });
    app.client().query_with(sign_up, json!({ "input": input })).await
}

async fn is_refused(app: &TestApp) {
    let refused = sign_up(app, "zhang", KNOWN).await;
    assert_eq!(refused.violations(), [("input.password", "BREACHED")]);
    assert_eq!(sign_up(app, "li", "清晨的露水打湿了石阶").await.at("/signUp/__typename"), "SignedIn");
}

#[tokio::test]
async fn a_file_of_digests_is_searched() {
    let list = NamedTempFile::new().unwrap();
    let (before, after) = ("0".repeat(40), "F".repeat(40));
    fs::write(list.path(), format!("{before}:3\n{DIGEST}:21\n{after}:1\n")).unwrap();
    let app = TestApp::configured(&[("PASSWORD_BREACH_FILE", list.path().to_str().unwrap())]).await;
    is_refused(&app).await;
}

async fn endpoint(answer: impl Fn(&str, &HeaderMap) -> String + Clone + Send + Sync + 'static) -> String {
    let range = get(async move |Path(prefix): Path<String>, headers: HeaderMap| answer(&prefix, &headers));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/range", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/range/{prefix}", range)).await });
    url
}

#[tokio::test]
async fn an_address_learns_five_digits() {
    let url = endpoint(|prefix, headers| {
        assert_eq!(headers["add-padding"], "true");
        let suffix = if prefix == &DIGEST[..5] { &DIGEST[5..] } else { "" };
        assert_eq!(prefix.len(), 5);
        format!("{}:0\r\n{suffix}:21\r\n", "A".repeat(35))
    });
    let app = TestApp::configured(&[("PASSWORD_BREACH_URL", &url.await)]).await;
    is_refused(&app).await;
}

#[tokio::test]
async fn padding_is_no_hit() {
    let url = endpoint(|_, _| format!("{}:0\r\n", &DIGEST[5..])).await;
    let app = TestApp::configured(&[("PASSWORD_BREACH_URL", &url)]).await;
    assert_eq!(sign_up(&app, "zhang", KNOWN).await.at("/signUp/__typename"), "SignedIn");
}

#[tokio::test]
async fn a_list_that_is_away_keeps_nobody_out() {
    let asked = Arc::new(Notify::new());
    let url = endpoint({
        let asked = Arc::clone(&asked);
        move |_, _| {
            asked.notify_one();
            "x".repeat(2_000_000)
        }
    });
    let app = TestApp::configured(&[("PASSWORD_BREACH_URL", &url.await)]).await;
    assert_eq!(sign_up(&app, "zhang", KNOWN).await.at("/signUp/__typename"), "SignedIn");
    asked.notified().await;
    let app = TestApp::configured(&[("PASSWORD_BREACH_URL", "http://127.0.0.1:1/range")]).await;
    assert_eq!(sign_up(&app, "zhang", KNOWN).await.at("/signUp/__typename"), "SignedIn");
}
