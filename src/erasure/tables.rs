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
    table("totp_secrets", Gone, In("authenticator_app.json")),
    table("passkeys", Gone, In("passkeys.json")),
    table("recovery_codes", Gone, In("recovery_codes.json")),
    table("linked_accounts", Gone, In("linked_accounts.json")),
    table("api_keys", Gone, In("api_keys.json")),
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
        Nowhere(
            "links, codes and sign-ins half done that last minutes or days; mails and activity tell what they were for",
        ),
    ),
    table("data_exports", Gone, Nowhere("the copy itself")),
    table("data_export_chunks", Gone, Nowhere("the copy itself")),
    table(
        "jobs",
        Scrubbed("what was done keeps neither what it was done with nor, once it went well, an error"),
        Nowhere("work that waits for seconds; what comes of it is in the other files"),
    ),
];
