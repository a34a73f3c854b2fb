//! Counting guesses, and letting those go on who wait.

use std::{sync::atomic::Ordering, time::Duration};

use super::{Block, Blocked, Guess, Stop, group_of};
use crate::{
    audit::{self, Entry, Kind},
    auth::{Admin, Client, secrets::fingerprint},
    email::Email,
    error::{Error, Result},
    gateway::Gateway,
    id::BlockId,
    metrics::count,
    store::attempts::{Counter, Wait},
    user,
};

/// Blocks that are listed at most.
pub const MOST_BLOCKS: usize = 100;

/// Counts a guess: at one account from one network, from one network at all, and at one account from everywhere; or, from
/// a device that the account was used from before, by that device alone.
///
/// # Errors
/// `RATE_LIMITED`; then it is not counted.
pub async fn attempt(gateway: &Gateway, guess: &Guess) -> Result<()> {
    let (stops, counters): (Vec<Stop>, Vec<Counter>) = counters(gateway, guess).into_iter().unzip();
    match gateway.attempts.count(&counters, gateway.clock.now()).await {
        Ok(()) => {
            guess.is_counted.store(true, Ordering::Relaxed);
            Ok(())
        }
        Err(refused) => {
            let stop = stops.get(refused.by).map_or("OTHER", Into::into);
            count(&gateway.happenings.refused_guesses, stop);
            Err(Error::RateLimited(refused.wait.max(Duration::from_secs(1))))
        }
    }
}

/// Forgets the guesses at an account from here, whose owner has shown who it is. For the network, and for the account
/// from everywhere, this one guess was none; those of others still count.
pub async fn clear(gateway: &Gateway, guess: &Guess) {
    if !guess.is_counted.swap(false, Ordering::Relaxed) {
        return;
    }
    let (own, shared): (Vec<_>, Vec<_>) = counters(gateway, guess)
        .into_iter()
        .partition(|(stop, _)| matches!(stop, Stop::AccountAndNetwork | Stop::Device));
    let now = gateway.clock.now();
    let own: Vec<_> = own.into_iter().map(|(_, counter)| counter.id).collect();
    gateway.attempts.forget(&own, now).await;
    let shared: Vec<_> = shared.into_iter().map(|(_, counter)| counter).collect();
    if !shared.is_empty() {
        gateway.attempts.give_back(&shared, now).await;
    }
}

/// Forgets the guesses at the password of the account with this address from everywhere: it was reset.
pub async fn forget_account(gateway: &Gateway, email: &str) {
    let account = Email::parse(email).map_or_else(|_| email.to_owned(), Email::into_string);
    gateway.attempts.forget_group(group_of(&fingerprint(&account))).await;
}

fn counters(gateway: &Gateway, guess: &Guess) -> Vec<(Stop, Counter)> {
    guess.counters(gateway.config.sign_in_attempts_per_minute)
}

/// Who has to wait, the longest wait first; at most [`MOST_BLOCKS`].
pub async fn list_blocks(gateway: &Gateway, _: &Admin) -> Vec<Block> {
    let waits = gateway.attempts.list(MOST_BLOCKS, gateway.clock.now()).await;
    waits.into_iter().filter_map(read).collect()
}

/// A replica of another version may have written what this one cannot read.
fn read(wait: Wait) -> Option<Block> {
    let whom: Blocked = serde_json::from_str(&wait.label).ok()?;
    Some(Block { id: wait.id.into(), whom, attempts: wait.attempts, until: wait.until })
}

/// Lets those go on who wait; tells whether anybody still did.
///
/// # Errors
/// Internal only.
pub async fn clear_block(gateway: &Gateway, admin: &Admin, id: BlockId, client: &Client) -> Result<bool> {
    let block = list_blocks(gateway, admin).await.into_iter().find(|block| block.id == id);
    if !gateway.attempts.forget(&[id.into()], gateway.clock.now()).await {
        return Ok(false);
    }
    let mut entry = Entry::by_admin(admin, Kind::BlockCleared).from(client);
    if let Some(Block { whom, .. }) = block {
        let kind: &str = whom.kind.into();
        entry = entry.with("kind", kind);
        let user = match &whom.account {
            Some(email) => user::service::find_by_email(&gateway.db, email).await?,
            None => None,
        };
        // The record keeps no addresses of people without an account.
        entry = match (user, whom.network) {
            (Some(user), _) => entry.about(user.id).with("subject", user.email),
            (None, Some(network)) => entry.with("subject", network),
            (None, None) => entry,
        };
    }
    audit::service::record_now(gateway, entry).await?;
    Ok(true)
}
