//! One check: what was looked at, what was seen, what to do about it.

use std::{borrow::Cow, time::Duration};

use serde::Serialize;

/// Characters of evidence.
const MAX_EVIDENCE: usize = 400;
/// No check takes longer.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);

/// Part of the installation, in the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Settings.
    Configuration,
    /// Database and Redis.
    Storage,
    /// Time.
    Clock,
    /// The process and its ports.
    Server,
    /// What people reach: proxy, TLS, console.
    PublicAddress,
    /// Passwords, secrets, open doors.
    Security,
    /// Disks, limits, permissions.
    System,
    /// Backups.
    Backups,
}

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Could not be looked at, or does not apply.
    Skipped,
    /// As it should be.
    Ok,
    /// Works, and will not for ever or for everybody.
    Warning,
    /// Does not work, or is not safe.
    Failed,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Its name for programs; stays the same.
    pub id: Cow<'static, str>,
    /// Where it belongs.
    pub group: Group,
    /// Its name for people.
    pub title: Cow<'static, str>,
    /// The outcome.
    pub status: Status,
    /// What was seen, in one line, without secrets.
    pub evidence: String,
    /// The command to run or the setting to write, when something is not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// What a check looks at; its methods make the [`Check`].
#[derive(Debug, Clone)]
pub(super) struct Subject {
    id: Cow<'static, str>,
    group: Group,
    title: Cow<'static, str>,
}

impl Subject {
    pub(super) const fn new(id: &'static str, group: Group, title: &'static str) -> Self {
        Self { id: Cow::Borrowed(id), group, title: Cow::Borrowed(title) }
    }

    /// One of several of a kind, named by what it is about.
    pub(super) fn of(id: String, group: Group, title: String) -> Self {
        Self { id: id.into(), group, title: title.into() }
    }

    pub(super) fn ok(&self, evidence: impl Into<String>) -> Check {
        self.check(Status::Ok, evidence.into(), None)
    }

    pub(super) fn skipped(&self, evidence: impl Into<String>) -> Check {
        self.check(Status::Skipped, evidence.into(), None)
    }

    pub(super) fn warning(&self, evidence: impl Into<String>, fix: impl Into<String>) -> Check {
        self.check(Status::Warning, evidence.into(), Some(fix.into()))
    }

    pub(super) fn failed(&self, evidence: impl Into<String>, fix: impl Into<String>) -> Check {
        self.check(Status::Failed, evidence.into(), Some(fix.into()))
    }

    /// A warning, or a failure where it counts: in production, mostly.
    pub(super) fn wrong(
        &self,
        is_failure: bool,
        evidence: impl Into<String>,
        fix: impl Into<String>,
    ) -> Check {
        if is_failure { self.failed(evidence, fix) } else { self.warning(evidence, fix) }
    }

    /// The check that `look` makes, if it does so in time.
    pub(super) async fn in_time(&self, look: impl Future<Output = Check>) -> Check {
        tokio::time::timeout(DEADLINE, look).await.unwrap_or_else(|_| self.no_answer())
    }

    /// As [`Subject::in_time`], for what asks the disk, which may hang.
    pub(super) async fn on_disk(&self, look: impl FnOnce(&Self) -> Check + Send + 'static) -> Check {
        let subject = self.clone();
        let looking = tokio::task::spawn_blocking(move || look(&subject));
        self.in_time(async { looking.await.unwrap_or_else(|_| self.no_answer()) }).await
    }

    fn no_answer(&self) -> Check {
        let fix = "Find out what hangs there: `dmesg`, the log of the service, the firewall";
        self.failed(format!("no answer within {} s", DEADLINE.as_secs()), fix)
    }

    fn check(&self, status: Status, evidence: String, fix: Option<String>) -> Check {
        // What others say may have several lines, no end, and commands for a terminal.
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let evidence: String = evidence.chars().take(MAX_EVIDENCE).map(plain).collect();
        let evidence = evidence.split_whitespace().collect::<Vec<_>>().join(" ");
        Check { id: self.id.clone(), group: self.group, title: self.title.clone(), status, evidence, fix }
    }
}
