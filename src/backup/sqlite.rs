//! SQLite: copied while the server writes, and put back as a file.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::Context;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::{
    draft::{Draft, companions, remove_companions},
    manifest::Database,
};
use crate::store::{
    data_folder::DataFolderLock,
    database::{self, DatabaseUrl},
};

/// Copies the database into `draft` as it was at one moment. `VACUUM INTO` reads one snapshot, and writers go on in the
/// WAL meanwhile; the backup API would begin anew at each of their commits, and on a busy server never end.
pub(super) async fn dump(database: &DatabaseConnection, draft: &Draft) -> anyhow::Result<Database> {
    let path = draft.path.to_str().context("the backup folder's name is not UTF-8")?;
    let copy = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [path.into()]);
    database.execute_raw(copy).await.context("cannot copy the database")?;
    Ok(Database::Sqlite)
}

/// A SQLite file while no server uses it.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    _alone: DataFolderLock,
}

impl Target {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let alone =
            DataFolderLock::take(path.parent().unwrap_or(path)).context("a restore needs it alone")?;
        Ok(Self { path: path.to_owned(), _alone: alone })
    }

    /// The present database; `None` where there is none.
    pub(super) async fn connect(&self) -> anyhow::Result<Option<DatabaseConnection>> {
        match fs::metadata(&self.path) {
            Ok(file) if file.len() > 0 => {
                Ok(Some(database::connect(&DatabaseUrl::sqlite_file(&self.path), 1).await?))
            }
            _ => Ok(None),
        }
    }

    /// Moves a database that cannot be read out of the way, and tells where it is now.
    pub(super) fn set_aside(&self, suffix: &str) -> anyhow::Result<PathBuf> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(format!(".{suffix}"));
        let aside = PathBuf::from(aside);
        let parts = companions(&self.path).into_iter().zip(companions(&aside));
        for (from, to) in parts.chain([(self.path.clone(), aside.clone())]) {
            if from.exists() {
                fs::rename(&from, to).with_context(|| format!("cannot move {}", from.display()))?;
            }
        }
        Ok(aside)
    }

    /// Puts `draft`, a database to which nobody is connected, in the place of the present one, to which nobody is
    /// either.
    pub(super) fn replace(&self, draft: Draft) -> anyhow::Result<()> {
        // The old one's WAL would be taken for the new one's. Whoever closed the old one last has emptied it.
        remove_companions(&self.path)?;
        draft.publish(&self.path)
    }
}

/// Connects to a restored copy, which must be whole.
pub(super) async fn open_copy(path: &Path) -> anyhow::Result<DatabaseConnection> {
    let database = database::connect(&DatabaseUrl::sqlite_file(path), 1).await?;
    let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check");
    let row = database.query_one_raw(check).await.context("the database in the backup cannot be read")?;
    let found: String = row.context("no answer")?.try_get_by_index(0)?;
    anyhow::ensure!(found == "ok", "the database in the backup is damaged: {found}");
    Ok(database)
}

/// Closes a restored copy so that all of it is in the one file.
pub(super) async fn close_copy(database: DatabaseConnection, path: &Path) -> anyhow::Result<()> {
    database.execute_unprepared("PRAGMA journal_mode = DELETE").await?;
    database.close().await?;
    File::open(path)?.sync_all()?;
    anyhow::ensure!(
        !companions(path).iter().any(|path| path.exists()),
        "the restored database could not be closed"
    );
    Ok(())
}
