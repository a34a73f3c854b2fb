//! How much is logged, which may change while the process runs.

use std::sync::OnceLock;

use anyhow::Context;
use async_graphql::Enum;
use serde::{Deserialize, Serialize};
use tracing_subscriber::{EnvFilter, Registry, reload};

/// How much the platform itself logs; what its libraries log is for the configuration to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LogLevel {
    /// What failed and needs somebody.
    Error,
    /// Also what went wrong and was coped with.
    Warn,
    /// Also what happens: a line for every request.
    Info,
    /// Also what led to it.
    Debug,
}

/// The filter that logging was started with: the one subscriber of the process has one place for it.
static FILTER: OnceLock<Filter> = OnceLock::new();

struct Filter {
    handle: reload::Handle<EnvFilter, Registry>,
    configured: String,
}

/// The filter of the configuration.
pub(super) fn configured(text: &str) -> anyhow::Result<EnvFilter> {
    // Spans that are for traces alone, SeaORM's of statements among them, would be repeated in each line; and webauthn-rs
    // takes for an error, and writes down, whatever a caller sends in the place of a passkey.
    let libraries = "sea_orm=warn,webauthn_rs_core=off";
    Ok(format!("{libraries},{text},{}=off", super::traces::TARGET).parse()?)
}

pub(super) fn keep(handle: reload::Handle<EnvFilter, Registry>, configured: String) {
    // Logging can be started once, so this is empty.
    let _ = FILTER.set(Filter { handle, configured });
}

/// Has the platform log at `level` from now on, whatever is configured.
///
/// # Errors
/// Internal only.
pub fn change_log_level(level: LogLevel) -> anyhow::Result<()> {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    reload(|configured| format!("{configured},fastgpt_platform={level}"))
}

/// Has it log as configured again.
///
/// # Errors
/// Internal only.
pub fn restore_log_level() -> anyhow::Result<()> {
    reload(str::to_owned)
}

/// Does nothing in a process that does not log, as tests are.
fn reload(text: impl FnOnce(&str) -> String) -> anyhow::Result<()> {
    let Some(filter) = FILTER.get() else { return Ok(()) };
    let changed = configured(&text(&filter.configured))?;
    filter.handle.reload(changed).context("the log's filter cannot be changed")
}
