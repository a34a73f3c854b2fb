//! Everything that is recorded.

use async_graphql::Enum;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

/// What happened. Details that come with a kind are named behind it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Enum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[graphql(name = "AuditEventKind")]
pub enum Kind {
    /// An account was created: `method` (PASSWORD, PROVIDER, INVITATION, OPERATOR).
    AccountCreated,
    /// Somebody signed in: `sessionId`, `method`; `secondFactor` where one was shown.
    SignedIn,
    /// Somebody did not get in: `reason`; `provider` where one was asked.
    SignInFailed,
    /// Somebody signed in from a device that the account was not used from before: `sessionId`.
    SignedInFromNewDevice,
    /// The owner said that a sign-in was not theirs: `sessionId`.
    SignInDisowned,
    /// Somebody signed out: `sessionId`.
    SignedOut,
    /// A session was ended: `sessionId`, or `count` of several; `reason`.
    SessionEnded,
    /// A used refresh token came back, so that its session was ended: `sessionId`.
    RefreshTokenReused,
    /// Somebody showed once more who it is: `method`.
    Reauthenticated,
    /// Somebody tried to, and failed: `method`.
    ReauthenticationFailed,
    /// The address was shown to be the owner's: `email`.
    EmailVerified,
    /// Another address was asked for: `email`.
    EmailChangeRequested,
    /// The address was changed: `before`, `after`.
    EmailChanged,
    /// Name or language were changed: `before`, `after`.
    ProfileChanged,
    /// The role was changed: `before`, `after`.
    RoleChanged,
    /// The password was changed.
    PasswordChanged,
    /// A link to reset the password was asked for.
    PasswordResetRequested,
    /// The password was reset by such a link.
    PasswordReset,
    /// An account at an identity provider was linked: `provider`.
    AccountLinked,
    /// Somebody who is signed in tried to link one, and nothing came of it: `provider`, `reason`.
    AccountLinkFailed,
    /// It was unlinked: `provider`.
    AccountUnlinked,
    /// An authenticator app was set up.
    TotpEnabled,
    /// It was removed.
    TotpDisabled,
    /// A passkey was added: `name`.
    PasskeyAdded,
    /// A passkey was renamed: `before`, `after`.
    PasskeyRenamed,
    /// A passkey was removed: `name`.
    PasskeyRemoved,
    /// New recovery codes were made.
    RecoveryCodesGenerated,
    /// A recovery code was used: `left`.
    RecoveryCodeUsed,
    /// The password was right, the second factor was not: `method`.
    SecondFactorFailed,
    /// All second factors were removed by an administrator or the operator.
    SecondFactorsReset,
    /// A device is not asked for a second factor for a while.
    DeviceRemembered,
    /// Devices are asked for it again: `count`.
    DeviceForgotten,
    /// An API key was made: `name`, `prefix`, `scopes`.
    ApiKeyCreated,
    /// An API key was revoked: `name`, `prefix`.
    ApiKeyRevoked,
    /// Somebody was invited: `email`, `role`.
    InvitationSent,
    /// An invitation was withdrawn: `email`.
    InvitationWithdrawn,
    /// Somebody came by an invitation: `email`, `role`.
    InvitationAccepted,
    /// A copy of the account's data was asked for.
    DataExportRequested,
    /// It was downloaded.
    DataExportDownloaded,
    /// The account is to be erased: `at`.
    DeletionScheduled,
    /// It is not to be erased after all.
    DeletionCanceled,
    /// The account was erased.
    AccountErased,
    /// A block after too many attempts was lifted: `kind`, `subject`.
    BlockCleared,
    /// A mail that could not be sent was given another try: `mailId`.
    MailRetried,
}
