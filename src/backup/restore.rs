//! The way back: everything is checked before anything is changed, and what is replaced is backed up first.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::Context;
use chrono::{DateTime, Utc};
use rustix::fs::statvfs;
use sea_orm::DatabaseConnection;
use tokio::task::spawn_blocking;

use super::{
    draft::{self, Draft},
    folder::Folder,
    manifest::{Database, Entry, Manifest},
    name::{Occasion, PREFIX},
    postgres,
    present::Present,
    progress::{Progress, size},
    read::{Checked, read},
    schema, sqlite,
    take::take_for,
};
use crate::{
    auth::{Operator, secrets},
    clock::Clock,
    config::Config,
    session,
    store::{
        data_folder,
        database::{applied_migrations, bring_up_to_date},
    },
    user,
};

/// What the operator asks for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The file with the age key of an encrypted archive.
    pub identity: Option<PathBuf>,
    /// What is there may be replaced, accounts and all.
    pub replace: bool,
    /// Sessions that were active in the backup go on.
    pub keep_sessions: bool,
}

/// An archive that can be restored.
#[derive(Debug)]
pub struct Checkup {
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The size of what is in it.
    pub bytes: u64,
    /// Whether there was a sum beside it.
    pub had_sum: bool,
}

/// What a restore did.
#[derive(Debug)]
pub struct Restored {
    /// The archive.
    pub checkup: Checkup,
    /// Accounts there are now.
    pub accounts: u64,
    /// Sessions that were active in the backup and were ended.
    pub sessions_ended: u64,
    /// Migrations applied to what was restored.
    pub migrations: usize,
    /// Where that is which was replaced.
    pub replaced: Option<Replaced>,
    /// The files of secrets in the data folder that are now those of the backup.
    pub secrets: Vec<PathBuf>,
}

/// Where that is which was replaced.
#[derive(Debug)]
pub enum Replaced {
    /// In this archive.
    BackedUp(PathBuf),
    /// It could not be read, and was moved here.
    SetAside(PathBuf),
}

/// Reads all of an archive and changes nothing.
///
/// # Errors
/// It cannot be restored; the text says why, and what to do.
pub async fn check(archive: &Path, identity: Option<&Path>) -> anyhow::Result<Checkup> {
    let progress = Progress::start("checking the archive");
    let (archive, identity, counter) = (archive.to_owned(), identity.map(Path::to_owned), progress.counter());
    let checked = spawn_blocking(move || {
        read(&archive, identity.as_deref(), &counter, |_| Ok(Box::new(std::io::sink())))
    });
    Ok(Checkup::of(&checked.await??))
}

impl Checkup {
    fn of(checked: &Checked) -> Self {
        let bytes = checked.manifest.entries.iter().map(|entry| entry.bytes).sum();
        Self { created_at: checked.manifest.created_at, bytes, had_sum: checked.had_sum }
    }
}

/// Replaces the database by the one in `archive`, brings it up to date, ends the sessions in it, and puts the secrets in
/// it into the data folder.
///
/// The caches of servers need no word: a server that runs is refused, and what Redis keeps of sessions and users is
/// never older than five seconds.
///
/// # Errors
/// The archive cannot be restored, is of another kind of database, a server runs, other schemas depend on what would be
/// replaced, or there are accounts or what is not ours and [`Options::replace`] is not set. The database is then as it was.
pub async fn restore(
    config: &Config,
    clock: &Clock,
    operator: &Operator,
    archive: &Path,
    options: &Options,
) -> anyhow::Result<Restored> {
    let folder = config.database_url.file().and_then(Path::parent).unwrap_or(&config.backup.folder);
    data_folder::create(folder)?;
    draft::sweep(folder, clock.now())?;
    let (checked, mut extracted) = extract(archive, options.identity.as_deref(), folder).await?;
    let manifest = &checked.manifest;
    let dump = extracted.remove(manifest.database.file()).context("the archive has no database")?;
    let restore = Restore { config, clock, operator, options, manifest };
    let (replaced, settled) = match (&manifest.database, config.database_url.file()) {
        (Database::Sqlite, Some(path)) => restore.replace_sqlite(path, dump).await?,
        (Database::Postgres { schema, dumped_by }, None) => {
            restore.replace_postgres(&dump, (schema, *dumped_by)).await?
        }
        (Database::Sqlite, None) => anyhow::bail!(
            "{} is a backup of SQLite, and DATABASE_URL is {}; unset DATABASE_URL to restore it",
            archive.display(),
            config.database_url
        ),
        (Database::Postgres { .. }, Some(_)) => anyhow::bail!(
            "{} is a backup of PostgreSQL, and the database here is {}; set DATABASE_URL=postgresql://… to restore it",
            archive.display(),
            config.database_url
        ),
    };
    // Last: were they never written, sessions could not go on, and these are ended.
    let secrets = put_secrets(config, &extracted)?;
    Ok(Restored {
        checkup: Checkup::of(&checked),
        accounts: settled.accounts,
        sessions_ended: settled.sessions_ended,
        migrations: settled.migrations,
        replaced,
        secrets,
    })
}

/// The entries of an archive by their names, each in a draft in `folder`.
async fn extract(
    archive: &Path,
    identity: Option<&Path>,
    folder: &Path,
) -> anyhow::Result<(Checked, BTreeMap<String, Draft>)> {
    let progress = Progress::start("checking the archive");
    let (archive, identity, folder, counter) =
        (archive.to_owned(), identity.map(Path::to_owned), folder.to_owned(), progress.counter());
    let extracting = move || {
        let mut drafts = BTreeMap::new();
        let checked = read(&archive, identity.as_deref(), &counter, |entry| {
            ensure_space(&folder, entry)?;
            let draft = Draft::create(&folder, &format!("{PREFIX}restore-{}", entry.name))?;
            let file = draft.file.try_clone()?;
            drafts.insert(entry.name.clone(), draft);
            Ok(Box::new(file))
        })?;
        Ok((checked, drafts))
    };
    spawn_blocking(extracting).await?
}

fn ensure_space(folder: &Path, entry: &Entry) -> anyhow::Result<()> {
    let disk = statvfs(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    anyhow::ensure!(
        entry.bytes <= free,
        "{} needs {}, and {} has {} left",
        entry.name,
        size(entry.bytes),
        folder.display(),
        size(free)
    );
    Ok(())
}

struct Settled {
    accounts: u64,
    sessions_ended: u64,
    migrations: usize,
}

struct Restore<'a> {
    config: &'a Config,
    clock: &'a Clock,
    operator: &'a Operator,
    options: &'a Options,
    manifest: &'a Manifest,
}

impl Restore<'_> {
    async fn replace_postgres(
        &self,
        dump: &Draft,
        of_dump: (&str, u32),
    ) -> anyhow::Result<(Option<Replaced>, Settled)> {
        let exclusive = postgres::open(&self.config.database_url).await?;
        schema::ensure_nothing_depends_on_it(exclusive.database(), &self.config.database_url).await?;
        let replaced = self.keep(Present::of(exclusive.database(), self.operator).await?).await?;
        let progress = Progress::start("restoring");
        postgres::restore(self.config, &exclusive, dump, of_dump, &progress.counter()).await?;
        let settled = self.settle(exclusive.database()).await?;
        exclusive.commit().await?;
        Ok((replaced, settled))
    }

    async fn replace_sqlite(&self, path: &Path, dump: Draft) -> anyhow::Result<(Option<Replaced>, Settled)> {
        let target = sqlite::Target::open(path)?;
        let copy = sqlite::open_copy(&dump.path).await?;
        let settled = self.settle(&copy).await?;
        sqlite::close_copy(copy, &dump.path).await?;
        let replaced = match self.keep_sqlite(&target).await {
            Err(error) if is_damage(&error) => Some(self.set_aside(&target, error)?),
            kept => kept?,
        };
        target.replace(dump)?;
        Ok((replaced, settled))
    }

    async fn keep_sqlite(&self, target: &sqlite::Target) -> anyhow::Result<Option<Replaced>> {
        let Some(database) = target.connect().await? else { return Ok(None) };
        let present = Present::of(&database, self.operator).await;
        database.close().await?;
        self.keep(present?).await
    }

    /// Backs up what is about to be replaced, whosever it is.
    async fn keep(&self, present: Present) -> anyhow::Result<Option<Replaced>> {
        let config = self.config;
        if !self.options.replace {
            present.ensure_expendable(&config.database_url)?;
            return Ok(None);
        }
        if present.is_empty {
            return Ok(None);
        }
        let folder = Folder::new(config.backup.folder.clone());
        let taken = take_for(Occasion::BeforeRestore, config, self.clock, &folder).await;
        let taken = taken.context("cannot back up what would be replaced")?;
        Ok(Some(Replaced::BackedUp(taken.path)))
    }

    fn set_aside(&self, target: &sqlite::Target, error: anyhow::Error) -> anyhow::Result<Replaced> {
        if !self.options.replace {
            return Err(error.context(format!(
                "{} is damaged; give --replace to move it out of the way and restore the backup",
                self.config.database_url
            )));
        }
        let suffix = format!("damaged-{}", self.clock.now().format("%Y%m%dT%H%M%SZ"));
        Ok(Replaced::SetAside(target.set_aside(&suffix)?))
    }

    /// What was restored becomes what this program can serve. A session that was ended after the backup must not come to
    /// life again, and nobody knows which those are.
    async fn settle(&self, database: &DatabaseConnection) -> anyhow::Result<Settled> {
        let applied: BTreeSet<_> = applied_migrations(database).await?.into_iter().collect();
        anyhow::ensure!(
            applied == self.manifest.migrations.iter().cloned().collect(),
            "the database in the backup is not the one that its manifest tells of: other migrations were applied to it; \
             nothing was changed; take another backup, or another copy of this one"
        );
        let migrations = bring_up_to_date(database).await?;
        let idle = self.config.lifetimes.session_idle;
        let sessions_ended = if self.options.keep_sessions {
            0
        } else {
            session::service::end_all_of_everyone(database, self.operator, self.clock.now(), idle).await?
        };
        let accounts = user::service::count(database, self.operator).await?;
        Ok(Settled { accounts, sessions_ended, migrations })
    }
}

/// Whether SQLite says that the file is no good (`SQLITE_CORRUPT`, `SQLITE_NOTADB`).
fn is_damage(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}");
    text.contains("database disk image is malformed") || text.contains("file is not a database")
}

/// Writes the secrets that this installation keeps in its data folder and that differ there, and tells which.
fn put_secrets(config: &Config, extracted: &BTreeMap<String, Draft>) -> anyhow::Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for name in secrets::files_in_use(config) {
        let Some(draft) = extracted.get(name) else { continue };
        let path = config.data_dir.join(name);
        let secret = fs::read(&draft.path)?;
        if fs::read(&path).ok().as_ref() != Some(&secret) {
            secrets::replace_file(&config.data_dir, name, &secret)?;
            written.push(path);
        }
    }
    // What was renamed is there after a power cut as well.
    if !written.is_empty() {
        File::open(&config.data_dir)?.sync_all()?;
    }
    Ok(written)
}
