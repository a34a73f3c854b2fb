//! ID tokens: what is checked of them, one fault at a time.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    identity_provider::{
        CLIENT_ID, CLIENT_SECRET, Forge, SigningKey, TestProvider, location, person, reason, with,
    },
};

const HOME: &str = "http://localhost:5000/";

fn wang() -> Value {
    person("1", "王小明@example.com", true)
}

async fn is_taken(provider: &TestProvider, app: &TestApp) -> bool {
    let answer = provider.sign_in(&app.client(), wang()).await;
    if location(&answer) == HOME {
        return true;
    }
    assert_eq!(reason(&answer), "PROVIDER_UNAVAILABLE");
    false
}

#[tokio::test]
async fn every_claim_has_to_be_right() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let now = app.now().timestamp();
    let long = "长".repeat(86);
    for (claims, taken) in [
        (json!({}), true),
        (json!({ "iss": "https://evil.example" }), false),
        (json!({ "iss": format!("{}/", provider.address) }), false),
        (json!({ "iss": null }), false),
        (json!({ "aud": "somebody else" }), false),
        (json!({ "aud": null }), false),
        (json!({ "aud": [] }), false),
        (json!({ "aud": [CLIENT_ID] }), true),
        (json!({ "aud": [CLIENT_ID, "somebody else"] }), false),
        (json!({ "aud": [CLIENT_ID, "somebody else"], "azp": CLIENT_ID }), true),
        (json!({ "aud": ["somebody else"], "azp": CLIENT_ID }), false),
        (json!({ "azp": CLIENT_ID }), true),
        (json!({ "azp": "somebody else" }), false),
        (json!({ "exp": now - 61 }), false),
        (json!({ "exp": now - 59 }), true),
        (json!({ "exp": null }), false),
        (json!({ "exp": "tomorrow" }), false),
        (json!({ "iat": now - 661 }), false),
        (json!({ "iat": now - 659 }), true),
        (json!({ "iat": now + 61 }), false),
        (json!({ "iat": now + 59 }), true),
        (json!({ "iat": null }), false),
        (json!({ "iat": 1e300 }), false),
        (json!({ "nbf": now + 59 }), true),
        (json!({ "nbf": now + 61 }), false),
        (json!({ "nbf": "编造的" }), false),
        (json!({ "auth_time": null }), true),
        (json!({ "auth_time": now - 86_400 }), true),
        (json!({ "auth_time": now + 3600 }), true),
        (json!({ "auth_time": 0.5 }), true),
        (json!({ "auth_time": -8e12 }), true),
        (json!({ "auth_time": 1e300 }), false),
        (json!({ "auth_time": now.to_string() }), false),
        (json!({ "auth_time": [now] }), false),
        (json!({ "nonce": "of another sign-in" }), false),
        (json!({ "nonce": "" }), false),
        (json!({ "nonce": null }), false),
        (json!({ "sub": null }), false),
        (json!({ "sub": "" }), false),
        (json!({ "sub": 1 }), false),
        (json!({ "sub": "a\u{0}b" }), false),
        (json!({ "sub": long }), false),
    ] {
        provider.change(|behaviour| behaviour.twist = claims.clone());
        assert_eq!(is_taken(&provider, &app).await, taken, "{claims}");
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Signs as the other side would if it took a secret of both sides for a key.
fn with_secret(secret: &'static [u8]) -> impl Fn(Header, Value) -> String + Send {
    move |header, claims| {
        let header = Header { alg: Algorithm::HS256, ..header };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap()
    }
}

#[tokio::test]
async fn every_signature_has_to_be_the_providers() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let other = SigningKey::es256("first");
    let forgeries: Vec<(&str, Forge)> = vec![
        ("none", Box::new(|_, claims| format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims)))),
        (
            "NONE",
            Box::new(|_, claims| {
                format!("{}.{}.", part(&json!({ "alg": "NONE", "kid": "first" })), part(&claims))
            }),
        ),
        (
            "no signature",
            Box::new(|_, claims| {
                format!("{}.{}.", part(&json!({ "alg": "ES256", "kid": "first" })), part(&claims))
            }),
        ),
        ("the client's secret", Box::new(with_secret(CLIENT_SECRET.as_bytes()))),
        ("nothing", Box::new(with_secret(b""))),
        (
            "another key of the same name",
            Box::new(move |header, claims| jsonwebtoken::encode(&header, &claims, &other.secret).unwrap()),
        ),
        ("no JWT", Box::new(|_, _| "编造的".into())),
        (
            "two parts",
            Box::new(|_, claims| format!("{}.{}", part(&json!({ "alg": "ES256" })), part(&claims))),
        ),
    ];
    for (what, forge) in forgeries {
        provider.change(|behaviour| behaviour.forge = Some(forge));
        assert!(!is_taken(&provider, &app).await, "{what}");
    }
    let key = provider.change(|behaviour| behaviour.key.clone());
    provider.change(|behaviour| {
        behaviour.forge = Some(Box::new(move |header, claims| {
            let token = jsonwebtoken::encode(&header, &claims, &key.secret).unwrap();
            let [header, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
            let other = with(claims, json!({ "sub": "somebody else" }));
            format!("{header}.{}.{signature}", part(&other))
        }));
    });
    assert!(!is_taken(&provider, &app).await, "claims that were changed afterwards");
    let key = provider.change(|behaviour| behaviour.key.clone());
    provider.change(|behaviour| {
        behaviour.forge = Some(Box::new(move |header, claims| {
            let header = Header { crit: Some(vec!["exp".into()]), ..header };
            jsonwebtoken::encode(&header, &claims, &key.secret).unwrap()
        }));
    });
    assert!(!is_taken(&provider, &app).await, "a header that demands extensions");
    provider.change(|behaviour| behaviour.forge = None);
    assert!(is_taken(&provider, &app).await);
}

#[tokio::test]
async fn rsa_keys_sign_in_both_ways_and_have_2048_bits() {
    let good = SigningKey::rsa("rsa", 2048);
    let pss = SigningKey { algorithm: Algorithm::PS256, ..good.clone() };
    let unsuitable = |change: Value| SigningKey { jwk: with(good.jwk.clone(), change), ..good.clone() };
    let nameless = unsuitable(json!({ "kid": null }));
    for (what, key, taken) in [
        ("RS256", good.clone(), true),
        ("PS256", pss.clone(), true),
        ("no name, but the only one", nameless, true),
        ("the only signature that the key is for", unsuitable(json!({ "alg": "RS256" })), true),
        (
            "a key for another signature",
            SigningKey { jwk: with(pss.jwk.clone(), json!({ "alg": "RS256" })), ..pss },
            false,
        ),
        ("a key for encryption", unsuitable(json!({ "use": "enc" })), false),
        ("1024 bits", SigningKey::rsa("rsa", 1024), false),
    ] {
        let (provider, app) = TestProvider::with_app(&[]).await;
        provider.change(|behaviour| {
            behaviour.jwks = json!({ "keys": [key.jwk, { "kty": "odd" }, 1] });
            behaviour.key = key;
        });
        assert_eq!(is_taken(&provider, &app).await, taken, "{what}");
    }
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_secret() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    // What an attacker knows as well as everybody: the public key, and a secret that was shown by mistake.
    let shown = json!({ "kty": "oct", "kid": "first", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode("shown") });
    provider.change(|behaviour| {
        behaviour.jwks["keys"].as_array_mut().unwrap().push(shown);
        behaviour.forge = Some(Box::new(with_secret(b"shown")));
    });
    assert!(!is_taken(&provider, &app).await);
    let x = provider.change(|behaviour| behaviour.key.jwk["x"].as_str().unwrap().to_owned());
    let public: &'static [u8] = Vec::leak(URL_SAFE_NO_PAD.decode(x).unwrap());
    provider.change(|behaviour| behaviour.forge = Some(Box::new(with_secret(public))));
    assert!(!is_taken(&provider, &app).await);
}

#[tokio::test]
async fn what_the_token_does_not_say_is_asked_for() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    provider.change(|behaviour| behaviour.tells_in_token = false);
    let browser = app.client();
    assert_eq!(location(&provider.sign_in(&browser, wang()).await), HOME);
    browser.refresh().await.data();
    let viewer = browser.query("{ viewer { name email } }").await;
    assert_eq!(viewer.at("/viewer"), &json!({ "name": "王小明", "email": "王小明@example.com" }));
    // Of somebody else nothing is believed.
    for told in [
        json!({ "sub": "2", "email": "b@example.com", "email_verified": true }),
        json!({ "email": "b@example.com" }),
    ] {
        provider.change(|behaviour| behaviour.userinfo = Some(told));
        assert!(!is_taken(&provider, &app).await);
    }
}

#[tokio::test]
async fn that_an_address_is_verified_is_believed_of_that_address_alone() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let claims = json!({ "sub": "1", "email": "别人@example.com" });
    provider.change(|behaviour| behaviour.userinfo = Some(wang()));
    let answer = provider.sign_in(&app.client(), claims.clone()).await;
    assert_eq!(reason(&answer), "EMAIL_UNVERIFIED");
    provider.change(|behaviour| {
        behaviour.userinfo = Some(with(claims.clone(), json!({ "email_verified": true })))
    });
    assert_eq!(location(&provider.sign_in(&app.client(), claims).await), HOME);
}
