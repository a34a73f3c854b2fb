//! A provider's keys (RFC 7517), and which of them may have signed a token.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Header,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::http::Http;

/// How many keys are looked at.
const MAX_KEYS: usize = 100;
/// The shortest modulus of an RSA key, in bytes (RFC 7518, section 3.3).
const MIN_RSA_BYTES: usize = 256;

/// The keys that a provider signs with.
#[derive(Debug)]
pub(super) struct Keys(Vec<Jwk>);

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Keys {
    pub(super) async fn fetch(http: &Http, address: &str) -> anyhow::Result<Self> {
        let set: KeySet = http.get_json(address, None).await?;
        // A key of a kind that is not known here is no reason to refuse the others.
        let known = set.keys.into_iter().take(MAX_KEYS).filter_map(|key| serde_json::from_value(key).ok());
        Ok(Self(known.collect()))
    }

    /// The key that a token with this header was signed with: by its name, or the only one that fits.
    pub(super) fn find(&self, header: &Header) -> Option<DecodingKey> {
        let mut fitting = self.0.iter().filter(|key| fits(key, header.alg)).filter(|key| match &header.kid {
            Some(kid) => key.common.key_id.as_ref() == Some(kid),
            None => true,
        });
        let key = fitting.next()?;
        let is_only = fitting.next().is_none();
        is_only.then(|| DecodingKey::from_jwk(key).ok()).flatten()
    }
}

/// Whether a signature of this kind can be of this key.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    if key.common.public_key_use.as_ref().is_some_and(|its| *its != PublicKeyUse::Signature)
        || key.common.key_algorithm.is_some_and(|its| its != algorithm.into())
    {
        return false;
    }
    match (&key.algorithm, algorithm) {
        (
            AlgorithmParameters::RSA(rsa),
            Algorithm::RS256
            | Algorithm::RS384
            | Algorithm::RS512
            | Algorithm::PS256
            | Algorithm::PS384
            | Algorithm::PS512,
        ) => URL_SAFE_NO_PAD.decode(&rsa.n).is_ok_and(|modulus| modulus.len() >= MIN_RSA_BYTES),
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES384) => key.curve == EllipticCurve::P384,
        (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDSA) => key.curve == EllipticCurve::Ed25519,
        // A secret of both sides, above all: whoever can check could also sign.
        _ => false,
    }
}
