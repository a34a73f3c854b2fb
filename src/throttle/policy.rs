//! How much guessing goes on without a wait, and how waits grow: every number of it.
//!
//! `SIGN_IN_ATTEMPTS_PER_MINUTE` is the allowance at one account from one network; the others are multiples of it.

use std::time::Duration;

use super::{Secret, Stop};
use crate::store::attempts::Patience;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// At one account from one network, or from one known device: a minute's wait, then two, four, up to fifteen.
pub const CLOSE_WAITS: Waits =
    Waits { first: MINUTE, longest: MINUTE.saturating_mul(15), forgiven_every: MINUTE.saturating_mul(15) };
/// From one network at all, or at one account from everywhere: so short that nobody is kept out by strangers.
pub const WIDE_WAITS: Waits = Waits { first: SECOND, longest: MINUTE, forgiven_every: MINUTE };

/// How many times the allowance one network has, at all accounts.
pub const NETWORK_FACTOR: u32 = 3;
/// How many times the allowance one account has for its password, from everywhere.
pub const ACCOUNT_FACTOR: u32 = 10;
/// The same for codes and second factors, at which only those guess who have the password or the mailbox's address.
pub const CODE_FACTOR: u32 = 3;

/// Waits, and how fast attempts are forgiven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// The first.
    pub first: Duration,
    /// No one is longer.
    pub longest: Duration,
    /// The time in which one attempt is forgiven.
    pub forgiven_every: Duration,
}

/// What is let through.
pub(super) fn patience(secret: Secret, stop: Stop, attempts_per_minute: u32) -> Patience {
    let (factor, waits) = match (stop, secret) {
        (Stop::AccountAndNetwork | Stop::Device, _) => (1, CLOSE_WAITS),
        (Stop::Network, _) => (NETWORK_FACTOR, WIDE_WAITS),
        (Stop::Account, Secret::Password) => (ACCOUNT_FACTOR, WIDE_WAITS),
        (Stop::Account, Secret::EmailCode | Secret::SecondFactor) => (CODE_FACTOR, CLOSE_WAITS),
    };
    Patience {
        allowance: attempts_per_minute.saturating_mul(factor),
        forgiven_every: waits.forgiven_every,
        first_wait: waits.first,
        longest_wait: waits.longest,
    }
}
