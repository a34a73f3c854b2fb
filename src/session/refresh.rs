//! Refresh tokens: single use, replaced at every refresh, and proof of theft when one comes back.
//!
//! A token is `session ‖ secret ‖ tag` in base64url. The secret has 256 bits; the database keeps only
//! the token's MAC. The tag is a MAC under `SESSION_SECRET` as well: it tells a token that we once issued
//! from one that somebody made up, without a row for every token ever issued. So an old token ends its
//! session, and an invented one ends nothing.
//!
//! The secret of the next token is a MAC of the present one and a random salt kept in the row. A client
//! whose answer was lost, or a second tab that refreshed at the same moment, gets the same next token
//! again for [`GRACE`], and there is never more than one living descendant
//! (RFC 9700, section 4.14.2; the grace is ours).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{Session, entity, service};
use crate::{
    auth::{
        Client,
        secrets::{SessionKey, equal, random_bytes},
        viewer::{LiveCredentials, LiveSession},
    },
    error::{Error, Result},
    gateway::Gateway,
    id::SessionId,
    store::rate_limit::Quota,
};

/// How long the token just replaced still gets an answer.
pub const GRACE: TimeDelta = TimeDelta::seconds(10);

/// A session is refreshed every quarter of an hour, and by each tab that is reloaded.
pub const REFRESHES_PER_MINUTE: u32 = 60;

const UUID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
const TAG_BYTES: usize = 16;

const INVALID: Error = Error::Unauthenticated("The refresh token is not valid. Sign in again.");

/// A refresh token in the hands of its owner.
#[derive(Debug)]
pub struct RefreshToken {
    session_id: SessionId,
    secret: [u8; SECRET_BYTES],
}

impl RefreshToken {
    /// The first token of a session.
    pub(super) fn first(session_id: SessionId) -> Self {
        Self { session_id, secret: random_bytes() }
    }

    fn next(&self, key: &SessionKey, salt: &[u8]) -> Self {
        Self { session_id: self.session_id, secret: key.mac("refresh-next", &[&self.secret, salt]) }
    }

    /// Reads a token that we issued, ever; `None` for anything else.
    fn parse(key: &SessionKey, wire: &SecretString) -> Option<Self> {
        let mut bytes = [0; UUID_BYTES + SECRET_BYTES + TAG_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(wire.expose_secret(), &mut bytes).ok()?;
        if length != bytes.len() {
            return None;
        }
        let (id, rest) = bytes.split_first_chunk::<UUID_BYTES>()?;
        let (secret, tag) = rest.split_first_chunk::<SECRET_BYTES>()?;
        let token = Self { session_id: Uuid::from_bytes(*id).into(), secret: *secret };
        equal(&token.tag(key), tag).then_some(token)
    }

    /// The form that clients keep.
    #[must_use]
    pub fn to_wire(&self, key: &SessionKey) -> SecretString {
        let id = Uuid::from(self.session_id);
        URL_SAFE_NO_PAD.encode([id.as_bytes().as_slice(), &self.secret, &self.tag(key)].concat()).into()
    }

    /// The form that the database keeps.
    pub(super) fn hash(&self, key: &SessionKey) -> Vec<u8> {
        key.mac("refresh-hash", &[Uuid::from(self.session_id).as_bytes(), &self.secret]).to_vec()
    }

    fn tag(&self, key: &SessionKey) -> [u8; TAG_BYTES] {
        let mac = key.mac("refresh-tag", &[Uuid::from(self.session_id).as_bytes(), &self.secret]);
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&mac[..TAG_BYTES]);
        tag
    }
}

/// What a presented token is to its session.
enum Standing {
    /// The one that is good now.
    Current,
    /// The one replaced a moment ago, and what replaced it.
    JustReplaced(RefreshToken),
    /// An older one.
    Stale,
}

fn standing(key: &SessionKey, row: &entity::Model, token: &RefreshToken, now: DateTime<Utc>) -> Standing {
    let hash = token.hash(key);
    if equal(&hash, &row.refresh_hash) {
        return Standing::Current;
    }
    match (&row.previous_refresh_hash, &row.refresh_salt) {
        (Some(previous), Some(salt)) if equal(&hash, previous) && now < row.refreshed_at + GRACE => {
            Standing::JustReplaced(token.next(key, salt))
        }
        _ => Standing::Stale,
    }
}

/// A session that was refreshed, and the token that is good from now on.
#[derive(Debug)]
pub struct Refreshed {
    /// The session.
    pub session: Session,
    /// Its next token.
    pub token: RefreshToken,
    /// Whether this call replaced the token, or is told again what an earlier one replaced it with.
    pub replaced: bool,
}

/// Whose refresh token this is, for as long as the session lives; looking at it uses nothing up. A token that was used
/// before counts too: this decides what to show, and nothing is granted by it.
///
/// # Errors
/// Internal only.
pub async fn find_holder(gateway: &Gateway, wire: &SecretString) -> Result<Option<LiveSession>> {
    match RefreshToken::parse(&gateway.session_key, wire) {
        Some(token) => gateway.find_live(token.session_id).await,
        None => Ok(None),
    }
}

/// Takes a refresh token and answers with the next one.
///
/// However many callers present one token at once, one of them replaces it and the others are given the
/// same replacement. Nothing is half done: one conditional UPDATE decides.
///
/// # Errors
/// `UNAUTHENTICATED` for a token that is not ours, of a session that is over, or used before; the last ends the session. `RATE_LIMITED`.
pub async fn rotate(gateway: &Gateway, wire: &SecretString, client: &Client) -> Result<Refreshed> {
    let key = &gateway.session_key;
    let token = RefreshToken::parse(key, wire).ok_or(INVALID)?;
    let quota = Quota::per_minute(REFRESHES_PER_MINUTE);
    gateway.limit(&format!("refresh:{}", token.session_id), quota).await?;
    // A lost race shows in the second look: by then the row holds the winner's replacement.
    for _ in 0..2 {
        let now = gateway.clock.now();
        let row = entity::Entity::find_by_id(token.session_id).one(&gateway.db).await?.ok_or(INVALID)?;
        let session = Session::from(row.clone());
        if session.ending(now, gateway.config.lifetimes.session_idle).is_some() {
            return Err(Error::Unauthenticated("The session has ended. Sign in again."));
        }
        match standing(key, &row, &token, now) {
            Standing::JustReplaced(token) => return Ok(Refreshed { session, token, replaced: false }),
            Standing::Stale => {
                tracing::warn!(session = %session.id, "a used refresh token came back; the session is ended");
                service::end_for_reuse(gateway, &session, client).await?;
                return Err(Error::Unauthenticated(
                    "The refresh token was used before. The session is ended; sign in again.",
                ));
            }
            Standing::Current => {
                if let Some(refreshed) = replace(gateway, &row, &token, now, &client.ip).await? {
                    return Ok(refreshed);
                }
            }
        }
    }
    Err(INVALID)
}

/// Replaces the current token unless another caller was faster.
async fn replace(
    gateway: &Gateway,
    row: &entity::Model,
    token: &RefreshToken,
    now: DateTime<Utc>,
    ip: &str,
) -> Result<Option<Refreshed>> {
    let key = &gateway.session_key;
    let salt: [u8; SECRET_BYTES] = random_bytes();
    let next = token.next(key, &salt);
    let change = entity::ActiveModel {
        refresh_hash: Set(next.hash(key)),
        previous_refresh_hash: Set(Some(row.refresh_hash.clone())),
        refresh_salt: Set(Some(salt.to_vec())),
        refreshed_at: Set(now),
        last_active_at: Set(now),
        ip: Set(ip.to_owned()),
        ..Default::default()
    };
    let updated = entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::Id.eq(row.id))
        .filter(entity::Column::RefreshHash.eq(row.refresh_hash.clone()))
        .filter(entity::Column::EndedAt.is_null())
        .exec(&gateway.db)
        .await?;
    if updated.rows_affected == 0 {
        return Ok(None);
    }
    let session = Session { last_active_at: now, ip: ip.to_owned(), ..row.clone().into() };
    Ok(Some(Refreshed { session, token: next, replaced: true }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TypedId;

    fn key(secret: &str) -> SessionKey {
        SessionKey::from_secret(secret.to_owned().into())
    }

    #[test]
    fn only_our_tokens_parse() {
        let ours = key("ours");
        let token = RefreshToken::first(SessionId::generate());
        let wire = token.to_wire(&ours);
        let parsed = RefreshToken::parse(&ours, &wire).unwrap();
        assert_eq!((parsed.session_id, parsed.secret), (token.session_id, token.secret));

        assert!(RefreshToken::parse(&key("theirs"), &wire).is_none());
        let text = wire.expose_secret();
        for damaged in [&text[1..], &text[..text.len() - 1], "", "not base64 at all!"] {
            assert!(RefreshToken::parse(&ours, &damaged.to_owned().into()).is_none(), "{damaged}");
        }
        for place in 0..text.len() {
            let mut changed = text.to_owned().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(RefreshToken::parse(&ours, &changed.into()).is_none(), "character {place}");
        }
    }
}
