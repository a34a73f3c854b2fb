//! What archives are called: `fastgpt-platform-20261123T031500Z.tar.zst`.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Utc};

/// What every name begins with.
pub(super) const PREFIX: &str = "fastgpt-platform-";
const TIME: &str = "%Y%m%dT%H%M%SZ";
const BEFORE_RESTORE: &str = "-before-restore";
const ENDING: &str = ".tar.zst";
const ENCRYPTED: &str = ".age";
/// How far the clocks of machines that share a folder may be apart.
const CLOCK_SKEW: TimeDelta = TimeDelta::hours(1);

/// Why an archive was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// Somebody, or the schedule, asked for a backup.
    Regular,
    /// A restore was about to replace what the archive holds.
    BeforeRestore,
}

/// The name of an archive: nothing else has one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ArchiveName {
    /// In whole seconds.
    pub(super) created_at: DateTime<Utc>,
    pub(super) occasion: Occasion,
    pub(super) is_encrypted: bool,
}

impl ArchiveName {
    pub(super) fn new(now: DateTime<Utc>, occasion: Occasion, is_encrypted: bool) -> Self {
        Self { created_at: now.trunc_subsecs(0), occasion, is_encrypted }
    }

    /// Whether it was made while a clock was wrong: nobody knows when, so that it is neither the newest, nor any day's.
    pub(super) fn is_of_the_future(&self, now: DateTime<Utc>) -> bool {
        self.created_at > now + CLOCK_SKEW
    }

    /// `None` for every text that [`ArchiveName`] would not print.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (rest, is_encrypted) = cut(text, ENCRYPTED);
        let (rest, before_restore) = cut(rest.strip_suffix(ENDING)?, BEFORE_RESTORE);
        let time = NaiveDateTime::parse_from_str(rest.strip_prefix(PREFIX)?, TIME).ok()?.and_utc();
        let occasion = if before_restore { Occasion::BeforeRestore } else { Occasion::Regular };
        let name = Self::new(time, occasion, is_encrypted);
        (name.to_string() == text).then_some(name)
    }
}

fn cut<'a>(text: &'a str, ending: &str) -> (&'a str, bool) {
    text.strip_suffix(ending).map_or((text, false), |rest| (rest, true))
}

impl fmt::Display for ArchiveName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before_restore = if self.occasion == Occasion::BeforeRestore { BEFORE_RESTORE } else { "" };
        let encrypted = if self.is_encrypted { ENCRYPTED } else { "" };
        write!(f, "{PREFIX}{}{before_restore}{ENDING}{encrypted}", self.created_at.format(TIME))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_names() {
        for text in [
            "fastgpt-platform-20261123T031500Z.tar.zst",
            "fastgpt-platform-20261123T031500Z.tar.zst.age",
            "fastgpt-platform-20261123T031500Z-before-restore.tar.zst",
            "fastgpt-platform-20261123T031500Z-before-restore.tar.zst.age",
        ] {
            assert_eq!(ArchiveName::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "fastgpt-platform-20261123T031500Z.tar",
            "fastgpt-platform-20261123T031500Z.tar.zst.sha256",
            ".fastgpt-platform-20261123T031500Z.tar.zst",
            "fastgpt-platform-20261123T031500Z.tar.zst.age.age",
            "fastgpt-platform-20261123T031500Z.tar.zst (1)",
            "fastgpt-platform-20261323T031500Z.tar.zst",
            "fastgpt-platform-20261123T256000Z.tar.zst",
            "fastgpt-platform- 20261123T31500Z.tar.zst",
            "fastgpt-platform-20261123T031500Z-before-restore-before-restore.tar.zst",
            "fastgpt-platform-２0261123T031500Z.tar.zst",
            "other-20261123T031500Z.tar.zst",
        ] {
            assert_eq!(ArchiveName::parse(text), None, "{text}");
        }
    }
}
