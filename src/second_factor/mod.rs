//! Second factors: authenticator apps, passkeys, and recovery codes for those who have lost both.
//!
//! Whatever is shown is looked at first ([`service::check`]) and used up in the transaction of what it is good for
//! ([`service::use_up`]), by a conditional UPDATE each: of several callers at once with the same code, one gets in.
//! Whether an account has a second factor is in its own row, which every change of its factors holds first.

pub mod graphql;
pub mod loader;
pub mod passkey;
pub mod recovery_code;
pub mod second_step;
pub mod service;
pub mod totp;

use async_graphql::Enum;
use strum::IntoStaticStr;

use passkey::{Passkey, PasskeyAssertion, service::ShownPasskey};
use totp::{Totp, service::ShownCode};

use crate::id::RecoveryCodeId;

/// What can be shown as the second step of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum, IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum SecondFactorMethod {
    /// A code of an authenticator app.
    Totp,
    /// A passkey.
    Passkey,
    /// One of the codes that were shown once.
    RecoveryCode,
}

/// What somebody can show to prove once more who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum ReauthenticationMethod {
    /// The password.
    Password,
    /// A code of an authenticator app.
    Totp,
    /// A passkey.
    Passkey,
    /// Signing in again through one of `linkedAccounts`.
    Provider,
}

/// A second factor as somebody shows it.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A code of an authenticator app.
    Totp(String),
    /// A passkey's answer to a challenge.
    Passkey(PasskeyAssertion),
    /// A recovery code.
    RecoveryCode(String),
}

impl Proof {
    /// Which one it is.
    #[must_use]
    pub fn method(&self) -> SecondFactorMethod {
        match self {
            Self::Totp(_) => SecondFactorMethod::Totp,
            Self::Passkey(_) => SecondFactorMethod::Passkey,
            Self::RecoveryCode(_) => SecondFactorMethod::RecoveryCode,
        }
    }
}

/// A second factor that was shown and is right. It counts once [`service::use_up`] has used it up.
#[derive(Debug, Clone)]
pub enum Shown {
    /// A code of an authenticator app.
    Totp(ShownCode),
    /// A passkey.
    Passkey(ShownPasskey),
    /// A recovery code.
    RecoveryCode(RecoveryCodeId),
}

impl Shown {
    /// Which one it is.
    #[must_use]
    pub fn method(&self) -> SecondFactorMethod {
        match self {
            Self::Totp(_) => SecondFactorMethod::Totp,
            Self::Passkey(_) => SecondFactorMethod::Passkey,
            Self::RecoveryCode(_) => SecondFactorMethod::RecoveryCode,
        }
    }
}

/// The second factors of one account.
#[derive(Debug, Clone, Default)]
pub struct SecondFactors {
    /// The authenticator app.
    pub totp: Option<Totp>,
    /// The earliest first.
    pub passkeys: Vec<Passkey>,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: u64,
    /// Devices that stand for a second factor.
    pub remembered_devices: u64,
}
