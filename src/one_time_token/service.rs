//! Issuing tokens, and taking them back once.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use uuid::Uuid;

use super::{Form, OneTimeToken, Purpose, entity};
use crate::{
    auth::secrets::{SessionKey, equal, random_bytes},
    error::{Error, Result},
    gateway::Gateway,
    id::{OneTimeTokenId, TypedId, UserId},
};

/// How many codes may be tried against one token.
pub const CODE_TRIES: i32 = 5;
/// How long a token is remembered that has run out.
pub const KEPT_FOR: TimeDelta = TimeDelta::days(1);

const UUID_BYTES: usize = 16;
const TAG_BYTES: usize = 24;
const SALT_BYTES: usize = 16;

/// A token to be issued.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it is good for.
    pub purpose: Purpose,
    /// Whose it is.
    pub user_id: Option<UserId>,
    /// The address that it is about.
    pub email: Option<String>,
    /// What the second step needs to know of the first.
    pub data: Value,
    /// How long it is good.
    pub lifetime: TimeDelta,
}

/// A token that was issued. Its texts are made of it by [`link`], [`challenge`] and [`code`].
#[derive(Debug, Clone)]
pub struct Issued {
    /// Identifier.
    pub id: OneTimeTokenId,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
    purpose: Purpose,
    salt: Vec<u8>,
}

impl From<&entity::Model> for Issued {
    fn from(row: &entity::Model) -> Self {
        Self { id: row.id, expires_at: row.expires_at, purpose: row.purpose, salt: row.salt.clone() }
    }
}

impl Issued {
    /// The text for a link in a mail.
    #[must_use]
    pub fn link(&self, key: &SessionKey) -> SecretString {
        self.text(key, Form::Link)
    }

    /// The text for whoever began the flow.
    #[must_use]
    pub fn challenge(&self, key: &SessionKey) -> SecretString {
        self.text(key, Form::Challenge)
    }

    /// The six digits that may be typed in place of following the link.
    #[must_use]
    pub fn code(&self, key: &SessionKey) -> SecretString {
        let mac = key.mac("one-time-code", &[Uuid::from(self.id).as_bytes(), &self.salt]);
        let [a, b, c, d, e, f, g, h, ..] = mac;
        // 2^64 is so much more than a million that every code is as likely as any other.
        format!("{:06}", u64::from_be_bytes([a, b, c, d, e, f, g, h]) % 1_000_000).into()
    }

    fn text(&self, key: &SessionKey, form: Form) -> SecretString {
        let id = Uuid::from(self.id);
        URL_SAFE_NO_PAD.encode([id.as_bytes().as_slice(), &self.tag(key, form)].concat()).into()
    }

    fn tag(&self, key: &SessionKey, form: Form) -> [u8; TAG_BYTES] {
        let label = match form {
            Form::Link => "one-time-link",
            Form::Challenge => "one-time-challenge",
        };
        let purpose: &str = self.purpose.into();
        let mac = key.mac(label, &[purpose.as_bytes(), Uuid::from(self.id).as_bytes(), &self.salt]);
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&mac[..TAG_BYTES]);
        tag
    }
}

/// Issues a token.
///
/// # Errors
/// Internal only.
pub async fn issue(gateway: &Gateway, db: &impl ConnectionTrait, new: NewToken) -> Result<Issued> {
    let now = gateway.clock.now();
    let row = entity::ActiveModel {
        id: Set(OneTimeTokenId::generate()),
        purpose: Set(new.purpose),
        user_id: Set(new.user_id),
        email: Set(new.email),
        data: Set(new.data.to_string()),
        salt: Set(random_bytes::<SALT_BYTES>().to_vec()),
        attempts: Set(0),
        created_at: Set(now),
        expires_at: Set(now + new.lifetime),
        used_at: Set(None),
    };
    Ok(Issued::from(&entity::Entity::insert(row).exec_with_returning(db).await?))
}

/// The token of this identifier, for a mail that is to be sent; `None` when it is no longer good.
///
/// # Errors
/// Internal only.
pub async fn find_issued(gateway: &Gateway, id: OneTimeTokenId) -> Result<Option<(OneTimeToken, Issued)>> {
    let row = entity::Entity::find_by_id(id).filter(is_good(gateway.clock.now())).one(&gateway.db).await?;
    Ok(row.map(|row| {
        let issued = Issued::from(&row);
        (row.into(), issued)
    }))
}

/// Looks at a token, which uses nothing up.
///
/// # Errors
/// `INVALID_TOKEN`, the same whatever is wrong with it.
pub async fn look_at(gateway: &Gateway, purpose: Purpose, form: Form, text: &str) -> Result<OneTimeToken> {
    let token = look_at_any(gateway, form, text).await?;
    if token.purpose == purpose { Ok(token) } else { Err(Error::InvalidToken) }
}

/// Looks at a token of whatever purpose.
///
/// # Errors
/// `INVALID_TOKEN`.
pub async fn look_at_any(gateway: &Gateway, form: Form, text: &str) -> Result<OneTimeToken> {
    let (id, tag) = parse(text).ok_or(Error::InvalidToken)?;
    let row = entity::Entity::find_by_id(id).filter(is_good(gateway.clock.now())).one(&gateway.db).await?;
    let row = row.ok_or(Error::InvalidToken)?;
    if equal(&Issued::from(&row).tag(&gateway.session_key, form), &tag) {
        Ok(row.into())
    } else {
        Err(Error::InvalidToken)
    }
}

/// Uses a token up; of several callers at once, one does.
///
/// # Errors
/// `INVALID_TOKEN`, the same whatever is wrong with it.
pub async fn redeem(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    purpose: Purpose,
    form: Form,
    text: &str,
) -> Result<OneTimeToken> {
    let (id, tag) = parse(text).ok_or(Error::InvalidToken)?;
    let now = gateway.clock.now();
    let row = entity::Entity::find_by_id(id).filter(is_good(now)).one(db).await?;
    let row = row.filter(|row| row.purpose == purpose).ok_or(Error::InvalidToken)?;
    if !equal(&Issued::from(&row).tag(&gateway.session_key, form), &tag) {
        return Err(Error::InvalidToken);
    }
    use_up(gateway, db, id).await?;
    Ok(row.into())
}

/// Uses up a token that was looked at; of several callers at once, one does.
///
/// # Errors
/// `INVALID_TOKEN` when it was used meanwhile.
pub async fn use_up(gateway: &Gateway, db: &impl ConnectionTrait, id: OneTimeTokenId) -> Result<()> {
    let now = gateway.clock.now();
    let used = entity::Entity::update_many()
        .col_expr(entity::Column::UsedAt, Expr::val(now))
        .filter(entity::Column::Id.eq(id))
        .filter(is_good(now))
        .exec(db)
        .await?;
    if used.rows_affected == 1 { Ok(()) } else { Err(Error::InvalidToken) }
}

/// Counts one more try of a code or factor against a token, before the try is looked at: however many come at once,
/// no more than `most` are.
///
/// # Errors
/// `INVALID_TOKEN` when they are used up.
pub async fn count_try(gateway: &Gateway, id: OneTimeTokenId, most: i32) -> Result<()> {
    let counted = entity::Entity::update_many()
        .col_expr(entity::Column::Attempts, Expr::col(entity::Column::Attempts).add(1))
        .filter(entity::Column::Id.eq(id))
        .filter(entity::Column::Attempts.lt(most))
        .filter(is_good(gateway.clock.now()))
        .exec(&gateway.db)
        .await?;
    if counted.rows_affected == 1 { Ok(()) } else { Err(Error::InvalidToken) }
}

/// Takes the code of a challenge; the challenge is still to be redeemed, with what the code is for.
///
/// # Errors
/// `INVALID_TOKEN` for a challenge that is not good, five wrong codes included; `INVALID_CODE`.
pub async fn check_code(
    gateway: &Gateway,
    purpose: Purpose,
    challenge: &str,
    code: &str,
) -> Result<OneTimeToken> {
    let token = look_at(gateway, purpose, Form::Challenge, challenge).await?;
    count_try(gateway, token.id, CODE_TRIES).await?;
    let (_, issued) = find_issued(gateway, token.id).await?.ok_or(Error::InvalidToken)?;
    let right = issued.code(&gateway.session_key);
    // A decoy for somebody else's address is never right.
    let is_right = equal(right.expose_secret().as_bytes(), code.trim().as_bytes());
    if is_right && token.user_id.is_some() { Ok(token) } else { Err(Error::InvalidCode) }
}

/// Makes earlier tokens of a user useless.
///
/// # Errors
/// Internal only.
pub async fn revoke_all(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
    purposes: &[Purpose],
) -> Result<()> {
    let which = Condition::all().add(entity::Column::UserId.eq(user_id));
    revoke_where(gateway, db, which.add(entity::Column::Purpose.is_in(purposes.iter().copied()))).await
}

/// Makes tokens of a user useless that were sent to this address.
///
/// # Errors
/// Internal only.
pub async fn revoke_sent_to(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
    email: &str,
    purpose: Purpose,
) -> Result<()> {
    let which = Condition::all().add(entity::Column::Email.eq(email)).add(entity::Column::UserId.eq(user_id));
    revoke_where(gateway, db, which.add(entity::Column::Purpose.eq(purpose))).await
}

/// Makes tokens of a user useless that were made at `since` or later.
///
/// # Errors
/// Internal only.
pub async fn revoke_made_since(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user_id: UserId,
    since: DateTime<Utc>,
    purpose: Purpose,
) -> Result<()> {
    let which =
        Condition::all().add(entity::Column::CreatedAt.gte(since)).add(entity::Column::UserId.eq(user_id));
    revoke_where(gateway, db, which.add(entity::Column::Purpose.eq(purpose))).await
}

async fn revoke_where(gateway: &Gateway, db: &impl ConnectionTrait, which: Condition) -> Result<()> {
    entity::Entity::update_many()
        .col_expr(entity::Column::UsedAt, Expr::val(gateway.clock.now()))
        .filter(which)
        .filter(entity::Column::UsedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Makes the other tokens of the same user and purpose useless.
///
/// # Errors
/// Internal only.
pub async fn revoke_others(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    spared: &OneTimeToken,
) -> Result<()> {
    entity::Entity::update_many()
        .col_expr(entity::Column::UsedAt, Expr::val(gateway.clock.now()))
        .filter(entity::Column::UserId.eq(spared.user_id))
        .filter(entity::Column::Purpose.eq(spared.purpose))
        .filter(entity::Column::Id.ne(spared.id))
        .filter(entity::Column::UsedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Makes one token useless.
///
/// # Errors
/// Internal only.
pub async fn revoke(gateway: &Gateway, db: &impl ConnectionTrait, id: OneTimeTokenId) -> Result<()> {
    match use_up(gateway, db, id).await {
        Ok(()) | Err(Error::InvalidToken) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes tokens that ran out a day ago or earlier.
///
/// # Errors
/// Internal only.
pub async fn remove_expired(gateway: &Gateway) -> Result<u64> {
    let long_over = gateway.clock.now() - KEPT_FOR;
    let removed = entity::Entity::delete_many()
        .filter(entity::Column::ExpiresAt.lt(long_over))
        .exec(&gateway.db)
        .await?;
    Ok(removed.rows_affected)
}

/// Removes the tokens of until then that are about an address and belong to no account, such as invitations.
///
/// # Errors
/// Internal only.
pub async fn forget_address(db: &impl ConnectionTrait, address: &str, until: DateTime<Utc>) -> Result<()> {
    entity::Entity::delete_many()
        .filter(entity::Column::Email.eq(address))
        .filter(entity::Column::UserId.is_null())
        .filter(entity::Column::CreatedAt.lte(until))
        .exec(db)
        .await?;
    Ok(())
}

fn is_good(now: DateTime<Utc>) -> sea_orm::Condition {
    sea_orm::Condition::all().add(entity::Column::UsedAt.is_null()).add(entity::Column::ExpiresAt.gt(now))
}

fn parse(text: &str) -> Option<(OneTimeTokenId, [u8; TAG_BYTES])> {
    let mut bytes = [0; UUID_BYTES + TAG_BYTES];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    if length != bytes.len() {
        return None;
    }
    let (id, rest) = bytes.split_first_chunk::<UUID_BYTES>()?;
    let (tag, _) = rest.split_first_chunk::<TAG_BYTES>()?;
    Some((Uuid::from_bytes(*id).into(), *tag))
}
