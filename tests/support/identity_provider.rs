//! An identity provider on loopback that speaks OpenID Connect, and lies where a test wants it to.

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
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use fastgpt_platform::clock::Clock;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use rsa::{pkcs1::EncodeRsaPrivateKey, traits::PublicKeyParts};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use url::Url;

use super::{Client, Response, TestApp};

pub(crate) const CLIENT_ID: &str = "fastgpt 平台";
pub(crate) const CLIENT_SECRET: &str = "s3cret: with/odd+characters";

/// Clones are the same provider.
#[derive(Clone)]
pub(crate) struct TestProvider {
    /// Its issuer.
    pub(crate) address: String,
    state: Arc<Mutex<Behaviour>>,
}

/// What it does, for a test to change.
pub(crate) struct Behaviour {
    pub(crate) metadata: Value,
    /// What it shows of its keys.
    pub(crate) jwks: Value,
    /// What it signs with.
    pub(crate) key: SigningKey,
    pub(crate) clock: Clock,
    /// Claims on top of those that an ID token has.
    pub(crate) twist: Value,
    /// In place of the ID token.
    pub(crate) forge: Option<Forge>,
    /// Whether claims of a person are in the ID token, or told to whoever asks.
    pub(crate) tells_in_token: bool,
    /// What it tells, in place of the person's claims.
    pub(crate) userinfo: Option<Value>,
    /// In place of an answer at one of its paths.
    pub(crate) instead: HashMap<&'static str, Instead>,
    /// How often each path was asked for.
    pub(crate) asked: HashMap<String, usize>,
    codes: HashMap<String, Grant>,
    /// How many codes were given out; used ones are gone.
    codes_given: usize,
    tokens: HashMap<String, Value>,
}

/// Makes a token of a header and claims.
pub(crate) type Forge = Box<dyn Fn(Header, Value) -> String + Send>;

/// What a path answers when it does not answer as it should.
#[derive(Clone)]
pub(crate) enum Instead {
    Status(u16),
    Body(String),
    Redirect(String),
    Nothing,
}

/// Somebody who has agreed, and to what.
struct Grant {
    person: Value,
    redirect_uri: String,
    nonce: String,
    challenge: String,
    /// Whether it is asked when the person was authenticated.
    asks_when: bool,
}

/// A key with its public half.
#[derive(Clone)]
pub(crate) struct SigningKey {
    pub(crate) algorithm: Algorithm,
    pub(crate) secret: EncodingKey,
    pub(crate) jwk: Value,
}

impl SigningKey {
    pub(crate) fn es256(kid: &str) -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let (x, y) = pair.public_key_raw()[1..].split_at(32);
        let [x, y] = [x, y].map(|part| URL_SAFE_NO_PAD.encode(part));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": x, "y": y });
        Self { algorithm: Algorithm::ES256, secret: EncodingKey::from_ec_der(&pair.serialize_der()), jwk }
    }

    pub(crate) fn rsa(kid: &str, bits: usize) -> Self {
        let private = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits).unwrap();
        let text = |number: &rsa::BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
        let jwk = json!({ "kty": "RSA", "kid": kid, "n": text(private.n()), "e": text(private.e()) });
        let secret = EncodingKey::from_rsa_der(private.to_pkcs1_der().unwrap().as_bytes());
        Self { algorithm: Algorithm::RS256, secret, jwk }
    }

    pub(crate) fn header(&self) -> Header {
        let kid = self.jwk["kid"].as_str().map(str::to_owned);
        Header { kid, ..Header::new(self.algorithm) }
    }
}

/// Who somebody is at the provider.
pub(crate) fn person(subject: &str, email: &str, verified: bool) -> Value {
    json!({ "sub": subject, "email": email, "email_verified": verified, "name": "王小明" })
}

impl TestProvider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let key = SigningKey::es256("first");
        let metadata = json!({
            "issuer": address,
            "authorization_endpoint": format!("{address}/authorize?tenant=1"),
            "token_endpoint": format!("{address}/token"),
            "jwks_uri": format!("{address}/jwks"),
            "userinfo_endpoint": format!("{address}/userinfo"),
            "authorization_response_iss_parameter_supported": true,
        });
        let state = Arc::new(Mutex::new(Behaviour {
            metadata,
            jwks: json!({ "keys": [key.jwk] }),
            key,
            clock: Clock::fixed(super::app::start_of_time()),
            twist: json!({}),
            forge: None,
            tells_in_token: true,
            userinfo: None,
            instead: HashMap::new(),
            asked: HashMap::new(),
            codes: HashMap::new(),
            codes_given: 0,
            tokens: HashMap::new(),
        }));
        let provider = Self { address, state };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata_of))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .layer(axum::middleware::from_fn_with_state(provider.clone(), instead))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// The configuration that names it `company`.
    pub(crate) fn vars(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("OIDC_COMPANY_ISSUER", &*self.address),
            ("OIDC_COMPANY_CLIENT_ID", CLIENT_ID),
            ("OIDC_COMPANY_CLIENT_SECRET", CLIENT_SECRET),
            ("OIDC_COMPANY_LABEL", "公司目录"),
        ]
    }

    /// A provider, and a platform that knows it.
    pub(crate) async fn with_app(extra: &[(&str, &str)]) -> (Self, TestApp) {
        let provider = Self::start().await;
        let vars = [provider.vars(), extra.to_vec()].concat();
        let app = TestApp::configured(&vars).await;
        provider.change(|behaviour| behaviour.clock = app.gateway.clock.clone());
        (provider, app)
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Behaviour) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    /// Has `person` agree to what a browser was sent here for; gives the address that the browser goes back to.
    pub(crate) fn agree(&self, sent_to: &str, person: Value) -> String {
        let asked = Url::parse(sent_to).unwrap();
        assert_eq!(asked.path(), "/authorize");
        let asked: HashMap<String, String> = asked.query_pairs().into_owned().collect();
        for (name, value) in [
            ("tenant", "1"),
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(asked[name], value, "{name}");
        }
        let grant = Grant {
            person,
            redirect_uri: asked["redirect_uri"].clone(),
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
            asks_when: asked.contains_key("max_age"),
        };
        let code = self.change(|behaviour| {
            let code = format!("code-{}", behaviour.codes_given);
            behaviour.codes_given += 1;
            behaviour.codes.insert(code.clone(), grant);
            code
        });
        let mut back = Url::parse(&asked["redirect_uri"]).unwrap();
        let answer = [("code", &*code), ("state", &asked["state"]), ("iss", &self.address)];
        back.query_pairs_mut().extend_pairs(answer);
        format!("{}?{}", back.path(), back.query().unwrap())
    }

    /// Goes all the way as `person`.
    pub(crate) async fn sign_in(&self, browser: &Client, person: Value) -> Response {
        let sent = visit(browser, "/api/auth/company").await;
        visit(browser, &self.agree(location(&sent), person)).await
    }
}

/// What a browser gets at a path; it follows nothing.
pub(crate) async fn visit(browser: &Client, path: &str) -> Response {
    browser.send(browser.request(Method::GET, path)).await
}

/// Where an answer leads.
pub(crate) fn location(answer: &Response) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.header("location").unwrap()
}

/// The challenge with which a browser was sent to the second step.
pub(crate) fn challenge(answer: &Response) -> String {
    location(answer).split_once("#challenge=").unwrap().1.to_owned()
}

/// Why a journey failed.
pub(crate) fn reason(answer: &Response) -> String {
    let url = Url::parse(location(answer)).unwrap();
    assert_eq!(url.path(), "/sign-in/failed", "{url}");
    assert_eq!(answer.header("set-cookie"), None, "nobody is signed in");
    url.query_pairs().find(|(name, _)| name == "reason").unwrap().1.into_owned()
}

async fn instead(
    State(provider): State<TestProvider>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Answer {
    let path = request.uri().path().to_owned();
    let instead = provider.change(|behaviour| {
        *behaviour.asked.entry(path.clone()).or_default() += 1;
        behaviour.instead.get(path.as_str()).cloned()
    });
    match instead {
        None => next.run(request).await,
        Some(Instead::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Instead::Body(body)) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Some(Instead::Redirect(to)) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Some(Instead::Nothing) => std::future::pending().await,
    }
}

async fn metadata_of(State(provider): State<TestProvider>) -> Json<Value> {
    Json(provider.change(|behaviour| behaviour.metadata.clone()))
}

async fn jwks(State(provider): State<TestProvider>) -> Json<Value> {
    Json(provider.change(|behaviour| behaviour.jwks.clone()))
}

fn refused(error: &str) -> Answer {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}

/// Whether the platform has shown who it is, in the header or the form.
fn is_known(provider: &TestProvider, headers: &HeaderMap, form: &HashMap<String, String>) -> bool {
    let in_form = provider.change(|behaviour| {
        behaviour.metadata["token_endpoint_auth_methods_supported"] == json!(["client_secret_post"])
    });
    if in_form {
        return form.get("client_id").is_some_and(|id| id == CLIENT_ID)
            && form.get("client_secret").is_some_and(|secret| secret == CLIENT_SECRET);
    }
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let expected = STANDARD.encode(format!("{}:{}", encode(CLIENT_ID), encode(CLIENT_SECRET)));
    headers.get(header::AUTHORIZATION).is_some_and(|value| value == &format!("Basic {expected}"))
        && !form.contains_key("client_secret")
}

async fn token(State(provider): State<TestProvider>, headers: HeaderMap, body: String) -> Answer {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    if !is_known(&provider, &headers, &form) {
        return refused("invalid_client");
    }
    let grant = form.get("code").and_then(|code| provider.change(|behaviour| behaviour.codes.remove(code)));
    let Some(grant) = grant else { return refused("invalid_grant") };
    let verifier = form.get("code_verifier").map(String::as_str).unwrap_or_default();
    if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != grant.challenge
        || form.get("redirect_uri") != Some(&grant.redirect_uri)
        || form.get("grant_type").map(String::as_str) != Some("authorization_code")
    {
        return refused("invalid_grant");
    }
    let id_token = provider.change(|behaviour| behaviour.id_token(&provider.address, &grant));
    let access_token = format!("access-{verifier}");
    provider.change(|behaviour| behaviour.tokens.insert(access_token.clone(), grant.person));
    let answer = json!({ "access_token": access_token, "token_type": "Bearer", "id_token": id_token });
    Json(answer).into_response()
}

impl Behaviour {
    fn id_token(&self, issuer: &str, grant: &Grant) -> String {
        let now = self.clock.now().timestamp();
        let mut claims = json!({ "iss": issuer, "aud": CLIENT_ID, "sub": grant.person["sub"], "nonce": grant.nonce,
            "iat": now, "exp": now + 300 });
        let own = claims.as_object_mut().unwrap();
        if grant.asks_when {
            own.insert("auth_time".into(), now.into());
        }
        if self.tells_in_token {
            own.extend(grant.person.as_object().unwrap().clone());
        }
        for (name, value) in self.twist.as_object().unwrap() {
            match value {
                Value::Null => drop(own.remove(name)),
                value => drop(own.insert(name.clone(), value.clone())),
            }
        }
        match &self.forge {
            Some(forge) => forge(self.key.header(), claims),
            None => jsonwebtoken::encode(&self.key.header(), &claims, &self.key.secret).unwrap(),
        }
    }
}

async fn userinfo(State(provider): State<TestProvider>, headers: HeaderMap) -> Answer {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let told = provider.change(|behaviour| {
        let person = behaviour.tokens.get(token)?;
        Some(behaviour.userinfo.clone().unwrap_or_else(|| person.clone()))
    });
    match told {
        Some(told) => Json(told).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// `claims` with some of their own.
pub(crate) fn with(person: Value, claims: Value) -> Value {
    let mut all: Map<String, Value> = person.as_object().unwrap().clone();
    all.extend(claims.as_object().unwrap().clone());
    Value::Object(all)
}
