//! What can be done with users.

use std::sync::Arc;

use anyhow::anyhow;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{USER_CHANGED, User, UserChanged, UserStatus, credential::Credential, entity, list, name};
use crate::{
    audit::{self, Entry, Kind},
    auth::{Admin, Client, Operator, Viewer, password::Password, secrets::random_bytes, viewer::Role},
    email::{Email, EmailError},
    error::{Error, Result, Rule, Violation, Violations},
    gateway::Gateway,
    id::{TypedId, UserId},
    locale::Locale,
    store::{database::is_unique_violation, rate_limit::Quota},
};

/// Every change is told to every replica.
pub const PROFILE_CHANGES_PER_MINUTE: u32 = 30;

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

impl CheckedNewUser {
    /// The address.
    #[must_use]
    pub fn email(&self) -> &Email {
        &self.email
    }
}

/// An account that is about to be created: its password is hashed, which takes long and needs no transaction.
#[derive(Debug)]
pub struct PreparedUser {
    email: Email,
    name: String,
    password_hash: String,
    has_password: bool,
    role: Role,
    locale: Option<Locale>,
    email_verified: bool,
}

impl PreparedUser {
    /// As somebody who was invited: with this role, and with the address verified by the link.
    #[must_use]
    pub fn invited_as(self, role: Role) -> Self {
        Self { role, email_verified: true, ..self }
    }
}

/// Prepares the account of a person who signs up.
///
/// # Errors
/// `RATE_LIMITED` when too many passwords wait to be hashed.
pub async fn prepare(gateway: &Gateway, new: CheckedNewUser, locale: Option<Locale>) -> Result<PreparedUser> {
    let password_hash = gateway.hasher.hash(new.password).await?;
    let CheckedNewUser { email, name, .. } = new;
    Ok(PreparedUser {
        email,
        name,
        password_hash,
        has_password: true,
        role: Role::User,
        locale,
        email_verified: false,
    })
}

/// Prepares the account of a person whom an identity provider vouches for: without a password of its own.
///
/// # Errors
/// `RATE_LIMITED` when too many passwords wait to be hashed.
pub async fn prepare_without_password(
    gateway: &Gateway,
    email: Email,
    name: &str,
    role: Role,
    email_verified: bool,
) -> Result<PreparedUser> {
    // Nobody knows it, and checking another against it costs what any check does.
    let unknown = Password::from_operator(&hex::encode(random_bytes::<32>()).into());
    let password_hash = gateway.hasher.hash(unknown).await?;
    let name = name::parse("name", name).unwrap_or_else(|_| email.as_str().to_owned());
    Ok(PreparedUser { email, name, password_hash, has_password: false, role, locale: None, email_verified })
}

/// Creates an account that was prepared.
///
/// # Errors
/// `CONFLICT` when the address is taken.
pub async fn register(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    prepared: PreparedUser,
) -> Result<Credential> {
    let password_hash = prepared.password_hash.clone();
    let user = insert(gateway, db, prepared).await?;
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
    create_by_operator(gateway, email, name, &new.password, role).await
}

async fn create_by_operator(
    gateway: &Gateway,
    email: Email,
    name: String,
    password: &SecretString,
    role: Role,
) -> Result<User> {
    let password_hash = gateway.hasher.hash(Password::from_operator(password)).await?;
    let prepared = PreparedUser {
        email,
        name,
        password_hash,
        has_password: true,
        role,
        locale: None,
        // The operator's word counts.
        email_verified: true,
    };
    let transaction = gateway.begin().await?;
    let user = insert(gateway, &transaction, prepared).await?;
    let entry = Entry::by_operator(Kind::AccountCreated).about(user.id).with("method", "OPERATOR");
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    Ok(user)
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
    match create_by_operator(gateway, email, "Administrator".into(), password, Role::Admin).await {
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

async fn insert(gateway: &Gateway, db: &impl ConnectionTrait, prepared: PreparedUser) -> Result<User> {
    let now = gateway.clock.now();
    let row = entity::ActiveModel {
        id: Set(UserId::generate()),
        search_text: Set(search_text(prepared.email.as_str(), &prepared.name)),
        email: Set(prepared.email.into_string()),
        name: Set(prepared.name),
        password_hash: Set(prepared.password_hash),
        role: Set(prepared.role),
        status: Set(UserStatus::Active),
        email_verified: Set(prepared.email_verified),
        created_at: Set(now),
        updated_at: Set(now),
        last_sign_in_at: Set(None),
        locale: Set(prepared.locale),
        has_password: Set(prepared.has_password),
        has_second_factor: Set(false),
        deletion_scheduled_at: Set(None),
    };
    match entity::Entity::insert(row).exec_with_returning(db).await {
        Ok(row) => Ok(row.into()),
        Err(error) if is_unique_violation(&error) => Err(ADDRESS_TAKEN),
        Err(error) => Err(error.into()),
    }
}

const ADDRESS_TAKEN: Error = Error::Conflict("This email address already has an account.");

/// Notes that the address was shown to be the user's.
///
/// # Errors
/// `INVALID_TOKEN` when the account has another address by now, or may not sign in.
pub async fn mark_verified(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    id: UserId,
    email: &str,
) -> Result<User> {
    let change = entity::ActiveModel { email_verified: Set(true), ..changed_now(gateway, id) };
    change_where(db, change, email).await
}

/// Puts another address, which was shown to be the user's, in place of `from`.
///
/// # Errors
/// `INVALID_TOKEN` when the account has another address by now, or may not sign in; `CONFLICT` when the new one is taken.
pub async fn change_email(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    id: UserId,
    from: &str,
    to: &str,
) -> Result<User> {
    let row = load_row(db, id).await?;
    let change = entity::ActiveModel {
        email: Set(to.to_owned()),
        email_verified: Set(true),
        search_text: Set(search_text(to, &row.name)),
        ..changed_now(gateway, id)
    };
    change_where(db, change, from).await
}

/// Changes an active account that has this address still.
async fn change_where(db: &impl ConnectionTrait, change: entity::ActiveModel, email: &str) -> Result<User> {
    let id = change.id.clone().unwrap();
    let updated = entity::Entity::update_many()
        .set(entity::ActiveModel { id: NotSet, ..change })
        .filter(entity::Column::Id.eq(id))
        .filter(entity::Column::Email.eq(email))
        .filter(entity::Column::Status.eq(UserStatus::Active))
        .exec_with_returning(db)
        .await;
    match updated {
        Ok(mut rows) => rows.pop().map(User::from).ok_or(Error::InvalidToken),
        Err(error) if is_unique_violation(&error) => Err(ADDRESS_TAKEN),
        Err(error) => Err(error.into()),
    }
}

/// Keeps an account's row until the transaction ends: changes of what leads into it come one after the other.
///
/// # Errors
/// `NOT_FOUND`.
pub(crate) async fn hold(gateway: &Gateway, transaction: &DatabaseTransaction, id: UserId) -> Result<User> {
    let held = entity::Entity::update_many()
        .set(entity::ActiveModel { id: NotSet, ..changed_now(gateway, id) })
        .filter(entity::Column::Id.eq(id))
        .exec_with_returning(transaction)
        .await?;
    held.into_iter().next().map(User::from).ok_or(Error::NotFound("user"))
}

/// Notes whether a sign-in takes a second factor, in the transaction that adds or removes one.
///
/// # Errors
/// Internal only.
pub(crate) async fn set_second_factor(db: &impl ConnectionTrait, id: UserId, has_one: bool) -> Result<()> {
    let change = entity::ActiveModel { has_second_factor: Set(has_one), ..Default::default() };
    entity::Entity::update_many().set(change).filter(entity::Column::Id.eq(id)).exec(db).await?;
    Ok(())
}

/// Sets a user's role on the operator's word. It holds from the user's next request on.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn set_role(gateway: &Gateway, operator: &Operator, email: &str, role: Role) -> Result<User> {
    let user = load_by_email(gateway, operator, email).await?;
    let row = entity::ActiveModel { role: Set(role), ..changed_now(gateway, user.id) };
    let entry = Entry::by_operator(Kind::RoleChanged).about(user.id);
    update(gateway, row, entry.with("before", user.role.as_str()).with("after", role.as_str())).await
}

/// What is changed of one's own account; what is left out stays.
#[derive(Debug, Default)]
pub struct ProfileChange {
    /// What others call this person.
    pub name: Option<String>,
    /// The language of mails.
    pub locale: Option<Locale>,
}

/// Changes the viewer's own name and language.
///
/// # Errors
/// `INVALID_INPUT`, `RATE_LIMITED`.
pub async fn update_profile(
    gateway: &Gateway,
    viewer: &Viewer,
    change: ProfileChange,
    client: &Client,
) -> Result<User> {
    let name = change.name.map(|name| name::parse("input.name", &name)).transpose()?;
    let quota = Quota::per_minute(PROFILE_CHANGES_PER_MINUTE);
    gateway.limit(&format!("update-profile:{}", viewer.user_id()), quota).await?;
    let row = load_row(&gateway.db, viewer.user_id()).await?;
    let (name, locale) = (name.unwrap_or_else(|| row.name.clone()), change.locale.or(row.locale));
    let told = |name: &str, locale: Option<Locale>| json!({ "name": name, "locale": locale });
    let entry = Entry::by(viewer, Kind::ProfileChanged)
        .from(client)
        .with("before", told(&row.name, row.locale))
        .with("after", told(&name, locale));
    let search_text = search_text(&row.email, &name);
    let row = entity::ActiveModel {
        name: Set(name),
        locale: Set(locale),
        search_text: Set(search_text),
        ..changed_now(gateway, row.id)
    };
    update(gateway, row, entry).await
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
    find_by_email(&gateway.db, email).await?.ok_or(UNKNOWN)
}

/// One user by address: what comes of it may not tell the caller whether there is one.
pub(crate) async fn find_by_email(db: &impl ConnectionTrait, email: &str) -> Result<Option<User>> {
    let Ok(email) = Email::parse(email) else { return Ok(None) };
    let row = entity::Entity::find().filter(entity::Column::Email.eq(email.as_str())).one(db).await?;
    Ok(row.map(User::from))
}

/// One user who may sign in.
pub(crate) async fn load_active(db: &impl ConnectionTrait, id: UserId) -> Result<Option<User>> {
    let row = entity::Entity::find_by_id(id).one(db).await?;
    Ok(row.filter(|row| row.status == UserStatus::Active).map(User::from))
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

pub(super) fn changed_now(gateway: &Gateway, id: UserId) -> entity::ActiveModel {
    entity::ActiveModel { id: Set(id), updated_at: Set(gateway.clock.now()), ..Default::default() }
}

/// Writes a change and what is recorded of it, and makes it hold on every replica.
async fn update(gateway: &Gateway, row: entity::ActiveModel, entry: Entry) -> Result<User> {
    let transaction = gateway.begin().await?;
    let user: User = entity::Entity::update(row).exec(&transaction).await?.into();
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    announce_change(gateway, user.id).await;
    recorded.announce(gateway);
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

pub(crate) fn parse_email(field: &'static str, text: &str) -> Result<Email, Violation> {
    Email::parse(text).map_err(|error| match error {
        EmailError::TooLong => Violation::new(field, Rule::TooLong, "The email address is too long."),
        EmailError::Malformed => {
            Violation::new(field, Rule::Malformed, "This is not an email address such as name@example.com.")
        }
    })
}
