//! What can be done with users.

use std::sync::Arc;

use anyhow::anyhow;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use secrecy::{ExposeSecret, SecretString};

use super::{USER_CHANGED, User, UserChanged, UserStatus, credential::Credential, entity, list, name};
use crate::{
    auth::{Admin, Operator, Viewer, password::Password, viewer::Role},
    email::{Email, EmailError},
    error::{Error, Result, Rule, Violation, Violations},
    gateway::Gateway,
    id::{TypedId, UserId},
    store::{database::is_unique_violation, rate_limit::Quota},
};

/// Every change is told to every replica.
const PROFILE_CHANGES_PER_MINUTE: u32 = 30;

/// What a new account needs.
#[derive(Debug)]
pub struct NewUser {
    /// As typed.
    pub email: String,
    /// As typed.
    pub password: SecretString,
    /// As typed.
    pub name: String,
}

/// A new account whose every value has passed its rules.
#[derive(Debug)]
pub struct CheckedNewUser {
    email: Email,
    name: String,
    password: Password,
}

/// Checks the values of a person who signs up.
///
/// # Errors
/// `INVALID_INPUT` with every broken rule; `RATE_LIMITED` when too many passwords wait to be judged.
pub async fn check_new(gateway: &Gateway, new: &NewUser) -> Result<CheckedNewUser> {
    let mut violations = Violations::default();
    let email = violations.check(parse_email("input.email", &new.email));
    let name = violations.check(name::parse("input.name", &new.name));
    let hints = [new.email.as_str(), new.name.as_str()];
    let password = gateway.hasher.judge("input.password", new.password.expose_secret(), &hints).await?;
    match (email, name, violations.check(password)) {
        (Some(email), Some(name), Some(password)) => Ok(CheckedNewUser { email, name, password }),
        _ => Err(violations.into_error()),
    }
}

/// Creates the account of a person who signs up.
///
/// # Errors
/// `CONFLICT` when the address is taken.
pub async fn register(gateway: &Gateway, new: CheckedNewUser) -> Result<Credential> {
    let password_hash = gateway.hasher.hash(new.password).await?;
    let user = insert(gateway, new.email, new.name, password_hash.clone(), Role::User).await?;
    Ok(Credential::of_new(user, password_hash))
}

/// Creates an account on the operator's word, with any role and any password.
///
/// # Errors
/// `INVALID_INPUT`, or `CONFLICT` when the address is taken.
pub async fn create(gateway: &Gateway, _: &Operator, new: NewUser, role: Role) -> Result<User> {
    let mut violations = Violations::default();
    let email = violations.check(parse_email("email", &new.email));
    let name = violations.check(name::parse("name", &new.name));
    let (Some(email), Some(name)) = (email, name) else {
        return Err(violations.into_error());
    };
    let password_hash = gateway.hasher.hash(Password::from_operator(&new.password)).await?;
    insert(gateway, email, name, password_hash, role).await
}

/// What the start found, or did, about the first administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstAdmin {
    /// There was one.
    Exists,
    /// The configured one was created.
    Created,
    /// There is none, and none could be created: no password is configured, or the address belongs to somebody else.
    Missing,
}

/// Creates the configured administrator where there is no administrator at all.
///
/// # Errors
/// Internal only; another replica that did the same first is no error.
pub async fn ensure_first_admin(gateway: &Gateway) -> Result<FirstAdmin> {
    if admin_exists(gateway).await? {
        return Ok(FirstAdmin::Exists);
    }
    let Some(password) = &gateway.config.admin.password else { return Ok(FirstAdmin::Missing) };
    let email = parse_email("ADMIN_EMAIL", &gateway.config.admin.email)?;
    let password_hash = gateway.hasher.hash(Password::from_operator(password)).await?;
    match insert(gateway, email, "Administrator".into(), password_hash, Role::Admin).await {
        Ok(_) => Ok(FirstAdmin::Created),
        Err(Error::Conflict(_)) if admin_exists(gateway).await? => Ok(FirstAdmin::Exists),
        Err(Error::Conflict(_)) => Ok(FirstAdmin::Missing),
        Err(error) => Err(error),
    }
}

async fn admin_exists(gateway: &Gateway) -> Result<bool> {
    let admins = entity::Entity::find().filter(entity::Column::Role.eq(Role::Admin));
    Ok(admins.count(&gateway.db).await? > 0)
}

async fn insert(
    gateway: &Gateway,
    email: Email,
    name: String,
    password_hash: String,
    role: Role,
) -> Result<User> {
    let now = gateway.clock.now();
    let row = entity::ActiveModel {
        id: Set(UserId::generate()),
        search_text: Set(search_text(email.as_str(), &name)),
        email: Set(email.into_string()),
        name: Set(name),
        password_hash: Set(password_hash),
        role: Set(role),
        status: Set(UserStatus::Active),
        email_verified: Set(false),
        created_at: Set(now),
        updated_at: Set(now),
        last_sign_in_at: Set(None),
    };
    match entity::Entity::insert(row).exec_with_returning(&gateway.db).await {
        Ok(row) => Ok(row.into()),
        Err(error) if is_unique_violation(&error) => {
            Err(Error::Conflict("This email address already has an account."))
        }
        Err(error) => Err(error.into()),
    }
}

/// Sets a user's role on the operator's word. It holds from the user's next request on.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn set_role(gateway: &Gateway, operator: &Operator, email: &str, role: Role) -> Result<User> {
    let user = load_by_email(gateway, operator, email).await?;
    let row = entity::ActiveModel { role: Set(role), ..changed_now(gateway, user.id) };
    update(gateway, row).await
}

/// Changes the viewer's own name.
///
/// # Errors
/// `INVALID_INPUT`, `RATE_LIMITED`.
pub async fn update_profile(gateway: &Gateway, viewer: &Viewer, name: &str) -> Result<User> {
    let name = name::parse("input.name", name)?;
    let quota = Quota::per_minute(PROFILE_CHANGES_PER_MINUTE);
    gateway.limit(&format!("update-profile:{}", viewer.user_id()), quota).await?;
    let row = load_row(&gateway.db, viewer.user_id()).await?;
    let search_text = search_text(&row.email, &name);
    let row = entity::ActiveModel {
        name: Set(name),
        search_text: Set(search_text),
        ..changed_now(gateway, row.id)
    };
    update(gateway, row).await
}

/// The viewer's own account, from the cache when it is warm.
///
/// # Errors
/// Internal only.
pub async fn load_own(gateway: &Gateway, viewer: &Viewer) -> Result<Arc<User>> {
    find_cached(gateway, viewer.user_id()).await?.ok_or_else(|| anyhow!("a viewer without a user").into())
}

/// A user by identifier, at most five seconds old.
pub(crate) async fn find_cached(gateway: &Gateway, id: UserId) -> Result<Option<Arc<User>>> {
    let load = async { Ok(entity::Entity::find_by_id(id).one(&gateway.db).await?.map(User::from)) };
    gateway.users.get_or_load(id.into(), load).await
}

/// The users with these identifiers, as they are in the database now, in no particular order.
pub(crate) async fn list_by_ids(db: &impl ConnectionTrait, ids: &[UserId]) -> Result<Vec<User>> {
    let rows = entity::Entity::find().filter(entity::Column::Id.is_in(ids.iter().copied())).all(db).await?;
    Ok(rows.into_iter().map(User::from).collect())
}

/// One user.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn load(gateway: &Gateway, _: &Admin, id: UserId) -> Result<User> {
    Ok(load_row(&gateway.db, id).await?.into())
}

/// One user: oneself, or anyone when the viewer is an administrator.
///
/// # Errors
/// Internal only.
pub async fn find(gateway: &Gateway, viewer: &Viewer, id: UserId) -> Result<Option<User>> {
    if viewer.admin().is_err() && viewer.user_id() != id {
        return Ok(None);
    }
    Ok(entity::Entity::find_by_id(id).one(&gateway.db).await?.map(User::from))
}

/// One user by address, for the operator's commands.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn load_by_email(gateway: &Gateway, _: &Operator, email: &str) -> Result<User> {
    const UNKNOWN: Error = Error::NotFound("user");
    let email = Email::parse(email).map_err(|_| UNKNOWN)?;
    let row =
        entity::Entity::find().filter(entity::Column::Email.eq(email.as_str())).one(&gateway.db).await?;
    row.map(User::from).ok_or(UNKNOWN)
}

/// How many accounts there are, for the operator's commands.
///
/// # Errors
/// Internal only.
pub async fn count(db: &impl ConnectionTrait, _: &Operator) -> Result<u64> {
    Ok(entity::Entity::find().count(db).await?)
}

pub(super) async fn load_row(db: &impl ConnectionTrait, id: UserId) -> Result<entity::Model> {
    entity::Entity::find_by_id(id).one(db).await?.ok_or(Error::NotFound("user"))
}

fn changed_now(gateway: &Gateway, id: UserId) -> entity::ActiveModel {
    entity::ActiveModel { id: Set(id), updated_at: Set(gateway.clock.now()), ..Default::default() }
}

/// Writes a change and makes it hold on every replica.
async fn update(gateway: &Gateway, row: entity::ActiveModel) -> Result<User> {
    let user: User = entity::Entity::update(row).exec(&gateway.db).await?.into();
    announce_change(gateway, user.id).await;
    Ok(user)
}

/// Makes a committed change hold everywhere: caches forget the user, sockets are checked again.
pub(crate) async fn announce_change(gateway: &Gateway, id: UserId) {
    gateway.users.invalidate(id.into()).await;
    gateway.bus.publish(&USER_CHANGED, &UserChanged { user_id: id });
}

fn search_text(email: &str, name: &str) -> String {
    format!("{email} {}", list::fold(name))
}

fn parse_email(field: &'static str, text: &str) -> Result<Email, Violation> {
    Email::parse(text).map_err(|error| match error {
        EmailError::TooLong => Violation::new(field, Rule::TooLong, "The email address is too long."),
        EmailError::Malformed => {
            Violation::new(field, Rule::Malformed, "This is not an email address such as name@example.com.")
        }
    })
}
