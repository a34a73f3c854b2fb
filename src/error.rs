//! The one error of the house: what a caller may be told, and, apart from it,
//! the cause that only the log sees.

use std::{borrow::Cow, time::Duration};

/// What went wrong, in the words of the schema's `ErrorCode`.
///
/// `Display` of every variant but [`Error::Internal`] is fit for the caller.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No valid access token came with a request that needs one.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The email address and password do not belong together; which of them is wrong stays open.
    #[error("The email address or the password is not right.")]
    InvalidCredentials,
    /// The right password of an account whose address was never shown to be its owner's, where it has to be.
    #[error("Your email address is not verified yet. A new mail with a link was sent to it.")]
    EmailNotVerified,
    /// The caller is known and may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Nobody may sign up in this way.
    #[error("{0}")]
    RegistrationClosed(&'static str),
    /// The caller has to show once more who it is before this.
    #[error("Confirm that it is you: your last sign-in is too long ago for this.")]
    ReauthenticationRequired,
    /// The caller's role needs a second factor, and the account has none.
    #[error("Your role needs a second factor: set one up first.")]
    SecondFactorEnrollmentRequired,
    /// A link, challenge or invitation that is not good: never issued, expired, used, or issued for something else.
    #[error("This link or step has expired, was used before, or is not ours. Begin again.")]
    InvalidToken,
    /// A code, or a passkey, that does not match.
    #[error("This is not the right code or passkey.")]
    InvalidCode,
    /// There is no such object, or none that the caller may see.
    #[error("There is no such {0}, or none that you may see.")]
    NotFound(&'static str),
    /// The input broke one or more rules; all of them are listed.
    #[error("{}", describe(.0))]
    InvalidInput(Vec<Violation>),
    /// The state of things forbids it, whatever the input.
    #[error("{0}")]
    Conflict(&'static str),
    /// Too much at once, or more than the budget of cost; worth another try after the given time.
    #[error("Too many requests. Try again in {} s.", whole_seconds(*.0))]
    RateLimited(Duration),
    /// The request is not one that could be executed.
    #[error("{0}")]
    BadRequest(&'static str),
    /// The hash that was sent in place of a document is of none that is known. Apollo's clients, urql among them, look
    /// for this very message before they send the text.
    #[error("PersistedQueryNotFound")]
    PersistedQueryNotFound,
    /// The document is not one of those that this installation trusts.
    #[error("Only the operations of this platform's own clients are run here.")]
    PersistedQueryRequired,
    /// Events may have been lost on the way to a subscription.
    #[error("Some events were missed. Read the current state and subscribe again.")]
    EventsMissed,
    /// The request took longer than it may, and was given up.
    #[error("This took too long and was given up. What it was to change may have been changed.")]
    Timeout,
    /// A fault on our side. The cause is for the log alone.
    #[error("Internal server error")]
    Internal(#[source] anyhow::Error),
}

/// What kind of failure a caller is told of; every error of a response carries one in `extensions.code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, async_graphql::Enum, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// No valid access token came with a request that needs one, or a refresh token is no longer good.
    Unauthenticated,
    /// The email address and password do not belong together.
    InvalidCredentials,
    /// The password was right, and the account's address is not verified; a new mail was sent to it.
    EmailNotVerified,
    /// The caller may not do this.
    Forbidden,
    /// Nobody may sign up in this way: see `Query.registration`.
    RegistrationClosed,
    /// The caller's last sign-in or check is too long ago for this: call `reauthenticate`, then repeat.
    ReauthenticationRequired,
    /// The caller's role needs a second factor, and the account has none: enrol one first.
    SecondFactorEnrollmentRequired,
    /// A link, challenge or invitation that was never issued, has expired, was used, or is for something else.
    InvalidToken,
    /// A code, or a passkey, that does not match.
    InvalidCode,
    /// There is no such object, or none that the caller may see.
    NotFound,
    /// The input broke rules, all listed in `extensions.violations`.
    InvalidInput,
    /// The state of things forbids it, such as an email address that is taken.
    Conflict,
    /// Too much at once; worth another try after `extensions.retryAfterSeconds`.
    RateLimited,
    /// The request as a whole is not of the expected form.
    BadRequest,
    /// Events may have been lost: read the current state and subscribe again.
    EventsMissed,
    /// The document is not GraphQL.
    GraphqlParseFailed,
    /// The document does not fit the schema or asks for too much.
    GraphqlValidationFailed,
    /// The hash that was sent in place of a document is of none that is known: send the text along.
    PersistedQueryNotFound,
    /// The document is not one of those that this installation trusts.
    PersistedQueryRequired,
    /// The operation took too long and was given up; a mutation may have done its work all the same.
    Timeout,
    /// A fault of the server; `extensions.requestId` names its line in the log.
    Internal,
}

impl Error {
    /// The kind of failure.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unauthenticated(_) => ErrorCode::Unauthenticated,
            Self::InvalidCredentials => ErrorCode::InvalidCredentials,
            Self::EmailNotVerified => ErrorCode::EmailNotVerified,
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::RegistrationClosed(_) => ErrorCode::RegistrationClosed,
            Self::ReauthenticationRequired => ErrorCode::ReauthenticationRequired,
            Self::SecondFactorEnrollmentRequired => ErrorCode::SecondFactorEnrollmentRequired,
            Self::InvalidToken => ErrorCode::InvalidToken,
            Self::InvalidCode => ErrorCode::InvalidCode,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::InvalidInput(_) => ErrorCode::InvalidInput,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::RateLimited(_) => ErrorCode::RateLimited,
            Self::BadRequest(_) => ErrorCode::BadRequest,
            Self::PersistedQueryNotFound => ErrorCode::PersistedQueryNotFound,
            Self::PersistedQueryRequired => ErrorCode::PersistedQueryRequired,
            Self::EventsMissed => ErrorCode::EventsMissed,
            Self::Timeout => ErrorCode::Timeout,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }
}

/// The `Result` of services.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One broken rule of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field in the operation's arguments or variables: `input.email`.
    pub field: Cow<'static, str>,
    /// Which rule was broken.
    pub rule: Rule,
    /// The rule in a sentence for a person.
    pub message: String,
}

/// The rules an input can break; clients translate by these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Shorter than allowed.
    TooShort,
    /// Longer than allowed.
    TooLong,
    /// Not of the expected form.
    Malformed,
    /// A character that is not allowed, such as a control character.
    ForbiddenCharacter,
    /// A password that is easy to guess.
    TooWeak,
    /// A password that is known from a breach.
    Breached,
    /// A secret that does not match.
    Mismatch,
    /// A number or size outside its bounds.
    OutOfRange,
    /// Two arguments that exclude each other.
    Exclusive,
    /// Nothing, where something is needed.
    Required,
    /// A value of another type.
    WrongType,
    /// A field that the input does not have.
    Unknown,
}

impl Rule {
    /// The rule's name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooShort => "TOO_SHORT",
            Self::TooLong => "TOO_LONG",
            Self::Malformed => "MALFORMED",
            Self::ForbiddenCharacter => "FORBIDDEN_CHARACTER",
            Self::TooWeak => "TOO_WEAK",
            Self::Breached => "BREACHED",
            Self::Mismatch => "MISMATCH",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Exclusive => "EXCLUSIVE",
            Self::Required => "REQUIRED",
            Self::WrongType => "WRONG_TYPE",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl Violation {
    /// A violation of `rule` by `field`.
    pub fn new(field: impl Into<Cow<'static, str>>, rule: Rule, message: impl Into<String>) -> Self {
        Self { field: field.into(), rule, message: message.into() }
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        Self::InvalidInput(vec![violation])
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Internal(error.into())
    }
}

impl From<redis::RedisError> for Error {
    fn from(error: redis::RedisError) -> Self {
        Self::Internal(error.into())
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

/// A wait in whole seconds that is never too short.
#[must_use]
pub fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs_f64().ceil() as u64).max(1)
}

fn describe(violations: &[Violation]) -> String {
    let sentences: Vec<&str> = violations.iter().map(|violation| violation.message.as_str()).collect();
    sentences.join(" ")
}

/// Collects every broken rule of an input before refusing it.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Takes the value of a check, or notes what it broke.
    pub fn check<T>(&mut self, checked: Result<T, Violation>) -> Option<T> {
        checked.map_err(|violation| self.0.push(violation)).ok()
    }

    /// The refusal that lists all of them.
    #[must_use]
    pub fn into_error(self) -> Error {
        Error::InvalidInput(self.0)
    }
}
