//! ID tokens: what OpenID Connect Core 1.0, section 3.1.3.7, has one check.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Header, Validation, decode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::keys::Keys;
use crate::auth::secrets::equal;

/// How far the provider's clock may be from ours.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(60);
/// A token is made when the code is exchanged, so an older one is of another sign-in.
const MAX_AGE: TimeDelta = TimeDelta::minutes(10);
/// Section 2: a subject has at most so many characters.
const MAX_SUBJECT: usize = 255;

/// The claims of somebody.
pub(super) type Claims = Map<String, Value>;

/// What a token has to be.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a SecretString,
    pub(super) now: DateTime<Utc>,
}

/// The header of a token that can be checked at all. What is not signed, or in a way that needs a secret of both sides,
/// is for [`Keys::find`] to refuse.
pub(super) fn header_of(token: &str) -> anyhow::Result<Header> {
    let header = jsonwebtoken::decode_header(token)?;
    // RFC 7515, section 4.1.11: what must be understood is not.
    anyhow::ensure!(header.crit.is_none(), "its header demands extensions");
    Ok(header)
}

/// The claims of a token, if everything about it is right.
pub(super) fn verify(
    token: &str,
    header: &Header,
    keys: &Keys,
    expected: &Expected<'_>,
) -> anyhow::Result<Claims> {
    let key =
        keys.find(header).ok_or_else(|| anyhow::anyhow!("no key of the provider fits {:?}", header.alg))?;
    // The signature alone: times are for our clock, and the library does not know all of the rest.
    let mut signature = Validation::new(header.alg);
    signature.required_spec_claims.clear();
    signature.validate_exp = false;
    signature.validate_aud = false;
    let claims = decode::<Claims>(token, &key, &signature)?.claims;
    check(&claims, expected)?;
    Ok(claims)
}

fn check(claims: &Claims, expected: &Expected<'_>) -> anyhow::Result<()> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    anyhow::ensure!(text("iss") == Some(expected.issuer), "iss is another issuer");
    check_audience(claims, expected.client_id)?;
    let time = |name: &str| time(claims, name);
    let now = expected.now;
    anyhow::ensure!(time("exp").is_some_and(|exp| now < exp + CLOCK_SKEW), "exp is over, or missing");
    let issued = time("iat").is_some_and(|iat| now - MAX_AGE - CLOCK_SKEW < iat && iat < now + CLOCK_SKEW);
    anyhow::ensure!(issued, "iat is not of this sign-in, or missing");
    let begins = !claims.contains_key("nbf") || time("nbf").is_some_and(|nbf| nbf < now + CLOCK_SKEW);
    anyhow::ensure!(begins, "nbf is still to come");
    let told = !claims.contains_key("auth_time") || time("auth_time").is_some();
    anyhow::ensure!(told, "auth_time is no time");
    let nonce = text("nonce").unwrap_or_default();
    anyhow::ensure!(
        equal(nonce.as_bytes(), expected.nonce.expose_secret().as_bytes()),
        "nonce is of another sign-in, or missing"
    );
    let subject = text("sub").unwrap_or_default();
    let is_name = (1..=MAX_SUBJECT).contains(&subject.len()) && !subject.contains('\0');
    anyhow::ensure!(is_name, "sub is missing, or no name");
    Ok(())
}

/// When a person was last authenticated, as the token that these claims are of has it.
pub(super) fn authenticated_at(claims: &Claims) -> Option<DateTime<Utc>> {
    // There was nobody to authenticate before; and a database may not know so early a year.
    time(claims, "auth_time").map(|at| at.max(DateTime::UNIX_EPOCH))
}

fn time(claims: &Claims, name: &str) -> Option<DateTime<Utc>> {
    let seconds = claims.get(name).and_then(Value::as_f64).map(|seconds| seconds as i64);
    seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0))
}

/// For us, and, where it is for others as well, got by us.
fn check_audience(claims: &Claims, client_id: &str) -> anyhow::Result<()> {
    let audience: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    anyhow::ensure!(audience.contains(&client_id), "aud is somebody else");
    match claims.get("azp") {
        Some(party) => anyhow::ensure!(party == client_id, "azp is somebody else"),
        None => anyhow::ensure!(audience.len() == 1, "aud is several, and azp missing"),
    }
    Ok(())
}
