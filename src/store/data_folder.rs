//! The data folder of a server without PostgreSQL, which no second server may share.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use anyhow::Context;

/// Creates a folder for secrets and data, for the owner's eyes alone; one that is there stays as it is.
///
/// # Errors
/// It cannot be created; the text names it.
pub fn create(folder: &Path) -> anyhow::Result<()> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    created.with_context(|| format!("cannot create the data folder {}", folder.display()))
}

/// Proof that no other server uses the data folder; given back when dropped, or by the kernel
/// when the process ends in whatever way.
///
/// Two servers on one SQLite file would not see each other's events and would serve stale sessions.
#[derive(Debug)]
pub struct DataFolderLock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl DataFolderLock {
    /// Locks `folder`, which is created when missing.
    ///
    /// # Errors
    /// Another server holds it, or the folder cannot be created or written to; the text names the folder.
    pub fn take(folder: &Path) -> anyhow::Result<Self> {
        let shown = folder.display();
        create(folder)?;
        let file = try_lock(&folder.join(".lock"))
            .with_context(|| format!("cannot write to the data folder {shown}"))?;
        file.map(Self).with_context(|| {
            format!(
                "another server uses the data folder {shown}; stop it, choose another DATA_DIR, \
                 or use PostgreSQL and Redis to run several"
            )
        })
    }
}

/// Locks the file, which is created when missing, for as long as it stays open; `None` when somebody else has locked it.
///
/// # Errors
/// The file cannot be created, written to or locked.
pub fn try_lock(path: &Path) -> std::io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_one_holder_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("data");
        let lock = DataFolderLock::take(&folder).unwrap();
        let refused = DataFolderLock::take(&folder).unwrap_err().to_string();
        assert!(
            refused.contains("another server") && refused.contains(&*folder.to_string_lossy()),
            "{refused}"
        );
        drop(lock);
        DataFolderLock::take(&folder).unwrap();
    }

    #[test]
    fn names_a_folder_it_cannot_use() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let folder = file.path().join("data");
        let refused = format!("{:#}", DataFolderLock::take(&folder).unwrap_err());
        assert!(refused.contains(&*folder.to_string_lossy()), "{refused}");
    }
}
