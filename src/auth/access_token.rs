//! Access tokens: short-lived JWTs (RFC 9068 in shape, HS256), stateless but for their session.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{secrets::random_bytes, viewer::Role};
use crate::{
    clock::Clock,
    error::{Error, Result},
    id::{SessionId, TypedId, UserId},
};

const TYPE: &str = "at+jwt";
/// How far the clocks of two replicas may be apart, in seconds.
const CLOCK_SKEW: i64 = 5;

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    role: Role,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
}

/// A token that was checked: whose it claims to be. Whether the session still lives is not known here.
#[derive(Debug, Clone, Copy)]
pub struct VerifiedToken {
    /// The user.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
    /// The role at the time of issue.
    pub role: Role,
    /// From when on the token is refused.
    pub expires_at: DateTime<Utc>,
}

/// A token to hand out.
#[derive(Debug)]
pub struct IssuedToken {
    /// The JWT.
    pub token: SecretString,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
}

/// Signs and verifies access tokens.
#[derive(Clone)]
pub struct AccessTokens {
    signing: Key,
    verifying: Vec<Key>,
    issuer: String,
    audience: String,
    lifetime: Duration,
    clock: Clock,
}

#[derive(Clone)]
struct Key {
    /// `kid`: names the secret without telling it.
    id: String,
    secret: SecretString,
}

impl Key {
    fn new(secret: &SecretString) -> Self {
        let digest = Sha256::digest([b"kid:", secret.expose_secret().as_bytes()].concat());
        let id = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { id, secret: secret.clone() }
    }
}

impl std::fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessTokens").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl AccessTokens {
    /// Tokens of `issuer` for its API at `audience`; the first secret signs, all verify.
    ///
    /// # Errors
    /// No secret at all.
    pub fn new(
        secrets: &[SecretString],
        issuer: String,
        audience: String,
        lifetime: Duration,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let verifying: Vec<Key> = secrets.iter().map(Key::new).collect();
        let signing =
            verifying.first().cloned().ok_or_else(|| anyhow::anyhow!("no secret to sign access tokens"))?;
        Ok(Self { signing, verifying, issuer, audience, lifetime, clock })
    }

    /// A token for a session; it never outlives the session itself.
    ///
    /// # Errors
    /// Internal only.
    pub fn issue(
        &self,
        user_id: UserId,
        session_id: SessionId,
        role: Role,
        session_expires_at: DateTime<Utc>,
    ) -> Result<IssuedToken> {
        let now = self.clock.now();
        let expires_at = (now + self.lifetime).min(session_expires_at);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user_id.to_wire(),
            sid: session_id.to_wire(),
            role,
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: expires_at.timestamp(),
            jti: Uuid::from_bytes(random_bytes()).simple().to_string(),
        };
        let header = Header {
            typ: Some(TYPE.into()),
            kid: Some(self.signing.id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        let key = EncodingKey::from_secret(self.signing.secret.expose_secret().as_bytes());
        let token = jsonwebtoken::encode(&header, &claims, &key).map_err(anyhow::Error::from)?;
        let expires_at = DateTime::from_timestamp(claims.exp, 0).unwrap_or(expires_at);
        Ok(IssuedToken { token: token.into(), expires_at })
    }

    /// Checks signature, algorithm, type, key, issuer, audience and times.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, the same whatever is wrong, but for an expired token, which says so.
    pub fn verify(&self, token: &str) -> Result<VerifiedToken> {
        const REFUSED: Error = Error::Unauthenticated("The access token is not valid.");
        let header = jsonwebtoken::decode_header(token).map_err(|_| REFUSED)?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err(REFUSED);
        }
        let kid = header.kid.as_deref().ok_or(REFUSED)?;
        let key = self.verifying.iter().find(|key| key.id == kid).ok_or(REFUSED)?;
        let key = DecodingKey::from_secret(key.secret.expose_secret().as_bytes());
        let claims =
            jsonwebtoken::decode::<Claims>(token, &key, &self.validation()).map_err(|_| REFUSED)?.claims;
        let now = self.clock.now().timestamp();
        if claims.exp <= now {
            return Err(Error::Unauthenticated("The access token has expired. Refresh the session."));
        }
        if claims.nbf > now + CLOCK_SKEW || claims.iat > now + CLOCK_SKEW {
            return Err(REFUSED);
        }
        Ok(VerifiedToken {
            user_id: UserId::parse(&claims.sub).ok_or(REFUSED)?,
            session_id: SessionId::parse(&claims.sid).ok_or(REFUSED)?,
            role: claims.role,
            expires_at: DateTime::from_timestamp(claims.exp, 0).ok_or(REFUSED)?,
        })
    }

    /// Everything but the times, which are ours to check: the library reads the machine's clock.
    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use serde_json::json;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn tokens(secrets: &[&str], clock: &Clock) -> AccessTokens {
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).to_owned().into()).collect();
        let minute = Duration::from_secs(60);
        AccessTokens::new(&secrets, "https://a".into(), "https://a/api".into(), minute, clock.clone())
            .unwrap()
    }

    fn issue(tokens: &AccessTokens, clock: &Clock) -> String {
        let session_end = clock.now() + TimeDelta::days(1);
        let issued =
            tokens.issue(UserId::generate(), SessionId::generate(), Role::User, session_end).unwrap();
        issued.token.expose_secret().to_owned()
    }

    fn clock() -> Clock {
        Clock::fixed(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
    }

    #[test]
    fn expires_with_the_clock_and_with_the_session() {
        let clock = clock();
        let tokens = tokens(&[SECRET], &clock);
        let token = issue(&tokens, &clock);
        assert!(tokens.verify(&token).is_ok());
        clock.advance(TimeDelta::seconds(60));
        assert!(tokens.verify(&token).is_err());

        let soon = clock.now() + TimeDelta::seconds(9);
        let issued = tokens.issue(UserId::generate(), SessionId::generate(), Role::User, soon).unwrap();
        assert_eq!(issued.expires_at, soon);
    }

    #[test]
    fn secrets_rotate() {
        let clock = clock();
        let old = issue(&tokens(&["old-old-old-old-old-old-old-old-old"], &clock), &clock);
        assert!(tokens(&[SECRET, "old-old-old-old-old-old-old-old-old"], &clock).verify(&old).is_ok());
        assert!(tokens(&[SECRET], &clock).verify(&old).is_err());
    }

    /// Signs arbitrary headers and claims with the right secret.
    fn forge(change: impl FnOnce(&mut Header, &mut serde_json::Value)) -> String {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.into());
        header.kid = Some(Key::new(&SECRET.to_owned().into()).id);
        let mut claims = json!({
            "iss": "https://a", "aud": "https://a/api", "role": "USER", "jti": "x",
            "sub": UserId::generate().to_wire(), "sid": SessionId::generate().to_wire(),
            "iat": 1_800_000_000, "nbf": 1_800_000_000, "exp": 1_800_000_060,
        });
        change(&mut header, &mut claims);
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
    }

    #[test]
    fn every_claim_is_checked() {
        let tokens = tokens(&[SECRET], &clock());
        assert!(tokens.verify(&forge(|_, _| {})).is_ok(), "the forge itself makes good tokens");
        type Change = fn(&mut Header, &mut serde_json::Value);
        let cases: [(&str, Change); 12] = [
            ("iss", |_, claims| claims["iss"] = json!("https://b")),
            ("aud", |_, claims| claims["aud"] = json!("https://b/api")),
            ("sub of another type", |_, claims| claims["sub"] = json!(SessionId::generate().to_wire())),
            ("sid malformed", |_, claims| claims["sid"] = json!("Session:1")),
            ("role unknown", |_, claims| claims["role"] = json!("ROOT")),
            ("exp past", |_, claims| claims["exp"] = json!(1_800_000_000)),
            ("nbf ahead", |_, claims| claims["nbf"] = json!(1_800_000_030)),
            ("iat ahead", |_, claims| claims["iat"] = json!(1_800_000_030)),
            ("iss missing", |_, claims| drop(claims.as_object_mut().unwrap().remove("iss"))),
            ("typ", |header, _| header.typ = Some("JWT".into())),
            ("kid unknown", |header, _| header.kid = Some("ffff".into())),
            ("kid missing", |header, _| header.kid = None),
        ];
        for (name, change) in cases {
            assert!(tokens.verify(&forge(change)).is_err(), "{name}");
        }
        assert!(tokens.verify(&forge(|_, _| {}).replace('.', "")).is_err());
        assert!(tokens.verify("").is_err());
    }

    #[test]
    fn unsigned_and_resigned_tokens_are_refused() {
        let clock = clock();
        let tokens = tokens(&[SECRET], &clock);
        let good = issue(&tokens, &clock);
        let (signed, _) = good.rsplit_once('.').unwrap();
        assert!(tokens.verify(&format!("{signed}.")).is_err());
        let other = self::tokens(&["another secret of thirty-two bytes!!"], &clock);
        assert!(tokens.verify(&issue(&other, &clock)).is_err());
        let hs512 = forge(|header, _| header.alg = Algorithm::HS512);
        assert!(tokens.verify(&hs512).is_err());
    }
}
