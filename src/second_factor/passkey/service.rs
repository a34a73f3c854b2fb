//! Adding, showing and removing passkeys.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};
use serde_json::{Value, json};

use super::{
    CEREMONY, MOST, Passkey, PasskeyAssertion, PasskeyChallenge,
    ceremony::{self, Answer},
    entity,
};
use crate::{
    audit::{self, Entry, Kind},
    auth::{Client, RecentlyAuthenticated, SignedInViewer, Viewer},
    error::{Error, Result},
    gateway::Gateway,
    id::{OneTimeTokenId, PasskeyId, SessionId, TypedId, UserId},
    one_time_token::{
        self, Form, OneTimeToken, Purpose,
        service::{CODE_TRIES, NewToken},
    },
    second_factor::service::{self as second_factor, Enrolled},
    store::{database::is_unique_violation, rate_limit::Quota},
    user::{self, User, ways_in},
};

/// Challenges of one network, sign-in or session a minute: each is a row until it runs out.
pub const CHALLENGES_PER_MINUTE: u32 = 60;

const NONE_SUCH: Error = Error::NotFound("passkey");
const NONE_AT_ALL: Error = Error::Conflict("This account has no passkey.");
const TOO_MANY: Error = Error::Conflict("An account may have ten passkeys: remove one first.");

/// What a challenge was asked for, and an answer to it is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundTo {
    /// A sign-in with a passkey alone.
    Nothing,
    /// The second step of this sign-in.
    SignIn(OneTimeTokenId),
    /// This session, which goes on.
    Session(SessionId),
}

impl BoundTo {
    fn purpose(self) -> Purpose {
        match self {
            Self::Nothing => Purpose::PasskeySignIn,
            Self::SignIn(_) => Purpose::PasskeySecondFactor,
            Self::Session(_) => Purpose::PasskeyReauthentication,
        }
    }

    fn to_json(self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::SignIn(id) => json!(id),
            Self::Session(id) => json!(id),
        }
    }
}

/// A passkey that was shown and is right.
#[derive(Debug, Clone)]
pub struct ShownPasskey {
    /// Whose it is.
    pub user_id: UserId,
    id: PasskeyId,
    challenge: OneTimeTokenId,
    credential: String,
    sign_count: i64,
}

/// Begins to add a passkey.
///
/// # Errors
/// `CONFLICT` where there can be none, or no more; `RATE_LIMITED`.
pub async fn start_registration(
    gateway: &Gateway,
    viewer: &RecentlyAuthenticated,
) -> Result<PasskeyChallenge> {
    let user_id = viewer.user_id();
    ceremony::relying_party(gateway)?;
    limit_challenges(gateway, &viewer.signed_in().session_id().to_string()).await?;
    let user = user::service::load_own(gateway, viewer.viewer()).await?;
    let present = rows_of(&gateway.db, user_id).await?;
    if present.len() as u64 >= MOST {
        return Err(TOO_MANY);
    }
    let (options, state) = ceremony::start_registration(gateway, &user, &present)?;
    issue(gateway, Purpose::PasskeyRegistration, Some(user_id), json!({ "state": state }), options).await
}

async fn issue(
    gateway: &Gateway,
    purpose: Purpose,
    user_id: Option<UserId>,
    data: Value,
    options: Value,
) -> Result<PasskeyChallenge> {
    let new = NewToken { purpose, user_id, email: None, data, lifetime: CEREMONY };
    let challenge = one_time_token::service::issue(gateway, &gateway.db, new).await?;
    Ok(PasskeyChallenge { challenge, options })
}

/// Adds the passkey that an authenticator has made.
///
/// # Errors
/// `INVALID_INPUT` for a bad name or what is no credential, `INVALID_TOKEN`, `INVALID_CODE`; `CONFLICT` for one more than
/// ten, and for one that is registered already.
pub async fn finish_registration(
    gateway: &Gateway,
    viewer: &RecentlyAuthenticated,
    challenge: &str,
    credential: &Value,
    name: &str,
    client: &Client,
) -> Result<Enrolled> {
    let user_id = viewer.user_id();
    let name = user::name::parse("input.name", name)?;
    let token = take_challenge(gateway, Purpose::PasskeyRegistration, challenge).await?;
    if token.user_id != Some(user_id) {
        return Err(Error::InvalidToken);
    }
    let made = ceremony::finish_registration(gateway, credential, &token.data["state"])?;

    let transaction = gateway.begin().await?;
    one_time_token::service::use_up(gateway, &transaction, token.id).await?;
    let user = user::service::hold(gateway, &transaction, user_id).await?;
    if count(&transaction, user_id).await? >= MOST {
        return Err(TOO_MANY);
    }
    let row = entity::ActiveModel {
        id: Set(PasskeyId::generate()),
        user_id: Set(user_id),
        name: Set(name.clone()),
        credential_id: Set(made.id),
        credential: Set(made.json),
        transports: Set(made.transports),
        sign_count: Set(made.sign_count),
        created_at: Set(gateway.clock.now()),
        last_used_at: Set(None),
    };
    match entity::Entity::insert(row).exec_without_returning(&transaction).await {
        Ok(_) => {}
        Err(error) if is_unique_violation(&error) => {
            return Err(Error::Conflict("This passkey is registered already."));
        }
        Err(error) => return Err(error.into()),
    }
    let entry = Entry::by(viewer.viewer(), Kind::PasskeyAdded).from(client).with("name", name);
    second_factor::finish_adding(gateway, transaction, user, entry).await
}

/// Asks for a passkey as the second step of a sign-in.
///
/// # Errors
/// `INVALID_TOKEN`; `CONFLICT` where the account has none; `RATE_LIMITED`.
pub async fn start_second_step(gateway: &Gateway, challenge: &str) -> Result<PasskeyChallenge> {
    let purpose = Purpose::SecondFactor;
    let token = one_time_token::service::look_at(gateway, purpose, Form::Challenge, challenge).await?;
    let user_id = token.user_id.ok_or(Error::InvalidToken)?;
    // Not of the account: whoever knows the password alone would keep its owner waiting.
    limit_challenges(gateway, &token.id.to_string()).await?;
    start_of(gateway, user_id, BoundTo::SignIn(token.id)).await
}

/// Asks for a passkey in a session that goes on.
///
/// # Errors
/// `CONFLICT` where the account has none; `RATE_LIMITED`.
pub async fn start_reauthentication(gateway: &Gateway, viewer: &SignedInViewer) -> Result<PasskeyChallenge> {
    limit_challenges(gateway, &viewer.session_id().to_string()).await?;
    start_of(gateway, viewer.user_id(), BoundTo::Session(viewer.session_id())).await
}

async fn start_of(gateway: &Gateway, user_id: UserId, bound_to: BoundTo) -> Result<PasskeyChallenge> {
    let rows = rows_of(&gateway.db, user_id).await?;
    if rows.is_empty() {
        return Err(NONE_AT_ALL);
    }
    start(gateway, Some(user_id), &rows, bound_to).await
}

/// Asks for any passkey.
pub(super) async fn start_alone(gateway: &Gateway, client: &Client) -> Result<PasskeyChallenge> {
    limit_challenges(gateway, &client.network()).await?;
    start(gateway, None, &[], BoundTo::Nothing).await
}

async fn start(
    gateway: &Gateway,
    user_id: Option<UserId>,
    allowed: &[entity::Model],
    bound_to: BoundTo,
) -> Result<PasskeyChallenge> {
    let (options, state) = ceremony::start_authentication(gateway, allowed)?;
    let data = json!({ "state": state, "boundTo": bound_to.to_json() });
    issue(gateway, bound_to.purpose(), user_id, data, options).await
}

async fn limit_challenges(gateway: &Gateway, whose: &str) -> Result<()> {
    gateway.limit(&format!("passkey-challenge:{whose}"), Quota::per_minute(CHALLENGES_PER_MINUTE)).await
}

/// Looks at a challenge, and counts the try before its answer is looked at.
async fn take_challenge(gateway: &Gateway, purpose: Purpose, challenge: &str) -> Result<OneTimeToken> {
    let token = one_time_token::service::look_at(gateway, purpose, Form::Challenge, challenge).await?;
    one_time_token::service::count_try(gateway, token.id, CODE_TRIES).await?;
    Ok(token)
}

/// Looks at a passkey that somebody shows: `user_id`, or anybody. It counts once [`use_up`] has used its challenge up.
///
/// # Errors
/// `INVALID_INPUT` for what is no credential, `INVALID_TOKEN` for a challenge that is not good or was asked for by
/// somebody else, `INVALID_CODE` for everything else that is wrong.
pub(in crate::second_factor) async fn check(
    gateway: &Gateway,
    user_id: Option<UserId>,
    assertion: &PasskeyAssertion,
    bound_to: BoundTo,
) -> Result<ShownPasskey> {
    let answer = Answer::parse(&assertion.credential)?;
    let token = take_challenge(gateway, bound_to.purpose(), &assertion.challenge).await?;
    if token.user_id != user_id || token.data["boundTo"] != bound_to.to_json() {
        return Err(Error::InvalidToken);
    }
    let row = entity::Entity::find()
        .filter(entity::Column::CredentialId.eq(answer.credential_id()))
        .one(&gateway.db)
        .await?
        .ok_or(Error::InvalidCode)?;
    let is_foreign = user_id.is_some_and(|user_id| user_id != row.user_id);
    if is_foreign || !answer.is_of(row.user_id, user_id.is_none()) {
        return Err(Error::InvalidCode);
    }
    let (credential, sign_count) = answer.check(gateway, &row.credential, &token.data["state"])?;
    Ok(ShownPasskey { user_id: row.user_id, id: row.id, challenge: token.id, credential, sign_count })
}

/// Uses the challenge of a shown passkey up, and notes the use. A counter that has not risen is one of a copy.
///
/// # Errors
/// `INVALID_TOKEN` when the challenge was used meanwhile; `INVALID_CODE` when the passkey was removed or its counter
/// has risen further.
pub(in crate::second_factor) async fn use_up(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    shown: ShownPasskey,
) -> Result<()> {
    use entity::Column;
    one_time_token::service::use_up(gateway, db, shown.challenge).await?;
    // Many do not count at all.
    let rises = match shown.sign_count {
        0 => Column::SignCount.eq(0),
        count => Column::SignCount.lt(count),
    };
    let used = entity::Entity::update_many()
        .col_expr(Column::Credential, Expr::val(shown.credential))
        .col_expr(Column::SignCount, Expr::val(shown.sign_count))
        .col_expr(Column::LastUsedAt, Expr::val(gateway.clock.now()))
        .filter(Column::Id.eq(shown.id))
        .filter(rises)
        .exec(db)
        .await?;
    if used.rows_affected == 1 { Ok(()) } else { Err(Error::InvalidCode) }
}

/// Gives one of the viewer's passkeys another name.
///
/// # Errors
/// `INVALID_INPUT`, `NOT_FOUND`.
pub async fn rename(
    gateway: &Gateway,
    viewer: &RecentlyAuthenticated,
    id: PasskeyId,
    name: &str,
    client: &Client,
) -> Result<Passkey> {
    let name = user::name::parse("input.name", name)?;
    let transaction = gateway.begin().await?;
    let row = load_own(&transaction, viewer.viewer(), id).await?;
    let change = entity::ActiveModel { id: Set(id), name: Set(name.clone()), ..Default::default() };
    let entry = Entry::by(viewer.viewer(), Kind::PasskeyRenamed).from(client);
    let entry = entry.with("before", row.name).with("after", name);
    let row = entity::Entity::update(change).exec(&transaction).await?;
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    Ok(row.into())
}

/// Removes one of the viewer's passkeys.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` where it is the last way into the account.
pub async fn remove(
    gateway: &Gateway,
    viewer: &RecentlyAuthenticated,
    id: PasskeyId,
    client: &Client,
) -> Result<User> {
    let transaction = gateway.begin().await?;
    let user = user::service::hold(gateway, &transaction, viewer.user_id()).await?;
    let row = load_own(&transaction, viewer.viewer(), id).await?;
    entity::Entity::delete_by_id(id).exec(&transaction).await?;
    ways_in::check_one_is_left(gateway, &transaction, user.id).await?;
    let entry = Entry::by(viewer.viewer(), Kind::PasskeyRemoved).from(client).with("name", row.name);
    second_factor::finish_removing(gateway, transaction, user, entry).await
}

/// Removes all of a user's passkeys.
pub(in crate::second_factor) async fn remove_all(db: &impl ConnectionTrait, user_id: UserId) -> Result<()> {
    entity::Entity::delete_many().filter(entity::Column::UserId.eq(user_id)).exec(db).await?;
    Ok(())
}

/// Removes a user's passkeys that were added at `since` or later, and gives those.
pub(in crate::second_factor) async fn remove_added_since(
    db: &impl ConnectionTrait,
    user_id: UserId,
    since: DateTime<Utc>,
) -> Result<Vec<Passkey>> {
    let removed = entity::Entity::delete_many()
        .filter(entity::Column::UserId.eq(user_id))
        .filter(entity::Column::CreatedAt.gte(since))
        .exec_with_returning(db)
        .await?;
    Ok(removed.into_iter().map(Passkey::from).collect())
}

async fn load_own(db: &impl ConnectionTrait, viewer: &Viewer, id: PasskeyId) -> Result<entity::Model> {
    let own = entity::Entity::find_by_id(id).filter(entity::Column::UserId.eq(viewer.user_id()));
    own.one(db).await?.ok_or(NONE_SUCH)
}

/// One passkey: an own one, or any when the viewer is an administrator.
///
/// # Errors
/// Internal only.
pub async fn find(gateway: &Gateway, viewer: &Viewer, id: PasskeyId) -> Result<Option<Passkey>> {
    let mut visible = entity::Entity::find_by_id(id);
    if viewer.admin().is_err() {
        visible = visible.filter(entity::Column::UserId.eq(viewer.user_id()));
    }
    Ok(visible.one(&gateway.db).await?.map(Passkey::from))
}

/// How many passkeys a user has.
///
/// # Errors
/// Internal only.
pub async fn count(db: &impl ConnectionTrait, user_id: UserId) -> Result<u64> {
    Ok(entity::Entity::find().filter(entity::Column::UserId.eq(user_id)).count(db).await?)
}

async fn rows_of(db: &impl ConnectionTrait, user_id: UserId) -> Result<Vec<entity::Model>> {
    let of_user = entity::Entity::find().filter(entity::Column::UserId.eq(user_id));
    Ok(of_user.order_by_asc(entity::Column::CreatedAt).order_by_asc(entity::Column::Id).all(db).await?)
}

/// The passkeys of these users, the earliest first; users without any are left out.
///
/// # Errors
/// Internal only.
pub async fn list_of(
    db: &impl ConnectionTrait,
    user_ids: &[UserId],
) -> Result<HashMap<UserId, Vec<Passkey>>> {
    let of_users = entity::Entity::find()
        .filter(entity::Column::UserId.is_in(user_ids.iter().copied()))
        .order_by_asc(entity::Column::CreatedAt)
        .order_by_asc(entity::Column::Id);
    let mut passkeys: HashMap<UserId, Vec<Passkey>> = HashMap::new();
    for row in of_users.all(db).await? {
        passkeys.entry(row.user_id).or_default().push(row.into());
    }
    Ok(passkeys)
}
