//! Drafts: files that are whole before they have their name, and vanish with whoever wrote them.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};

use super::name::PREFIX;

/// Drafts of this age belong to no process that still writes them.
const DRAFT_LIFETIME: TimeDelta = TimeDelta::days(1);
const DRAFT: &str = ".draft";
/// What SQLite keeps beside a file that it has open, and takes for that file's own whatever the file is.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

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

/// Removes a file, which need not be there.
pub(super) fn remove(path: &Path) -> anyhow::Result<()> {
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
pub(super) mod tests {
    use super::*;

    pub(in crate::backup) fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
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
}
