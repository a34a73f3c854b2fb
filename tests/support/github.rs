//! Something on loopback in the shape of GitHub.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response as Answer},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use url::Url;

use super::{
    Client, Response, TestApp,
    identity_provider::{CLIENT_ID, CLIENT_SECRET, location, visit},
};

/// Clones are the same.
#[derive(Clone)]
pub(crate) struct TestGitHub {
    pub(crate) address: String,
    state: Arc<Mutex<Codes>>,
}

#[derive(Default)]
struct Codes {
    /// Who has agreed, and with which PKCE challenge.
    codes: HashMap<String, (Value, String)>,
    /// How many codes were given out; used ones are gone.
    codes_given: usize,
    /// Whom tokens are of.
    tokens: HashMap<String, Value>,
}

/// An account there: what `/user` and `/user/emails` answer.
pub(crate) fn hubber(id: u64, name: Value, emails: Value) -> Value {
    json!({ "user": { "id": id, "login": format!("octo{id}"), "name": name }, "emails": emails })
}

impl TestGitHub {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let github =
            Self { address: format!("http://{}", listener.local_addr().unwrap()), state: Arc::default() };
        let router = Router::new()
            .route("/login/oauth/access_token", post(access_token))
            .route("/api/v3/user", get(user))
            .route("/api/v3/user/emails", get(emails))
            .with_state(github.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        github
    }

    /// GitHub, and a platform that knows it.
    pub(crate) async fn with_app(extra: &[(&str, &str)]) -> (Self, TestApp) {
        let github = Self::start().await;
        let vars = [
            ("GITHUB_CLIENT_ID", CLIENT_ID),
            ("GITHUB_CLIENT_SECRET", CLIENT_SECRET),
            ("GITHUB_BASE_URL", &*github.address),
        ];
        let app = TestApp::configured(&[vars.as_slice(), extra].concat()).await;
        (github, app)
    }

    /// Has `account` agree to what a browser was sent here for; gives the path that it goes back to.
    pub(crate) fn agree(&self, sent_to: &str, account: Value) -> String {
        let asked = Url::parse(sent_to).unwrap();
        assert!(sent_to.starts_with(&format!("{}/login/oauth/authorize?", self.address)), "{sent_to}");
        let asked: HashMap<String, String> = asked.query_pairs().into_owned().collect();
        assert_eq!((&*asked["client_id"], &*asked["scope"]), (CLIENT_ID, "read:user user:email"));
        let mut state = self.state.lock().unwrap();
        let code = format!("code-{}", state.codes_given);
        state.codes_given += 1;
        state.codes.insert(code.clone(), (account, asked["code_challenge"].clone()));
        let mut back = Url::parse(&asked["redirect_uri"]).unwrap();
        back.query_pairs_mut().extend_pairs([("code", &code), ("state", &asked["state"])]);
        format!("{}?{}", back.path(), back.query().unwrap())
    }

    /// Goes all the way as `account`.
    pub(crate) async fn sign_in(&self, browser: &Client, account: Value) -> Response {
        let sent = visit(browser, "/api/auth/github").await;
        visit(browser, &self.agree(location(&sent), account)).await
    }
}

/// As GitHub does, it says what is wrong as if all were well.
async fn access_token(State(github): State<TestGitHub>, headers: HeaderMap, body: String) -> Answer {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let refused = |error: &str| Json(json!({ "error": error, "error_description": "…" })).into_response();
    assert_eq!(headers[header::ACCEPT], "application/json", "GitHub answers a form otherwise");
    if form["client_id"] != CLIENT_ID || form["client_secret"] != CLIENT_SECRET {
        return refused("incorrect_client_credentials");
    }
    let mut state = github.state.lock().unwrap();
    let Some((account, challenge)) = state.codes.remove(&form["code"]) else {
        return refused("bad_verification_code");
    };
    if URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"])) != challenge {
        return refused("bad_verification_code");
    }
    let token = format!("gho_{}", form["code"]);
    state.tokens.insert(token.clone(), account);
    Json(json!({ "access_token": token, "token_type": "bearer", "scope": "read:user,user:email" }))
        .into_response()
}

fn told(github: &TestGitHub, headers: &HeaderMap, what: &str) -> Answer {
    // GitHub refuses who does not say what asks.
    if !headers.contains_key(header::USER_AGENT) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let token = headers[header::AUTHORIZATION].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    match github.state.lock().unwrap().tokens.get(token) {
        Some(account) => Json(account[what].clone()).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn user(State(github): State<TestGitHub>, headers: HeaderMap) -> Answer {
    told(&github, &headers, "user")
}

async fn emails(State(github): State<TestGitHub>, headers: HeaderMap) -> Answer {
    told(&github, &headers, "emails")
}
