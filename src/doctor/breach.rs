//! The list of passwords that are known from breaches.

use super::{
    Check, Group, Installation,
    check::{DEADLINE, Subject},
};
use crate::auth::breach::BreachedPasswords;

static BREACHED: Subject = Subject::new("breached_passwords", Group::Security, "Breached passwords");

const KEYS: [&str; 2] = ["PASSWORD_BREACH_FILE", "PASSWORD_BREACH_URL"];
/// Every such list has it.
const KNOWN: &str = "password";
const MEND: &str = "Correct PASSWORD_BREACH_FILE (sorted SHA-1 digests, a line each) or PASSWORD_BREACH_URL; meanwhile no password is held against it";

/// Nothing where no list is configured.
pub(super) async fn examine(installation: &Installation) -> Vec<Check> {
    if let Some(reason) = installation.unusable(&KEYS) {
        return vec![BREACHED.skipped(reason)];
    }
    let Some(source) = &installation.config.breached_passwords else { return Vec::new() };
    let asked = async { BreachedPasswords::open(Some(source))?.contains(KNOWN).await };
    vec![match tokio::time::timeout(DEADLINE, asked).await {
        Ok(Ok(true)) => BREACHED.ok("the list is there, and knows the commonest"),
        Ok(Ok(false)) => BREACHED.failed(format!("the list does not know \"{KNOWN}\""), MEND),
        Ok(Err(error)) => BREACHED.failed(format!("the list cannot be read: {error:#}"), MEND),
        Err(_) => BREACHED.failed("the list does not answer", MEND),
    }]
}
