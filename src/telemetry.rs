//! Logging: pretty lines on a terminal, one JSON object a line in production.
//!
//! No log line holds a token, password or cookie: spans carry chosen fields, never headers, bodies or
//! whole URLs, and secrets are types that do not print.

use std::io::IsTerminal;

use tracing_subscriber::{
    EnvFilter, Layer, filter::filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::config::{Config, LogFormat};

/// Starts logging to standard error for the rest of the process.
///
/// # Errors
/// A subscriber is installed already.
pub fn init(config: &Config) -> anyhow::Result<()> {
    let filter: EnvFilter = config.log_level.parse()?;
    let on_terminal = std::io::stderr().is_terminal();
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(on_terminal).with_target(false);
    let layer = match config.log_format {
        LogFormat::Pretty => layer.compact().boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_span_list(false).boxed(),
    };
    // At this level tungstenite writes whole messages, tokens and passwords included.
    let no_messages = filter_fn(|event| {
        !(event.target().starts_with("tungstenite") && *event.level() == tracing::Level::TRACE)
    });
    tracing_subscriber::registry().with(filter).with(no_messages).with(layer).try_init()?;
    Ok(())
}
