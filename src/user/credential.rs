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
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{User, UserStatus, entity, service};
use crate::{
    auth::{
        Operator, RecentlyAuthenticated, Viewer,
        password::{Hasher, Password, Verdict},
        secrets::fingerprint,
        viewer::Role,
    },
    email::Email,
    error::{Error, Result, Rule, Violation, Violations},
    gateway::Gateway,
    id::UserId,
    linked_account::ProviderAccount,
};

/// A user who has shown who it is, and how: what follows holds only while that is still so.
#[derive(Debug)]
pub struct Credential {
    /// The user.
    pub user: User,
    proof: Proof,
}

#[derive(Debug)]
enum Proof {
    /// The right password for this hash, and the same password under today's parameters.
    Password { hash: String, rehashed: Option<String> },
    /// The word of an identity provider.
    Provider(Word),
    /// Something else that holds whatever the password: a passkey, a code by mail.
    Other,
}

/// What an identity provider says of a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Word {
    /// The provider's identifier.
    provider: String,
    /// When the user last showed it who it is, where it says so.
    authenticated_at: Option<DateTime<Utc>>,
    /// The account there, where it is not linked yet.
    link: Option<ProviderAccount>,
}

/// A [`Credential`] between two steps of a sign-in, as the first step leaves it for the second.
#[derive(Debug, Serialize, Deserialize)]
pub struct SuspendedCredential {
    user_id: UserId,
    /// Of the hash that the password was right for.
    password: Option<String>,
    /// What an identity provider said, where one vouched.
    #[serde(flatten)]
    word: Option<Word>,
}

impl SuspendedCredential {
    /// Whether an identity provider vouched for the user.
    #[must_use]
    pub fn is_by_provider(&self) -> bool {
        self.word.is_some()
    }
}

impl Credential {
    /// Of an account that was created just now.
    pub(super) fn of_new(user: User, password_hash: String) -> Self {
        Self { user, proof: Proof::Password { hash: password_hash, rehashed: None } }
    }

    /// Of a user who has shown who it is by other means than the password.
    ///
    /// Called only by what has just checked those means (held by `tests/layering.rs`).
    #[must_use]
    pub fn by_other_means(user: User) -> Self {
        Self { user, proof: Proof::Other }
    }

    /// The hash that the password was right for, where one was shown.
    pub(super) fn password_hash(&self) -> Option<&str> {
        match &self.proof {
            Proof::Password { hash, .. } => Some(hash),
            Proof::Provider(_) | Proof::Other => None,
        }
    }

    /// Of a user for whom an identity provider vouches, when that had the user show who it is, where it says so, and the
    /// account there, where that is to be linked as the user signs in.
    ///
    /// Called only by what has just heard it say so (held by `tests/layering.rs`).
    #[must_use]
    pub fn by_provider(
        user: User,
        provider: &str,
        authenticated_at: Option<DateTime<Utc>>,
        link: Option<ProviderAccount>,
    ) -> Self {
        let word = Word { provider: provider.to_owned(), authenticated_at, link };
        Self { user, proof: Proof::Provider(word) }
    }

    /// The account at the provider that is to be linked as the user signs in.
    #[must_use]
    pub fn link(&self) -> Option<&ProviderAccount> {
        self.word().and_then(|word| word.link.as_ref())
    }

    /// The identity provider that vouched, where one did.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.word().map(|word| &*word.provider)
    }

    /// When the user has shown who it is: `now`, or earlier, where it was shown to an identity provider. One that knows
    /// somebody already asks nothing and vouches all the same.
    #[must_use]
    pub fn authenticated_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let told = self.word().and_then(|word| word.authenticated_at);
        told.map_or(now, |at| at.min(now))
    }

    fn word(&self) -> Option<&Word> {
        match &self.proof {
            Proof::Provider(word) => Some(word),
            Proof::Password { .. } | Proof::Other => None,
        }
    }

    /// What the second step of a sign-in needs of it.
    #[must_use]
    pub fn suspend(&self) -> SuspendedCredential {
        SuspendedCredential {
            user_id: self.user.id,
            password: self.password_hash().map(fingerprint),
            word: self.word().cloned(),
        }
    }
}

/// Takes up what the first step of a sign-in has left, if it still holds.
///
/// # Errors
/// `INVALID_TOKEN` when the password was changed, or the account may not sign in any more.
pub async fn resume(gateway: &Gateway, suspended: &SuspendedCredential) -> Result<Credential> {
    let row = entity::Entity::find_by_id(suspended.user_id)
        .filter(entity::Column::Status.eq(UserStatus::Active))
        .one(&gateway.db)
        .await?;
    let row = row.ok_or(Error::InvalidToken)?;
    let proof = match &suspended.password {
        None => suspended.word.clone().map_or(Proof::Other, Proof::Provider),
        Some(password) if *password == fingerprint(&row.password_hash) => {
            Proof::Password { hash: row.password_hash.clone(), rehashed: None }
        }
        Some(_) => return Err(Error::InvalidToken),
    };
    Ok(Credential { user: row.into(), proof })
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
    let proof = Proof::Password { hash: row.password_hash.clone(), rehashed };
    Ok(Credential { user: row.into(), proof })
}

/// Checks the viewer's own password once more, where the account has one; `None` for what was not given.
///
/// # Errors
/// `INVALID_INPUT` for a missing or wrong password.
pub async fn check_own(
    gateway: &Gateway,
    viewer: &RecentlyAuthenticated,
    field: &'static str,
    password: Option<&str>,
) -> Result<Credential> {
    let row = service::load_row(&gateway.db, viewer.user_id()).await?;
    if !row.has_password {
        return Ok(Credential { user: row.into(), proof: Proof::Other });
    }
    let Some(password) = password else {
        return Err(Violation::new(field, Rule::Required, "Give your password.").into());
    };
    let is_right = match Password::claimed(field, password) {
        Ok(password) => gateway.hasher.verify(password, Some(&row.password_hash)).await? != Verdict::Wrong,
        Err(_) => false,
    };
    if !is_right {
        return Err(Violation::new(field, Rule::Mismatch, "This is not your current password.").into());
    }
    let proof = Proof::Password { hash: row.password_hash.clone(), rehashed: None };
    Ok(Credential { user: row.into(), proof })
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
    let Credential { user, proof } = credential;
    let mut change = entity::ActiveModel { last_sign_in_at: Set(Some(at)), ..Default::default() };
    let checked_hash = match proof {
        Proof::Password { hash, rehashed } => {
            if let Some(rehashed) = rehashed {
                change.password_hash = Set(rehashed);
            }
            Some(hash)
        }
        Proof::Provider(_) | Proof::Other => None,
    };
    let updated = entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::Id.eq(user.id))
        .apply_if(checked_hash, |update, hash| update.filter(entity::Column::PasswordHash.eq(hash)))
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

impl NewPassword {
    /// Whose password it is to be.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.user.id
    }
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

/// Checks the password that the owner of a reset link has chosen.
///
/// # Errors
/// `INVALID_INPUT` for one that breaks a rule; `INVALID_TOKEN` for an account that may not sign in.
pub async fn check_reset(gateway: &Gateway, user_id: UserId, new: &SecretString) -> Result<NewPassword> {
    let user = service::load_active(&gateway.db, user_id).await?.ok_or(Error::InvalidToken)?;
    let hints = [user.email.as_str(), user.name.as_str()];
    let new = gateway.hasher.judge("input.newPassword", new.expose_secret(), &hints).await??;
    let password_hash = gateway.hasher.hash(new).await?;
    Ok(NewPassword { user, replaces: None, password_hash })
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
        has_password: Set(true),
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
