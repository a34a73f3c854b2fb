//! What the process tells of itself: its log, and traces where a collector is configured.
//!
//! The log is pretty lines on a terminal and one JSON object a line in production. No log line and no trace holds a
//! token, password or cookie: spans carry chosen fields, never headers, bodies or whole URLs, and secrets are types
//! that do not print.

mod log_level;
mod traces;

use std::io::IsTerminal;

use tracing_subscriber::{
    Layer,
    filter::{FilterExt, Targets, filter_fn},
    fmt,
    layer::SubscriberExt,
    reload,
    util::SubscriberInitExt,
};

pub use log_level::{LogLevel, change_log_level, restore_log_level};
pub use traces::{operation_span, record_status, request_span, trace_id};

use crate::config::{Config, LogFormat};

/// Keeps telemetry going; at the end of the process it sends what it still holds.
#[must_use]
pub struct Telemetry {
    traces: Option<traces::Exporter>,
}

impl Telemetry {
    /// Sends the last traces, for which it waits 2 s at most.
    pub async fn finish(self) {
        if let Some(traces) = self.traces {
            traces.finish().await;
        }
    }
}

/// Starts logging to standard error, and tracing where that is configured, for the rest of the process. To be called
/// in a Tokio runtime.
///
/// # Errors
/// It has been started already, or the collector's address cannot be used.
pub fn init(config: &Config) -> anyhow::Result<Telemetry> {
    let on_terminal = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(on_terminal).with_target(false);
    let lines = match config.log_format {
        LogFormat::Pretty => lines.compact().boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    let (filter, handle) = reload::Layer::new(log_level::configured(&config.log_level)?);
    // At this level tungstenite writes whole messages, tokens and passwords included.
    let no_messages = filter_fn(|event| {
        !(event.target().starts_with("tungstenite") && *event.level() == tracing::Level::TRACE)
    });
    let log = lines.with_filter(filter.and(no_messages));

    let traces = config.traces.as_ref().map(traces::Exporter::start).transpose()?;
    let traced = if traces.is_some() { traces::filter() } else { Targets::new() };
    let spans = traces.as_ref().map(traces::Exporter::layer).with_filter(traced);
    tracing_subscriber::registry().with(log).with(spans).try_init()?;
    log_level::keep(handle, config.log_level.clone());
    Ok(Telemetry { traces })
}
