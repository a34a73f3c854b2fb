//! Passwords of accounts: showing the right one, and replacing it.
//!
//! Hashing takes long, and an account may change meanwhile. So what follows a check is bound to the very hash
//! that was checked: both the sign-in and the change of password begin with an UPDATE of the account's row on that
//! condition, and keep the row until they commit. Whichever comes second sees what the first has done.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
};
use secrecy::SecretString;

use super::{User, UserStatus, entity, service};
use crate::{
    auth::{
        Operator, Viewer,
        password::{Hasher, Password, Verdict},
        viewer::Role,
    },
    email::Email,
    error::{Error, Result, Rule, Violation, Violations},
    gateway::Gateway,
};

/// A user who has shown the right password, and the hash it was right for: what follows holds only
/// while that hash is still the account's.
#[derive(Debug)]
pub struct Credential {
    /// The user.
    pub user: User,
    password_hash: String,
    /// The same password under today's parameters.
    rehashed: Option<String>,
}

impl Credential {
    /// Of an account that was created just now.
    pub(super) fn of_new(user: User, password_hash: String) -> Self {
        Self { user, password_hash, rehashed: None }
    }
}

/// Checks an email address and password; an unknown address costs and answers the same as a wrong password.
///
/// # Errors
/// `INVALID_CREDENTIALS`; `FORBIDDEN` for the right password of an account that may not sign in.
pub async fn verify_credentials(gateway: &Gateway, email: &str, password: &str) -> Result<Credential> {
    let password = Password::claimed("input.password", password).map_err(|_| Error::InvalidCredentials)?;
    let row = match Email::parse(email) {
        Ok(email) => {
            entity::Entity::find().filter(entity::Column::Email.eq(email.as_str())).one(&gateway.db).await?
        }
        Err(_) => None,
    };
    let stored = row.as_ref().map(|row| row.password_hash.as_str());
    let verdict = gateway.hasher.verify(password.clone(), stored).await?;
    let Some(row) = row.filter(|_| verdict != Verdict::Wrong) else { return Err(Error::InvalidCredentials) };
    if row.status != UserStatus::Active {
        return Err(Error::Forbidden("This account may not sign in. Ask an administrator."));
    }
    let rehashed = match verdict {
        Verdict::RightButOutdated => Some(gateway.hasher.hash(password).await?),
        Verdict::Right | Verdict::Wrong => None,
    };
    Ok(Credential { password_hash: row.password_hash.clone(), user: row.into(), rehashed })
}

/// Notes that a user signs in, and keeps the account's row until the transaction ends: a change of password
/// or status is either seen here, or sees the session that this transaction begins.
///
/// # Errors
/// `INVALID_CREDENTIALS` when password or status have changed since they were checked.
pub async fn record_sign_in(
    transaction: &DatabaseTransaction,
    credential: Credential,
    at: DateTime<Utc>,
) -> Result<User> {
    let Credential { user, password_hash, rehashed } = credential;
    let mut change = entity::ActiveModel { last_sign_in_at: Set(Some(at)), ..Default::default() };
    if let Some(rehashed) = rehashed {
        change.password_hash = Set(rehashed);
    }
    let updated = entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::Id.eq(user.id))
        .filter(entity::Column::PasswordHash.eq(password_hash))
        .filter(entity::Column::Status.eq(UserStatus::Active))
        .exec(transaction)
        .await?;
    if updated.rows_affected == 0 {
        return Err(Error::InvalidCredentials);
    }
    Ok(User { last_sign_in_at: Some(at), ..user })
}

/// The administrators, of the oldest twenty, who may sign in with `password`, by their addresses: for the published one,
/// which no account should have.
///
/// # Errors
/// Internal only.
pub async fn list_admins_with_password(
    db: &impl ConnectionTrait,
    hasher: &Hasher,
    _: &Operator,
    password: &SecretString,
) -> Result<Vec<String>> {
    let admins = entity::Entity::find()
        .filter(entity::Column::Role.eq(Role::Admin))
        .filter(entity::Column::Status.eq(UserStatus::Active))
        .order_by_asc(entity::Column::CreatedAt)
        .limit(20);
    let mut found = Vec::new();
    for row in admins.all(db).await? {
        let password = Password::from_operator(password);
        if hasher.verify(password, Some(&row.password_hash)).await? != Verdict::Wrong {
            found.push(row.email);
        }
    }
    Ok(found)
}

/// A password that may take the place of another.
#[derive(Debug)]
pub struct NewPassword {
    user: User,
    /// The hash it may replace; `None`: any.
    replaces: Option<String>,
    password_hash: String,
}

/// Checks the viewer's current password and the one that is to replace it.
///
/// # Errors
/// `INVALID_INPUT` for a wrong current password or a new one that breaks a rule.
pub async fn check_new_password(
    gateway: &Gateway,
    viewer: &Viewer,
    current: &str,
    new: &str,
) -> Result<NewPassword> {
    let row = service::load_row(&gateway.db, viewer.user_id()).await?;
    let mut violations = Violations::default();
    let new =
        violations.check(gateway.hasher.judge("input.newPassword", new, &[&row.email, &row.name]).await?);
    let current = violations.check(match Password::claimed("input.currentPassword", current) {
        Ok(current) => match gateway.hasher.verify(current, Some(&row.password_hash)).await? {
            Verdict::Wrong => Err(wrong_password()),
            Verdict::Right | Verdict::RightButOutdated => Ok(()),
        },
        Err(_) => Err(wrong_password()),
    });
    let (Some(new), Some(())) = (new, current) else {
        return Err(violations.into_error());
    };
    let password_hash = gateway.hasher.hash(new).await?;
    Ok(NewPassword { replaces: Some(row.password_hash.clone()), user: row.into(), password_hash })
}

/// Prepares a password on the operator's word.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn prepare_password(
    gateway: &Gateway,
    operator: &Operator,
    email: &str,
    password: &SecretString,
) -> Result<NewPassword> {
    let user = service::load_by_email(gateway, operator, email).await?;
    let password_hash = gateway.hasher.hash(Password::from_operator(password)).await?;
    Ok(NewPassword { user, replaces: None, password_hash })
}

/// Stores a new password, and keeps the account's row until the transaction ends (see [`record_sign_in`]).
///
/// # Errors
/// `INVALID_INPUT` when the password it replaces is no longer the current one.
pub async fn replace_password(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    new: NewPassword,
) -> Result<User> {
    let change = entity::ActiveModel {
        password_hash: Set(new.password_hash),
        updated_at: Set(gateway.clock.now()),
        ..Default::default()
    };
    let updated = entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::Id.eq(new.user.id))
        .apply_if(new.replaces, |update, hash| update.filter(entity::Column::PasswordHash.eq(hash)))
        .exec(transaction)
        .await?;
    if updated.rows_affected == 0 {
        return Err(wrong_password().into());
    }
    Ok(new.user)
}

fn wrong_password() -> Violation {
    Violation::new("input.currentPassword", Rule::Mismatch, "This is not your current password.")
}
