//! The text of an API key: `fgp_`, and in base64url `identifier ‖ secret ‖ tag ‖ checksum`.
//!
//! The secret has 256 bits; the database keeps only the key's MAC. The tag is a MAC under `SESSION_SECRET`: a key that
//! somebody made up costs no look into the database. The checksum is for everybody: a program that looks for keys in
//! the wrong places tells one from other texts by it, and whoever copied one badly is told so.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    auth::{
        secrets::{SessionKey, equal, random_bytes},
        viewer::API_KEY_PREFIX,
    },
    id::ApiKeyId,
};

const UUID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
const TAG_BYTES: usize = 8;
const CHECK_BYTES: usize = 4;
const BYTES: usize = UUID_BYTES + SECRET_BYTES + TAG_BYTES + CHECK_BYTES;
/// Characters of a key that are shown of it: its beginning and part of the identifier.
const SHOWN_CHARS: usize = 16;

/// An API key in the hands of its owner.
pub(super) struct KeyText {
    pub(super) id: ApiKeyId,
    secret: [u8; SECRET_BYTES],
}

impl KeyText {
    pub(super) fn generate(id: ApiKeyId) -> Self {
        Self { id, secret: random_bytes() }
    }

    /// Reads a key that we made, ever; `None` for anything else.
    pub(super) fn parse(key: &SessionKey, text: &str) -> Option<Self> {
        let mut bytes = [0; BYTES];
        let encoded = text.strip_prefix(API_KEY_PREFIX)?;
        if URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes).ok()? != BYTES {
            return None;
        }
        let (body, check) = bytes.split_last_chunk::<CHECK_BYTES>()?;
        if checksum(body) != *check {
            return None;
        }
        let (id, rest) = body.split_first_chunk::<UUID_BYTES>()?;
        let (secret, tag) = rest.split_first_chunk::<SECRET_BYTES>()?;
        let text = Self { id: Uuid::from_bytes(*id).into(), secret: *secret };
        equal(&text.tag(key), tag).then_some(text)
    }

    /// The text that its owner is shown once.
    pub(super) fn to_text(&self, key: &SessionKey) -> SecretString {
        self.write(key).into()
    }

    /// What is shown of it ever after.
    pub(super) fn prefix(&self, key: &SessionKey) -> String {
        let mut text = self.write(key);
        text.truncate(SHOWN_CHARS);
        text
    }

    fn write(&self, key: &SessionKey) -> String {
        let id = Uuid::from(self.id);
        let body = [id.as_bytes().as_slice(), &self.secret, &self.tag(key)].concat();
        format!("{API_KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode([body.as_slice(), &checksum(&body)].concat()))
    }

    /// The form that the database keeps.
    pub(super) fn hash(&self, key: &SessionKey) -> Vec<u8> {
        key.mac("api-key-hash", &[Uuid::from(self.id).as_bytes(), &self.secret]).to_vec()
    }

    fn tag(&self, key: &SessionKey) -> [u8; TAG_BYTES] {
        let mac = key.mac("api-key-tag", &[Uuid::from(self.id).as_bytes(), &self.secret]);
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&mac[..TAG_BYTES]);
        tag
    }
}

/// The first bytes of SHA-256 over everything before, `fgp_` included.
fn checksum(body: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Sha256::digest([API_KEY_PREFIX.as_bytes(), body].concat());
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&digest[..CHECK_BYTES]);
    check
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::id::TypedId;

    fn key(secret: &str) -> SessionKey {
        SessionKey::from_secret(secret.to_owned().into())
    }

    #[test]
    fn only_our_keys_parse() {
        let ours = key("ours");
        let made = KeyText::generate(ApiKeyId::generate());
        let text = made.to_text(&ours).expose_secret().to_owned();
        let parsed = KeyText::parse(&ours, &text).unwrap();
        assert_eq!((parsed.id, parsed.secret), (made.id, made.secret));
        assert_eq!(text.len(), API_KEY_PREFIX.len() + 80);
        assert!(text.starts_with(&made.prefix(&ours)));

        assert!(KeyText::parse(&key("theirs"), &text).is_none());
        for damaged in [&text[4..], &text[..text.len() - 1], "", "fgp_", "fgp_全角", "fgp_not base64 at all!"]
        {
            assert!(KeyText::parse(&ours, damaged).is_none(), "{damaged}");
        }
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert!(
                KeyText::parse(&ours, &String::from_utf8(changed).unwrap()).is_none(),
                "character {place}"
            );
        }
    }

    #[test]
    fn nothing_shown_is_secret() {
        let ours = key("ours");
        let id = ApiKeyId::generate();
        let (one, two) = (KeyText::generate(id), KeyText::generate(id));
        assert_eq!(one.prefix(&ours), two.prefix(&ours));
        assert_ne!(one.hash(&ours), two.hash(&ours));
    }
}
