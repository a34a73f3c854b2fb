//! A person's device: keeps an access token and cookies, and asks over HTTP.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use reqwest::{
    Method, RequestBuilder,
    header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE},
};
use serde_json::{Value, json};

use super::{Response, socket::Socket};

/// Clones are the same device.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: String,
    graphql_path: String,
    headers: HeaderMap,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    access_token: Option<String>,
    /// By name.
    cookies: BTreeMap<String, String>,
}

/// Whether a request carries the access token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Sent,
    Left,
}

pub(crate) const SIGN_IN: &str = "mutation($input: SignInInput!) { signIn(input: $input) {
    ... on SignedIn { accessToken accessTokenExpiresAt refreshToken viewer { id email name role } } } }";

pub(crate) const REFRESH: &str = "mutation($input: RefreshSessionInput) { refreshSession(input: $input) {
    accessToken accessTokenExpiresAt refreshToken viewer { id email name role } } }";

impl Client {
    pub(crate) fn new(address: &str, graphql_path: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self {
            http: http.build().unwrap(),
            address: address.into(),
            graphql_path: graphql_path.into(),
            headers: HeaderMap::new(),
            state: Arc::default(),
        }
    }

    /// Sends `name: value` with every request.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    /// Signs in, for tests whose subject is something else.
    pub(crate) async fn signed_in(self, email: &str, password: &str) -> Self {
        let answer = self.sign_in(email, password).await;
        assert!(answer.at("/signIn/accessToken").is_string(), "{email} signs in");
        self
    }

    /// Signs in as a browser does: the refresh token goes into the cookie.
    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Response {
        let input = json!({ "input": { "email": email, "password": password } });
        let answer = self.post(SIGN_IN, input, Token::Left).await;
        self.keep_token(&answer, "/data/signIn/accessToken");
        answer
    }

    /// Refreshes as a browser does: with the cookie, and without the old access token.
    pub(crate) async fn refresh(&self) -> Response {
        let answer = self.post(REFRESH, json!({}), Token::Left).await;
        self.keep_token(&answer, "/data/refreshSession/accessToken");
        answer
    }

    /// Refreshes with a token in the body, as a client without cookies does.
    pub(crate) async fn refresh_with(&self, token: &str) -> Response {
        let input = json!({ "input": { "refreshToken": token } });
        let answer = self.post(REFRESH, input, Token::Left).await;
        self.keep_token(&answer, "/data/refreshSession/accessToken");
        answer
    }

    /// Runs a document.
    pub(crate) async fn query(&self, document: &str) -> Response {
        self.query_with(document, json!({})).await
    }

    /// Runs a document with variables.
    pub(crate) async fn query_with(&self, document: &str, variables: Value) -> Response {
        self.post(document, variables, Token::Sent).await
    }

    /// Sends the parameters of a request by POST.
    pub(crate) async fn ask(&self, params: &Value) -> Response {
        self.send(self.request(Method::POST, &self.graphql_path).json(params)).await
    }

    /// Sends them by GET, as a page of ours does.
    pub(crate) async fn ask_by_get(&self, params: &[(&str, &str)]) -> Response {
        let request = self.request(Method::GET, &self.graphql_path).query(params);
        self.send(request.header("graphql-preflight", "1")).await
    }

    /// Sends them over a WebSocket of their own, as whoever is signed in here; gives the first answer.
    pub(crate) async fn ask_over_socket(&self, params: &Value) -> Value {
        let is_signed_in = self.state.lock().unwrap().access_token.is_some();
        let mut socket =
            if is_signed_in { Socket::connect(self).await } else { Socket::connect_anonymously(self).await };
        socket.say(json!({ "type": "subscribe", "id": "1", "payload": params })).await;
        socket.next().await
    }

    async fn post(&self, document: &str, variables: Value, token: Token) -> Response {
        let body = json!({ "query": document, "variables": variables });
        self.send(self.build(Method::POST, &self.graphql_path, token).json(&body)).await
    }

    /// A request to `path` with this device's headers, token and cookie.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.build(method, path, Token::Sent)
    }

    fn build(&self, method: Method, path: &str, token: Token) -> RequestBuilder {
        let mut request =
            self.http.request(method, format!("{}{path}", self.address)).headers(self.headers.clone());
        let state = self.state.lock().unwrap();
        if let Some(token) = state.access_token.as_ref().filter(|_| token == Token::Sent) {
            request = request.bearer_auth(token);
        }
        if !state.cookies.is_empty() {
            let pairs: Vec<String> =
                state.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        request
    }

    /// Sends a request and keeps the cookies that come back.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Response {
        let answer = Response::read(request.send().await.unwrap()).await;
        for line in answer.headers.get_all(SET_COOKIE) {
            let (pair, _) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut state = self.state.lock().unwrap();
            match value {
                "" => state.cookies.remove(name),
                _ => state.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// A device that has all this one has now, and goes its own way from here.
    pub(crate) fn fork(&self) -> Self {
        let state = self.state.lock().unwrap();
        let copy = State { access_token: state.access_token.clone(), cookies: state.cookies.clone() };
        Self { state: Arc::new(Mutex::new(copy)), ..self.clone() }
    }

    fn keep_token(&self, answer: &Response, pointer: &str) {
        if let Some(token) = answer.json.pointer(pointer).and_then(Value::as_str) {
            self.set_token(Some(token));
        }
    }

    pub(crate) fn set_token(&self, token: Option<&str>) {
        self.state.lock().unwrap().access_token = token.map(str::to_owned);
    }

    /// The access token in use.
    pub(crate) fn token(&self) -> String {
        self.state.lock().unwrap().access_token.clone().unwrap()
    }

    /// The refresh token in the cookie.
    pub(crate) fn refresh_token(&self) -> Option<String> {
        self.cookie("fastgpt_refresh")
    }

    /// What is in a cookie, under its plain name.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let state = self.state.lock().unwrap();
        state
            .cookies
            .iter()
            .find(|(full, _)| full.trim_start_matches("__Host-") == name)
            .map(|(_, v)| v.clone())
    }

    /// The ID of the signed-in person.
    pub(crate) async fn user_id(&self) -> String {
        self.query("{ viewer { id } }").await.text_at("/viewer/id")
    }

    /// The ID of the session in use.
    pub(crate) async fn session_id(&self) -> String {
        let answer = self.query("{ viewer { sessions(first: 100) { nodes { id isCurrent } } } }").await;
        let nodes = answer.list_at("/viewer/sessions/nodes");
        let current = nodes.iter().find(|node| node["isCurrent"] == true).unwrap();
        current["id"].as_str().unwrap().to_owned()
    }
}
