//! Every limit and lifetime of identity, as `docs/identity.md` has them: a test keeps the two equal.

use std::time::Duration;

use chrono::TimeDelta;

use crate::{
    api_key,
    auth::{breach, password, viewer},
    config::KEYS,
    data_export, erasure, identity_provider, invitation,
    job::{self, JobKind},
    known_device, linked_account, mail, one_time_token, registration,
    second_factor::{passkey, recovery_code, totp},
    session,
    throttle::{
        self,
        policy::{self, CLOSE_WAITS, WIDE_WAITS, Waits},
    },
    user, verification, worker,
};

/// A limit or lifetime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What it is called in the documents.
    pub name: &'static str,
    /// How much, with its unit.
    pub value: String,
    /// The configuration key that sets it, or the file.
    pub set_in: &'static str,
}

/// All of them, in the order of the documents.
#[must_use]
pub fn limits() -> Vec<Limit> {
    [
        of_sessions(),
        of_guesses(),
        of_waits(),
        of_mails(),
        of_factors(),
        of_providers(),
        of_api_keys(),
        of_data(),
        of_work(),
    ]
    .concat()
}

fn of_sessions() -> Vec<Limit> {
    vec![
        configured("access-token", "ACCESS_TOKEN_TTL"),
        configured("session", "SESSION_TTL"),
        configured("session-idle", "SESSION_IDLE_TTL"),
        lasting("refresh-grace", session::refresh::GRACE, "src/session/refresh.rs"),
        a_minute("refreshes", session::refresh::REFRESHES_PER_MINUTE, "src/session/refresh.rs"),
        lasting("recent-sign-in", viewer::RECENT, "src/auth/viewer.rs"),
        lasting("known-device", known_device::service::KNOWN_FOR, "src/known_device/service.rs"),
        lasting("session-remembered", session::service::KEPT_FOR, "src/session/service.rs"),
    ]
}

fn of_guesses() -> Vec<Limit> {
    let length = format!("{}–{}", password::MIN_CHARS, password::MAX_CHARS);
    vec![
        limit("password-characters", length, "src/auth/password.rs"),
        lasting("breach-check", delta(breach::DEADLINE), "src/auth/breach/range.rs"),
        configured("sign-in-attempts-a-minute", "SIGN_IN_ATTEMPTS_PER_MINUTE"),
        configured("sign-ups-an-hour", "SIGN_UPS_PER_HOUR"),
        a_minute("sign-up-tries", registration::service::TRIES_PER_MINUTE, "src/registration/service.rs"),
        a_minute("profile-changes", user::service::PROFILE_CHANGES_PER_MINUTE, "src/user/service.rs"),
    ]
}

/// Guesses at passwords, codes and second factors.
fn of_waits() -> Vec<Limit> {
    let set_in = "src/throttle/policy.rs";
    vec![
        times("guesses-of-a-network", policy::NETWORK_FACTOR, set_in),
        times("guesses-at-a-password", policy::ACCOUNT_FACTOR, set_in),
        times("guesses-at-a-code", policy::CODE_FACTOR, set_in),
        limit("wait-close", waits(CLOSE_WAITS), set_in),
        lasting("forgiven-close", delta(CLOSE_WAITS.forgiven_every), set_in),
        limit("wait-wide", waits(WIDE_WAITS), set_in),
        lasting("forgiven-wide", delta(WIDE_WAITS.forgiven_every), set_in),
        limit("blocks", throttle::service::MOST_BLOCKS, "src/throttle/service.rs"),
    ]
}

fn of_mails() -> Vec<Limit> {
    let days = invitation::service::DAYS;
    vec![
        lasting("mail-link", verification::service::GOOD_FOR, "src/verification/service.rs"),
        limit("mail-code-tries", one_time_token::service::CODE_TRIES, "src/one_time_token/service.rs"),
        an_hour("mails-to-an-address", verification::service::MAILS_PER_HOUR, "src/verification/service.rs"),
        an_hour("notices-to-an-address", mail::service::NOTICES_PER_HOUR, "src/mail/service.rs"),
        configured("mail-requests-an-hour", "MAIL_REQUESTS_PER_HOUR"),
        limit("invitation", format!("{}–{} d", days.start(), days.end()), "src/invitation/service.rs"),
        limit(
            "invitation-default",
            format!("{} d", invitation::service::DEFAULT_DAYS),
            "src/invitation/service.rs",
        ),
        lasting("disown-link", session::DISOWN_WITHIN, "src/session/new_device.rs"),
        lasting("token-remembered", one_time_token::service::KEPT_FOR, "src/one_time_token/service.rs"),
        lasting("mail-remembered", mail::service::KEPT_FOR, "src/mail/service.rs"),
    ]
}

fn of_factors() -> Vec<Limit> {
    vec![
        lasting("second-step", session::start::SECOND_STEP, "src/session/start.rs"),
        lasting("remembered-device", known_device::service::REMEMBERED_FOR, "src/known_device/service.rs"),
        limit("totp-step", format!("{} s", totp::STEP_SECONDS), "src/second_factor/totp/mod.rs"),
        limit("totp-steps-off", format!("±{}", totp::SKEW), "src/second_factor/totp/mod.rs"),
        lasting("totp-enrollment", totp::service::ENROLLMENT, "src/second_factor/totp/service.rs"),
        a_minute(
            "totp-enrollments",
            totp::service::ENROLLMENTS_PER_MINUTE,
            "src/second_factor/totp/service.rs",
        ),
        limit("recovery-codes", recovery_code::COUNT, "src/second_factor/recovery_code/mod.rs"),
        an_hour(
            "recovery-codes-made",
            recovery_code::service::GENERATED_AN_HOUR,
            "src/second_factor/recovery_code/service.rs",
        ),
        limit("passkeys", passkey::MOST, "src/second_factor/passkey/mod.rs"),
        lasting("passkey-challenge", passkey::CEREMONY, "src/second_factor/passkey/mod.rs"),
        a_minute(
            "passkey-challenges",
            passkey::service::CHALLENGES_PER_MINUTE,
            "src/second_factor/passkey/service.rs",
        ),
    ]
}

fn of_providers() -> Vec<Limit> {
    vec![
        lasting("provider-journey", linked_account::journey::LIFETIME, "src/linked_account/journey.rs"),
        times("provider-journeys", linked_account::service::JOURNEYS_FACTOR, "src/linked_account/service.rs"),
        lasting(
            "provider-question",
            delta(identity_provider::QUESTION_DEADLINE),
            "src/identity_provider/http.rs",
        ),
        lasting("provider-answer", delta(identity_provider::DEADLINE), "src/identity_provider/mod.rs"),
        lasting("provider-known", identity_provider::FRESH_FOR, "src/identity_provider/cached.rs"),
        lasting("provider-pause", identity_provider::PAUSE, "src/identity_provider/cached.rs"),
        limit("linked-accounts", linked_account::service::MOST, "src/linked_account/service.rs"),
    ]
}

fn of_api_keys() -> Vec<Limit> {
    let days = api_key::service::DAYS;
    vec![
        limit("api-key", format!("{}–{} d", days.start(), days.end()), "src/api_key/service.rs"),
        limit("api-key-default", format!("{} d", api_key::service::DEFAULT_DAYS), "src/api_key/service.rs"),
        limit("api-keys", api_key::service::MOST_ACTIVE, "src/api_key/service.rs"),
        an_hour("api-keys-made", api_key::service::MADE_AN_HOUR, "src/api_key/service.rs"),
        lasting("api-key-remembered", api_key::service::KEPT_FOR, "src/api_key/service.rs"),
    ]
}

fn of_data() -> Vec<Limit> {
    let megabytes = data_export::MAX_BYTES / 1024 / 1024;
    vec![
        lasting("data-export", data_export::KEPT_FOR, "src/data_export/mod.rs"),
        limit("data-exports", format!("{} / d", data_export::REQUESTS_PER_DAY), "src/data_export/mod.rs"),
        an_hour("data-export-downloads", data_export::DOWNLOADS_PER_HOUR, "src/data_export/mod.rs"),
        limit("data-export-size", format!("{megabytes} MiB"), "src/data_export/mod.rs"),
        lasting("erasure", erasure::GRACE, "src/erasure/mod.rs"),
        an_hour("erasures-asked-for", erasure::service::SCHEDULED_AN_HOUR, "src/erasure/service.rs"),
        lasting("erasure-put-off", erasure::PUT_OFF, "src/erasure/mod.rs"),
    ]
}

fn of_work() -> Vec<Limit> {
    let (first, longest) = (job::pause_after(1), job::pause_after(i32::MAX));
    vec![
        limit("jobs-at-once", worker::AT_ONCE, "src/worker.rs"),
        limit("job-tries-mail", JobKind::SendMail.most_attempts(), "src/job/mod.rs"),
        limit("job-tries-export", JobKind::ExportData.most_attempts(), "src/job/mod.rs"),
        limit("job-pause", format!("{} – {}", span(first), span(longest)), "src/job/mod.rs"),
        lasting("job-remembered", job::service::KEPT_FOR, "src/job/service.rs"),
        lasting("clean-up", worker::CLEAN_UP_EVERY, "src/worker.rs"),
    ]
}

fn limit(name: &'static str, value: impl ToString, set_in: &'static str) -> Limit {
    Limit { name, value: value.to_string(), set_in }
}

fn lasting(name: &'static str, time: TimeDelta, set_in: &'static str) -> Limit {
    limit(name, span(time), set_in)
}

/// As a multiple of `SIGN_IN_ATTEMPTS_PER_MINUTE`.
fn times(name: &'static str, factor: u32, set_in: &'static str) -> Limit {
    limit(name, format!("{factor} ×"), set_in)
}

fn waits(waits: Waits) -> String {
    format!("{} – {}", span(delta(waits.first)), span(delta(waits.longest)))
}

fn delta(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)
}

fn a_minute(name: &'static str, times: u32, set_in: &'static str) -> Limit {
    limit(name, format!("{times} / min"), set_in)
}

fn an_hour(name: &'static str, times: u32, set_in: &'static str) -> Limit {
    limit(name, format!("{times} / h"), set_in)
}

/// The default of a key, in the words of the configuration's documentation.
fn configured(name: &'static str, key: &'static str) -> Limit {
    let default = KEYS.iter().find(|known| known.name == key).map_or("", |known| known.default);
    limit(name, default, key)
}

/// In the greatest unit of which it is a whole number.
fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds();
    let units = [(86_400, "d"), (3600, "h"), (60, "min")];
    let fits = units.into_iter().find(|(size, _)| seconds % size == 0);
    let (size, unit) = fits.unwrap_or((1, "s"));
    format!("{} {unit}", seconds / size)
}
