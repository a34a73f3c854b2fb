//! The folder of the archives, and the drafts that become archives.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};

use super::{
    name::{ArchiveName, Occasion, PREFIX},
    progress::Counter,
    retention::retain,
    sum::{self, Comparison},
};
use crate::{config::Backup, store::data_folder};

/// How long what a restore replaced is kept: it counts neither as its day's nor as its week's backup, since it may hold
/// the very damage that was repaired.
const KEEP_BEFORE_RESTORE: TimeDelta = TimeDelta::days(7);
/// Drafts of this age belong to no process that still writes them.
const DRAFT_LIFETIME: TimeDelta = TimeDelta::days(1);
const DRAFT: &str = ".draft";
/// What SQLite keeps beside a file that it has open, and takes for that file's own whatever the file is.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

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

/// Removes the drafts in `folder` that killed processes left there. One that is not there has none.
pub(super) fn sweep(folder: &Path, now: DateTime<Utc>) -> anyhow::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_draft = name.starts_with(&format!(".{PREFIX}")) && name.contains(DRAFT);
        if !is_draft || !entry.file_type()?.is_file() {
            continue;
        }
        let draft = COMPANIONS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
        let is_left = match fs::metadata(folder.join(draft)) {
            Ok(draft) => DateTime::<Utc>::from(draft.modified()?) < now - DRAFT_LIFETIME,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if is_left {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// The files that SQLite keeps beside `database`.
pub(super) fn companions(database: &Path) -> [PathBuf; 3] {
    COMPANIONS.map(|ending| {
        let mut path = database.as_os_str().to_owned();
        path.push(ending);
        path.into()
    })
}

/// Removes them, whosever they are: those that a killed process left would be played into the next file of that name.
pub(super) fn remove_companions(database: &Path) -> anyhow::Result<()> {
    companions(database).iter().try_for_each(|path| remove(path))
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// A hidden file for its owner's eyes alone, which goes with the value unless it is published.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) path: PathBuf,
    pub(super) file: File,
}

impl Draft {
    /// Creates the draft of `name` in `folder`.
    pub(super) fn create(folder: &Path, name: &str) -> anyhow::Result<Self> {
        let path = folder.join(format!(".{name}{DRAFT}"));
        remove(&path)?;
        remove_companions(&path)?;
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path, file })
    }

    /// Gives it its name, in place of what had that name, once all of it is on the disk.
    pub(super) fn publish(self, target: &Path) -> anyhow::Result<()> {
        let publish = || {
            self.file.sync_all()?;
            fs::rename(&self.path, target)?;
            File::open(target.parent().unwrap_or(Path::new(".")))?.sync_all()
        };
        publish().with_context(|| format!("cannot write {}", target.display()))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Published, it is not there any more.
        let _ = fs::remove_file(&self.path);
        let _ = remove_companions(&self.path);
    }
}

/// Puts `text` in a file, all of it or nothing.
pub(super) fn write_file(target: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let mut draft = Draft::create(target.parent().unwrap_or(Path::new(".")), name)?;
    draft.file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", target.display()))?;
    draft.publish(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: Backup = Backup {
        folder: PathBuf::new(),
        keep_daily: 1,
        keep_weekly: 0,
        recipients: vec![],
        programs: vec![],
    };

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

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
    fn drafts_vanish_unless_published() {
        let root = tempfile::tempdir().unwrap();
        drop(Draft::create(root.path(), "fastgpt-platform-x").unwrap());
        assert!(names(root.path()).is_empty());
        let target = root.path().join("fastgpt-platform-x");
        Draft::create(root.path(), "fastgpt-platform-x").unwrap().publish(&target).unwrap();
        assert_eq!(names(root.path()), ["fastgpt-platform-x"]);
    }

    #[test]
    fn only_old_drafts_are_swept() {
        let root = tempfile::tempdir().unwrap();
        let draft = Draft::create(root.path(), "fastgpt-platform-x").unwrap();
        let written = DateTime::<Utc>::from(draft.file.metadata().unwrap().modified().unwrap());
        fs::write(root.path().join(".other.draft"), "").unwrap();
        sweep(root.path(), written + TimeDelta::hours(23)).unwrap();
        assert_eq!(names(root.path()).len(), 2);
        sweep(root.path(), written + TimeDelta::hours(25)).unwrap();
        assert_eq!(names(root.path()), [".other.draft"]);
    }

    #[test]
    fn what_sqlite_left_beside_a_draft_goes() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(".fastgpt-platform-x.draft");
        let leave =
            || companions(&path).iter().for_each(|path| fs::write(path, "of another database").unwrap());
        leave();
        let draft = Draft::create(root.path(), "fastgpt-platform-x").unwrap();
        assert_eq!(names(root.path()), [".fastgpt-platform-x.draft"]);
        leave();
        let written = DateTime::<Utc>::from(draft.file.metadata().unwrap().modified().unwrap());
        sweep(root.path(), written).unwrap();
        assert_eq!(names(root.path()).len(), 4, "somebody may still use it");
        drop(draft);
        assert!(names(root.path()).is_empty());
        leave();
        sweep(root.path(), written).unwrap();
        assert!(names(root.path()).is_empty());
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
