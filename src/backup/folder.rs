//! The folder of the archives.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};

use super::{
    draft::remove,
    name::{ArchiveName, Occasion},
    progress::Counter,
    retention::retain,
    sum::{self, Comparison},
};
use crate::{config::Backup, store::data_folder};

/// How long what a restore replaced is kept: it counts neither as its day's nor as its week's backup, since it may hold
/// the very damage that was repaired.
const KEEP_BEFORE_RESTORE: TimeDelta = TimeDelta::days(7);

/// A folder of archives.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// Proof that no other process makes or removes archives in the folder.
#[derive(Debug)]
pub(super) struct FolderLock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// An archive in the folder.
#[derive(Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its size.
    pub bytes: u64,
    /// What its sum says.
    pub state: State,
}

/// Whether an archive is what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its sum is right.
    Whole,
    /// Its sum is another one.
    Damaged,
    /// There is no sum beside it.
    Unknown,
}

impl Folder {
    /// The folder at `path`, which is created when something is written to it.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn lock(&self) -> anyhow::Result<FolderLock> {
        let shown = self.0.display();
        data_folder::create(&self.0)?;
        let file = data_folder::try_lock(&self.0.join(".backup.lock"))
            .with_context(|| format!("cannot write to the backup folder {shown}"))?;
        file.map(FolderLock)
            .with_context(|| format!("another backup to {shown} is under way; wait until it has ended"))
    }

    /// All archives, oldest first; a folder that is not there has none.
    pub(super) fn archives(&self) -> anyhow::Result<Vec<ArchiveName>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.and_then(Iterator::collect::<io::Result<Vec<_>>>),
        };
        let entries =
            entries.with_context(|| format!("cannot read the backup folder {}", self.0.display()))?;
        let files = entries.iter().filter(|entry| entry.path().is_file());
        let mut names: Vec<_> =
            files.filter_map(|entry| ArchiveName::parse(entry.file_name().to_str()?)).collect();
        names.sort_by_key(|name| (name.created_at, name.is_encrypted));
        Ok(names)
    }

    /// When the newest backup that somebody, or the schedule, asked for was made. Those dated in the future do not count.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn newest(&self, now: DateTime<Utc>) -> anyhow::Result<Option<DateTime<Utc>>> {
        let archives = self.archives()?;
        let counting = archives.iter().filter(|name| counts(name, now));
        Ok(counting.map(|name| name.created_at).max())
    }

    /// All archives, oldest first, each read and compared with its sum.
    ///
    /// # Errors
    /// The folder or an archive cannot be read.
    pub fn list(&self) -> anyhow::Result<Vec<Listed>> {
        let listed = self.archives()?.into_iter().map(|name| {
            let path = self.0.join(name.to_string());
            let state = match sum::compare(&path, &Counter::default())? {
                Comparison::Same => State::Whole,
                Comparison::Different { .. } => State::Damaged,
                Comparison::Unknown => State::Unknown,
            };
            let bytes = fs::metadata(&path)?.len();
            Ok(Listed { name: name.to_string(), created_at: name.created_at, bytes, state })
        });
        listed.collect()
    }

    /// Removes the archives that are not to be kept, with their sums, and tells their names. One that cannot be removed
    /// makes no backup a failure.
    pub(super) fn prune(&self, _: &FolderLock, keep: &Backup, now: DateTime<Utc>) -> Vec<String> {
        let warn = |error: &anyhow::Error| {
            tracing::warn!(error = format!("{error:#}"), "an archive that is not to be kept is still there");
        };
        let archives = self.archives().unwrap_or_else(|error| {
            warn(&error);
            Vec::new()
        });
        let times: Vec<_> =
            archives.iter().filter(|name| counts(name, now)).map(|name| name.created_at).collect();
        let superfluous = retain(&times, keep.keep_daily, keep.keep_weekly);
        let goes = |name: &ArchiveName| match name.occasion {
            Occasion::Regular => superfluous.contains(&name.created_at),
            Occasion::BeforeRestore => name.created_at < now - KEEP_BEFORE_RESTORE,
        };
        let mut removed = Vec::new();
        for name in archives.iter().filter(|name| goes(name)).map(ArchiveName::to_string) {
            let path = self.0.join(&name);
            match remove(&path).and_then(|()| remove(&sum::sidecar(&path))) {
                Ok(()) => removed.push(name),
                Err(error) => warn(&error),
            }
        }
        removed
    }
}

/// Whether it is the backup of its day.
fn counts(name: &ArchiveName, now: DateTime<Utc>) -> bool {
    name.occasion == Occasion::Regular && !name.is_of_the_future(now)
}

#[cfg(test)]
mod tests {
    use super::{super::draft::tests::names, *};

    const KEEP: Backup = Backup {
        folder: PathBuf::new(),
        keep_daily: 1,
        keep_weekly: 0,
        recipients: vec![],
        programs: vec![],
    };

    #[test]
    fn only_archives_are_ever_removed() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().to_owned());
        let others = [
            "fastgpt-platform-20261001T030000Z.tar.zst.part",
            "fastgpt-platform-20261001T030000Z.tar.zst.sha256.bak",
            "fastgpt-platform-monday.tar.zst",
            "photos.tar.zst",
        ];
        let archives = [
            "fastgpt-platform-20261101T030000Z.tar.zst",
            "fastgpt-platform-20261102T030000Z.tar.zst.age",
            "fastgpt-platform-20261115T030000Z-before-restore.tar.zst",
            "fastgpt-platform-20261117T030000Z-before-restore.tar.zst",
            "fastgpt-platform-20261120T030000Z.tar.zst",
        ];
        for name in others.iter().chain(&archives) {
            fs::write(root.path().join(name), name).unwrap();
        }
        fs::write(sum::sidecar(&root.path().join(archives[0])), "").unwrap();
        let lock = folder.lock().unwrap();
        let removed = folder.prune(&lock, &KEEP, "2026-11-23T00:00:00Z".parse().unwrap());
        assert_eq!(removed, archives[..3]);
        let mut left: Vec<_> = [&others[..], &archives[3..], &[".backup.lock"]].concat();
        left.sort_unstable();
        assert_eq!(names(root.path()), left);
    }

    #[test]
    fn what_is_dated_in_the_future_neither_counts_nor_goes() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().to_owned());
        let [old, new, ahead, far] =
            ["20261122T030000", "20261123T030000", "20261123T033000", "20361123T030000"]
                .map(|time| format!("fastgpt-platform-{time}Z.tar.zst"));
        for name in [&old, &new, &far] {
            fs::write(root.path().join(name), "").unwrap();
        }
        let now: DateTime<Utc> = "2026-11-23T03:00:00Z".parse().unwrap();
        assert_eq!(folder.newest(now).unwrap(), Some(now));
        let lock = folder.lock().unwrap();
        assert_eq!(folder.prune(&lock, &KEEP, now), [old]);
        assert_eq!(names(root.path()), [".backup.lock".to_owned(), new, far]);
        fs::write(root.path().join(ahead), "").unwrap();
        assert_eq!(folder.newest(now).unwrap(), Some(now + TimeDelta::minutes(30)), "clocks differ");
    }

    #[test]
    fn what_cannot_be_removed_stops_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().to_owned());
        let [folder_of_that_name, stuck, old, new] =
            ["20", "21", "22", "23"].map(|day| format!("fastgpt-platform-202611{day}T030000Z.tar.zst"));
        fs::create_dir(root.path().join(&folder_of_that_name)).unwrap();
        for name in [&stuck, &old, &new] {
            fs::write(root.path().join(name), "").unwrap();
        }
        fs::create_dir(sum::sidecar(&root.path().join(stuck))).unwrap();
        let lock = folder.lock().unwrap();
        let now = "2026-11-23T03:00:00Z".parse().unwrap();
        assert_eq!(folder.prune(&lock, &KEEP, now), [old]);
        assert_eq!(folder.list().unwrap().into_iter().map(|it| it.name).collect::<Vec<_>>(), [new]);
    }
}
