//! What a copy tells of: a file each.

use sea_orm::ConnectionTrait;
use strum::EnumIter;
use uuid::Uuid;

use super::rows::Row;
use crate::{
    api_key, audit, error::Result, id::UserId, invitation, known_device, linked_account, locale::Locale,
    mail, second_factor, session, user,
};

/// A part of what is kept about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter)]
pub enum Subject {
    /// The account itself.
    Account,
    /// Its sessions.
    Sessions,
    /// The devices that it is known from.
    Devices,
    /// Its authenticator app.
    AuthenticatorApp,
    /// Its passkeys.
    Passkeys,
    /// Its recovery codes.
    RecoveryCodes,
    /// Accounts at identity providers that sign in to it.
    LinkedAccounts,
    /// Its API keys.
    ApiKeys,
    /// What happened to it, and what its owner did.
    Activity,
    /// The mails that were sent to its owner.
    Mails,
    /// The invitations that its owner got and sent.
    Invitations,
}

impl Subject {
    /// The file's name.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Account => "account.json",
            Self::Sessions => "sessions.json",
            Self::Devices => "devices.json",
            Self::AuthenticatorApp => "authenticator_app.json",
            Self::Passkeys => "passkeys.json",
            Self::RecoveryCodes => "recovery_codes.json",
            Self::LinkedAccounts => "linked_accounts.json",
            Self::ApiKeys => "api_keys.json",
            Self::Activity => "activity.json",
            Self::Mails => "mails.json",
            Self::Invitations => "invitations.json",
        }
    }

    /// What is in the file, for a person.
    #[must_use]
    pub fn explanation(self, locale: Locale) -> &'static str {
        let (chinese, english) = match self {
            Self::Account => ("账号资料", "the account"),
            Self::Sessions => ("登录会话", "sessions"),
            Self::Devices => ("登录过的设备", "devices that were used to sign in"),
            Self::AuthenticatorApp => ("身份验证器（不含密钥）", "the authenticator app, without its secret"),
            Self::Passkeys => ("通行密钥（不含密钥本身）", "passkeys, without the keys themselves"),
            Self::RecoveryCodes => ("恢复码（不含内容）", "recovery codes, without the codes themselves"),
            Self::LinkedAccounts => ("已关联的第三方账号", "linked accounts at identity providers"),
            Self::ApiKeys => ("API 密钥（不含密钥本身）", "API keys, without the keys themselves"),
            Self::Activity => ("账号动态和您的操作", "what happened to the account, and what you did"),
            Self::Mails => ("发给您的邮件（不含正文）", "mails to you, without their text"),
            Self::Invitations => ("您收到和发出的邀请", "invitations that you got and sent"),
        };
        match locale {
            Locale::ZhCn => chinese,
            Locale::En => english,
        }
    }

    /// Whether there is one row, so that the file is an object and no list.
    pub(super) fn is_single(self) -> bool {
        self == Self::Account
    }

    /// The next rows behind an identifier; none: that was all.
    pub(super) async fn next_rows(
        self,
        db: &impl ConnectionTrait,
        user_id: UserId,
        after: Option<Uuid>,
    ) -> Result<Vec<Row>> {
        match self {
            Self::Account => user::export::next_rows(db, user_id, after).await,
            Self::Sessions => session::export::next_rows(db, user_id, after).await,
            Self::Devices => known_device::export::next_rows(db, user_id, after).await,
            Self::AuthenticatorApp => second_factor::totp::export::next_rows(db, user_id, after).await,
            Self::Passkeys => second_factor::passkey::export::next_rows(db, user_id, after).await,
            Self::RecoveryCodes => second_factor::recovery_code::export::next_rows(db, user_id, after).await,
            Self::LinkedAccounts => linked_account::export::next_rows(db, user_id, after).await,
            Self::ApiKeys => api_key::export::next_rows(db, user_id, after).await,
            Self::Activity => audit::export::next_rows(db, user_id, after).await,
            Self::Mails => mail::export::next_rows(db, user_id, after).await,
            Self::Invitations => invitation::export::next_rows(db, user_id, after).await,
        }
    }
}
