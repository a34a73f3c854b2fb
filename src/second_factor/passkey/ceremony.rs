//! What browsers are asked, and what they answer, in the words of WebAuthn.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, Passkey as Key, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, WebauthnError,
};

use super::{MAX_CREDENTIAL_BYTES, entity};
use crate::{
    auth::RelyingParty,
    error::{Error, Result, Rule, Violation},
    gateway::Gateway,
    id::UserId,
    user::User,
};

/// Ways to an authenticator that are kept, and the characters of each.
const MAX_TRANSPORTS: usize = 8;
const MAX_TRANSPORT_CHARS: usize = 16;

/// The installation as a relying party.
pub(super) fn relying_party(gateway: &Gateway) -> Result<&RelyingParty> {
    gateway.relying_party.as_ref().map_err(|reason| Error::Conflict(reason.as_str()))
}

/// Options and state for adding a passkey to an account that has these.
pub(super) fn start_registration(
    gateway: &Gateway,
    user: &User,
    present: &[entity::Model],
) -> Result<(Value, Value)> {
    let excluded = present.iter().map(|row| row.credential_id.clone()).collect();
    let webauthn = relying_party(gateway)?.webauthn();
    let (challenge, state) = webauthn
        .start_passkey_registration(user.id.into(), &user.email, &user.name, Some(excluded))
        .map_err(ours)?;
    let mut options = to_json(&challenge.public_key)?;
    // Signing in without a password takes a passkey that the authenticator itself finds.
    options["authenticatorSelection"]["residentKey"] = "preferred".into();
    Ok((options, to_json(&state)?))
}

/// The passkey that an authenticator has made.
pub(super) fn finish_registration(gateway: &Gateway, answer: &Value, state: &Value) -> Result<Made> {
    let transports = transports_in(answer);
    let answer: RegisterPublicKeyCredential = parse("input.credential", answer)?;
    let state: PasskeyRegistration = from_state(state)?;
    let key = relying_party(gateway)?.webauthn().finish_passkey_registration(&answer, &state);
    let key = key.map_err(wrong)?;
    Ok(Made {
        id: key.cred_id().to_vec(),
        sign_count: sign_count_of(&key)?,
        json: text_of(&key)?,
        transports,
    })
}

/// A passkey as it is stored.
pub(super) struct Made {
    pub(super) id: Vec<u8>,
    pub(super) json: String,
    pub(super) sign_count: i64,
    pub(super) transports: String,
}

/// Options and state for showing one of these passkeys, or, where there are none, any that the authenticator finds.
pub(super) fn start_authentication(gateway: &Gateway, allowed: &[entity::Model]) -> Result<(Value, Value)> {
    let webauthn = relying_party(gateway)?.webauthn();
    // The passkeys of the account are looked at when the answer is there: they may have changed by then.
    let (challenge, state) = webauthn.start_discoverable_authentication().map_err(ours)?;
    let mut options = to_json(&challenge.public_key)?;
    options["allowCredentials"] = allowed.iter().map(descriptor).collect();
    Ok((options, to_json(&state)?))
}

/// `PublicKeyCredentialDescriptorJSON`.
fn descriptor(row: &entity::Model) -> Value {
    let id = URL_SAFE_NO_PAD.encode(&row.credential_id);
    let transports: Vec<&str> = row.transports.split(',').filter(|name| !name.is_empty()).collect();
    json!({ "type": "public-key", "id": id, "transports": transports })
}

/// A browser's answer that shows a passkey.
pub(super) struct Answer(PublicKeyCredential);

impl Answer {
    pub(super) fn parse(json: &Value) -> Result<Self> {
        Ok(Self(parse("input.passkey.credential", json)?))
    }

    /// Which passkey.
    pub(super) fn credential_id(&self) -> &[u8] {
        self.0.get_credential_id()
    }

    /// Whether it is an answer for this account. Only one to somebody unknown has to say so itself.
    pub(super) fn is_of(&self, owner: UserId, must_say_so: bool) -> bool {
        match self.0.get_user_unique_id() {
            Some(handle) => handle == Uuid::from(owner).as_bytes(),
            None => !must_say_so,
        }
    }

    /// Checks it against the stored passkey; tells the passkey's new JSON and counter.
    pub(super) fn check(&self, gateway: &Gateway, stored: &str, state: &Value) -> Result<(String, i64)> {
        let mut key: Key = serde_json::from_str(stored).map_err(anyhow::Error::from)?;
        let state: DiscoverableAuthentication = from_state(state)?;
        let webauthn = relying_party(gateway)?.webauthn();
        let discoverable = DiscoverableKey::from(&key);
        let result = webauthn.finish_discoverable_authentication_v2(&self.0, state, discoverable);
        let result = result.map_err(wrong)?;
        key.update_credential(&result);
        Ok((text_of(&key)?, i64::from(result.counter())))
    }
}

/// What a browser said of the ways to its authenticator; hints, which nobody checks.
fn transports_in(answer: &Value) -> String {
    let names = answer["response"]["transports"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let is_name = |name: &&str| {
        name.len() <= MAX_TRANSPORT_CHARS && name.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    };
    names.filter(is_name).take(MAX_TRANSPORTS).collect::<Vec<_>>().join(",")
}

fn parse<T: DeserializeOwned>(field: &'static str, answer: &Value) -> Result<T> {
    if answer.to_string().len() > MAX_CREDENTIAL_BYTES {
        let message = format!("The credential must have at most {MAX_CREDENTIAL_BYTES} bytes.");
        return Err(Violation::new(field, Rule::TooLong, message).into());
    }
    let malformed =
        |_| Violation::new(field, Rule::Malformed, "This is not the JSON of a WebAuthn credential.");
    Ok(T::deserialize(answer).map_err(malformed)?)
}

fn sign_count_of(key: &Key) -> Result<i64> {
    to_json(key)?["cred"]["counter"]
        .as_i64()
        .ok_or_else(|| anyhow::anyhow!("a passkey without a counter").into())
}

fn to_json(value: &impl serde::Serialize) -> Result<Value> {
    Ok(serde_json::to_value(value).map_err(anyhow::Error::from)?)
}

fn text_of(key: &Key) -> Result<String> {
    Ok(serde_json::to_string(key).map_err(anyhow::Error::from)?)
}

fn from_state<T: DeserializeOwned>(state: &Value) -> Result<T> {
    T::deserialize(state).map_err(|_| Error::InvalidToken)
}

fn ours(error: WebauthnError) -> Error {
    anyhow::Error::from(error).context("a challenge for a passkey").into()
}

/// Why exactly is for nobody who guesses.
fn wrong(error: WebauthnError) -> Error {
    tracing::debug!(%error, "a passkey was refused");
    Error::InvalidCode
}
