//! Mails: written into the outbox in the transaction of what they tell of, sent by workers.
//!
//! The outbox keeps what a mail is made of, and no text: a link is made of its token when the mail is sent.

mod entity;
pub(crate) mod export;
pub mod graphql;
pub mod list;
mod render;
pub mod service;
pub mod transport;
mod words;

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde_json::{Map, Value};

pub use render::Rendered;

use crate::{
    id::{MailId, OneTimeTokenId, UserId},
    locale::Locale,
    one_time_token::service::Issued,
    user::User,
};

/// A mail as the outbox has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mail {
    /// Identifier.
    pub id: MailId,
    /// What it tells.
    pub kind: MailKind,
    /// Where it goes.
    pub recipient: String,
    /// Whether it was sent.
    pub state: MailState,
    /// How often sending it was tried.
    pub attempts: i32,
    /// Why it was not sent the last time.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it is tried the next time.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it was sent.
    pub sent_at: Option<DateTime<Utc>>,
}

/// What a mail tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Enum, strum::IntoStaticStr)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum MailKind {
    /// A link and a code to show that the address is one's own.
    VerifyEmail,
    /// Somebody signed up with the address of an account.
    AlreadyRegistered,
    /// A link to choose a new password.
    ResetPassword,
    /// To the new address: a link that makes it the account's.
    ConfirmEmailChange,
    /// To the old address: another one was asked for.
    EmailChangeRequested,
    /// To the old address: another one is in its place.
    EmailChanged,
    /// A link to sign up with.
    Invitation,
    /// The password was changed or reset.
    PasswordChanged,
    /// A sign-in from a new device, with a link that ends it.
    NewDevice,
    /// Second factors were added or removed.
    SecondFactorsChanged,
    /// An API key was made.
    ApiKeyCreated,
    /// An account at an identity provider signs in to the account from now on.
    AccountLinked,
    /// An account at an identity provider signs in to it no longer.
    AccountUnlinked,
    /// The copy of the data can be downloaded.
    DataExportReady,
    /// The account will be erased.
    DeletionScheduled,
    /// The account was erased.
    AccountErased,
}

impl MailKind {
    /// Whether it only tells what somebody has done to the account: of many such at once, some are enough.
    fn is_notice(self) -> bool {
        match self {
            Self::EmailChangeRequested
            | Self::PasswordChanged
            | Self::NewDevice
            | Self::SecondFactorsChanged
            | Self::ApiKeyCreated
            | Self::AccountLinked
            | Self::AccountUnlinked
            | Self::DeletionScheduled => true,
            Self::VerifyEmail
            | Self::AlreadyRegistered
            | Self::ResetPassword
            | Self::ConfirmEmailChange
            | Self::EmailChanged
            | Self::Invitation
            | Self::DataExportReady
            | Self::AccountErased => false,
        }
    }
}

/// Whether a mail was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MailState {
    /// It waits, for its first or another try.
    Queued,
    /// The mail server has taken it.
    Sent,
    /// It was given up.
    Failed,
}

/// A mail to be written.
#[derive(Debug, Clone)]
#[must_use = "a letter does nothing until `service::send`"]
pub struct Letter {
    kind: MailKind,
    recipient: String,
    locale: Option<Locale>,
    user_id: Option<UserId>,
    token_id: Option<OneTimeTokenId>,
    params: Map<String, Value>,
}

impl Letter {
    /// To the address of an account.
    pub fn to(user: &User, kind: MailKind) -> Self {
        let letter = Self { user_id: Some(user.id), ..Self::to_address(&user.email, user.locale, kind) };
        letter.with("name", user.name.clone())
    }

    /// To any address, in a language that was asked for.
    pub fn to_address(recipient: &str, locale: Option<Locale>, kind: MailKind) -> Self {
        Self {
            kind,
            recipient: recipient.to_owned(),
            locale,
            user_id: None,
            token_id: None,
            params: Map::new(),
        }
    }

    /// To another address than the account's.
    pub fn at(self, recipient: &str) -> Self {
        Self { recipient: recipient.to_owned(), ..self }
    }

    /// With the link of this token, and its code where the kind has one.
    pub fn with_link(self, token: &Issued) -> Self {
        Self { token_id: Some(token.id), ..self }
    }

    /// With something that its text tells; never a secret.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }
}
