//! A passkey in software: what an authenticator and a browser do between them (WebAuthn Level 3, sections 5 and 6).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use fastgpt_platform::auth::secrets::random_bytes;
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Client, Response, TestApp};

/// User present, user verified, attested credential data follows.
const PRESENT: u8 = 0b0000_0001;
const VERIFIED: u8 = 0b0000_0100;
const ATTESTED: u8 = 0b0100_0000;

/// An authenticator with one passkey, behind a browser at one page. Clones are copies of its key.
#[derive(Clone)]
pub(crate) struct Authenticator {
    /// The page that asks.
    pub(crate) origin: String,
    /// Whether it has its user show a finger or a PIN.
    pub(crate) verifies_user: bool,
    /// How often it was used; 0 for one that does not count.
    pub(crate) counter: u32,
    /// Whether it tells whose the passkey is.
    pub(crate) tells_user: bool,
    /// What it says instead of the challenge that it was asked with.
    pub(crate) other_challenge: Option<String>,
    pub(crate) id: Vec<u8>,
    pub(crate) user_handle: Option<Vec<u8>>,
    pub(crate) rp_id: Option<String>,
    pub(crate) key: SigningKey,
}

impl Authenticator {
    pub(crate) fn at(origin: &str) -> Self {
        Self {
            origin: origin.into(),
            verifies_user: true,
            counter: 0,
            tells_user: true,
            other_challenge: None,
            id: random_bytes::<32>().to_vec(),
            user_handle: None,
            rp_id: None,
            key: SigningKey::from_slice(&random_bytes::<32>()).unwrap(),
        }
    }

    /// Makes its passkey: `navigator.credentials.create()`, as `RegistrationResponseJSON`.
    pub(crate) fn create(&mut self, options: &Value) -> Value {
        self.rp_id = Some(options["rp"]["id"].as_str().unwrap().to_owned());
        self.user_handle = Some(decoded(&options["user"]["id"]));
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.authenticator_data(ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose_key());
        let mut object = vec![0xA3];
        object.extend(
            [text("fmt"), text("none"), text("attStmt"), vec![0xA0], text("authData"), bytes(&data)].concat(),
        );
        json!({
            "id": encoded(&self.id),
            "rawId": encoded(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": encoded(&client_data),
                "attestationObject": encoded(&object),
                "authenticatorData": encoded(&data),
                "transports": ["internal", "hybrid"],
                "publicKeyAlgorithm": -7,
            },
        })
    }

    /// Shows its passkey: `navigator.credentials.get()`, as `AuthenticationResponseJSON`.
    pub(crate) fn get(&mut self, options: &Value) -> Value {
        if self.counter > 0 {
            self.counter += 1;
        }
        let client_data = self.client_data("webauthn.get", options);
        let data = self.authenticator_data(0);
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature: Signature = self.key.sign(&signed);
        let mut response = json!({
            "clientDataJSON": encoded(&client_data),
            "authenticatorData": encoded(&data),
            "signature": encoded(signature.to_der().as_bytes()),
        });
        if let Some(handle) = self.user_handle.as_ref().filter(|_| self.tells_user) {
            response["userHandle"] = encoded(handle).into();
        }
        json!({
            "id": encoded(&self.id),
            "rawId": encoded(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let asked = options["challenge"].as_str().unwrap();
        let challenge = self.other_challenge.as_deref().unwrap_or(asked);
        let data =
            json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false });
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, flags: u8) -> Vec<u8> {
        let verified = if self.verifies_user { VERIFIED } else { 0 };
        let mut data = Sha256::digest(self.rp_id.as_deref().unwrap()).to_vec();
        data.push(flags | PRESENT | verified);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// ES256 as RFC 9053 writes it, in section 7.1.
    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let mut key = vec![0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01];
        key.extend([vec![0x21], bytes(point.x().unwrap()), vec![0x22], bytes(point.y().unwrap())].concat());
        key
    }
}

/// A text string of CBOR (RFC 8949), short as ours are.
fn text(text: &str) -> Vec<u8> {
    [&[0x60 | u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

fn bytes(bytes: &[u8]) -> Vec<u8> {
    [&[0x59], u16::try_from(bytes.len()).unwrap().to_be_bytes().as_slice(), bytes].concat()
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decoded(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}

const REGISTER: &str =
    "mutation($input: FinishPasskeyRegistrationInput!) { finishPasskeyRegistration(input: $input) {
        recoveryCodes user { secondFactors { passkeys { id name lastUsedAt } } } } }";

impl TestApp {
    /// A new authenticator at a browser that shows the console.
    pub(crate) fn authenticator(&self) -> Authenticator {
        Authenticator::at(&self.gateway.config.frontend_url)
    }

    /// Adds the passkey of a new authenticator to the account that is signed in.
    pub(crate) async fn enroll_passkey(&self, client: &Client, name: &str) -> Authenticator {
        let mut authenticator = self.authenticator();
        client.add_passkey(&mut authenticator, name).await.data();
        authenticator
    }
}

impl Client {
    pub(crate) async fn add_passkey(&self, authenticator: &mut Authenticator, name: &str) -> Response {
        let (challenge, options) = self.passkey_options("startPasskeyRegistration", "").await;
        let credential = authenticator.create(&options);
        self.register(&challenge, credential, name).await
    }

    pub(crate) async fn register(&self, challenge: &str, credential: Value, name: &str) -> Response {
        let input = json!({ "challenge": challenge, "credential": credential, "name": name });
        self.query_with(REGISTER, json!({ "input": input })).await
    }

    /// Asks for a challenge by this mutation, with these arguments; gives its text and the options.
    pub(crate) async fn passkey_options(&self, mutation: &str, arguments: &str) -> (String, Value) {
        let document =
            format!("mutation {{ {mutation}{arguments} {{ challenge challengeExpiresAt options }} }}");
        let answer = self.query(&document).await;
        (
            answer.text_at(&format!("/{mutation}/challenge")),
            answer.at(&format!("/{mutation}/options")).clone(),
        )
    }

    /// Signs in with a passkey alone.
    pub(crate) async fn sign_in_with(&self, authenticator: &mut Authenticator) -> Response {
        let (challenge, options) = self.passkey_options("startPasskeySignIn", "").await;
        self.show_passkey(&challenge, authenticator.get(&options)).await
    }

    /// Shows a passkey's answer for a sign-in.
    pub(crate) async fn show_passkey(&self, challenge: &str, credential: Value) -> Response {
        let document = "mutation($input: SignInWithPasskeyInput!) { signInWithPasskey(input: $input) {
            accessToken refreshToken deviceToken viewer { name } } }";
        let passkey = json!({ "challenge": challenge, "credential": credential });
        let answer = self.query_with(document, json!({ "input": { "passkey": passkey } })).await;
        if let Some(token) =
            answer.json.pointer("/data/signInWithPasskey/accessToken").and_then(Value::as_str)
        {
            self.set_token(Some(token));
        }
        answer
    }
}
