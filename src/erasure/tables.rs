//! Everything that tells of people.

/// A table with rows that tell of people.
#[derive(Debug, Clone, Copy)]
pub struct PersonalTable {
    /// Its name.
    pub name: &'static str,
    /// What is left of an account that was erased.
    pub erased: Erased,
    /// Whether its rows are in the copy of a person's data.
    pub copied: Copied,
}

/// What is left of an account that was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// No row of it.
    Gone,
    /// Rows without personal data, for this reason.
    Scrubbed(&'static str),
}

/// Whether rows are in the copy of a person's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// In this file.
    In(&'static str),
    /// In none, for this reason.
    Nowhere(&'static str),
}
use Copied::{In, Nowhere};
use Erased::{Gone, Scrubbed};

const fn table(name: &'static str, erased: Erased, copied: Copied) -> PersonalTable {
    PersonalTable { name, erased, copied }
}

/// All of them.
pub const TABLES: &[PersonalTable] = &[
    table("users", Gone, In("account.json")),
    table("sessions", Gone, In("sessions.json")),
    table("known_devices", Gone, In("devices.json")),
    table(
        "totp_secrets",
        Gone,
        Nowhere("a secret that the owner's app has; activity tells when it was set up and used"),
    ),
    table(
        "passkeys",
        Gone,
        Nowhere(
            "keys that are of use to their authenticators alone; activity has their names and tells of their use",
        ),
    ),
    table("recovery_codes", Gone, Nowhere("MACs that nothing can be read from")),
    table("mails", Gone, In("mails.json")),
    table("invitations", Gone, In("invitations.json")),
    table(
        "audit_events",
        Scrubbed("that something happened, when, and with bare identifiers that lead nowhere any more"),
        In("activity.json"),
    ),
    table(
        "one_time_tokens",
        Gone,
        Nowhere("links and codes that last minutes or days; mails and activity tell what they were for"),
    ),
    table(
        "jobs",
        Scrubbed("what was done keeps neither what it was done with nor, once it went well, an error"),
        Nowhere("work that waits for seconds; what comes of it is in the other files"),
    ),
];
