//! The report, for people and for programs.

use serde::Serialize;

use super::{Group, Status, check::Check};

/// Everything that was looked at.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Of this program.
    pub version: &'static str,
    /// Whether the rules of production counted.
    pub production: bool,
    /// Whether nothing failed.
    pub ok: bool,
    /// By group, in the order of the groups.
    pub checks: Vec<Check>,
}

impl Report {
    pub(super) fn new(production: bool, checks: Vec<Check>) -> Self {
        let ok = checks.iter().all(|check| check.status != Status::Failed);
        Self { version: env!("CARGO_PKG_VERSION"), production, ok, checks }
    }

    /// The report as lines of text; the last one counts.
    #[must_use]
    pub fn to_text(&self, coloured: bool) -> String {
        let rules = if self.production { "production" } else { "development" };
        let mut text = format!("FastGPT Platform {}, by the rules of {rules}\n", self.version);
        for checks in self.checks.chunk_by(|one, next| one.group == next.group) {
            text += &format!("\n{}\n", checks[0].group.title());
            // What one cause keeps from being looked at is one line.
            let alike = |one: &Check, next: &Check| {
                one.status == Status::Skipped
                    && next.status == Status::Skipped
                    && one.evidence == next.evidence
            };
            text.extend(checks.chunk_by(alike).map(|checks| to_text(checks, coloured)));
        }
        let count = |status| self.checks.iter().filter(|check| check.status == status).count();
        let (ok, warnings, failed) = (count(Status::Ok), count(Status::Warning), count(Status::Failed));
        text + &format!("\n{ok} ok, {warnings} warnings, {failed} failed\n")
    }
}

impl Group {
    fn title(self) -> &'static str {
        match self {
            Self::Configuration => "Configuration",
            Self::Storage => "Storage",
            Self::Clock => "Clock",
            Self::Server => "Server",
            Self::PublicAddress => "Public address",
            Self::Security => "Security",
            Self::System => "System",
            Self::Backups => "Backups",
        }
    }
}

fn to_text(checks: &[Check], coloured: bool) -> String {
    let Check { status, evidence, fix, .. } = &checks[0];
    let (mark, colour) = match status {
        Status::Ok => ("✓", "32"),
        Status::Warning => ("!", "33"),
        Status::Failed => ("✗", "31"),
        Status::Skipped => ("–", "2"),
    };
    let mark = if coloured { format!("\x1b[{colour}m{mark}\x1b[0m") } else { mark.to_owned() };
    let titles: Vec<&str> = checks.iter().map(|check| &*check.title).collect();
    let line = format!("  {mark} {}: {evidence}\n", titles.join(", "));
    match fix {
        Some(fix) => format!("{line}    → {fix}\n"),
        None => line,
    }
}
