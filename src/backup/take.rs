//! Making a backup.

use std::{
    fs::{self, File},
    io::Cursor,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use sea_orm::{DatabaseConnection, DbBackend};
use tokio::{task::spawn_blocking, time::Instant};

use super::{
    draft::{self, Draft, write_file},
    folder::{Folder, FolderLock},
    manifest::{Database, Entry, Manifest},
    name::{ArchiveName, Occasion},
    postgres,
    progress::{Counter, Progress},
    sqlite,
    sum::{self, Summing},
    write::{Part, write},
};
use crate::{
    auth::secrets,
    clock::Clock,
    config::Config,
    store::database::{self, applied_migrations, has_known_migrations},
};

/// A backup that was made.
#[derive(Debug)]
pub struct Taken {
    /// The archive.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
    /// The names of older archives that were removed.
    pub removed: Vec<String>,
}

/// Backs up the database, while servers use it, and the secrets that lie in the data folder, into `folder`; then removes
/// archives that are not to be kept. An archive is there as a whole or not at all.
///
/// # Errors
/// The database cannot be reached or dumped, the folder cannot be written, or another backup writes to it.
pub async fn take(config: &Config, clock: &Clock, folder: &Folder) -> anyhow::Result<Taken> {
    take_for(Occasion::Regular, config, clock, folder).await
}

pub(super) async fn take_for(
    occasion: Occasion,
    config: &Config,
    clock: &Clock,
    folder: &Folder,
) -> anyhow::Result<Taken> {
    let started = Instant::now();
    let lock = folder.lock()?;
    draft::sweep(folder.path(), clock.now())?;
    let name = free_name(occasion, config, clock, folder).await;
    let dump = Draft::create(folder.path(), &format!("{name}.database"))?;
    let (database, migrations) = dump_database(occasion, config, &dump).await?;

    let progress = Progress::start("writing the archive");
    let (config, counter, target, folder, clock) = (
        config.clone(),
        progress.counter(),
        folder.path().join(name.to_string()),
        folder.clone(),
        clock.clone(),
    );
    let writing = move || {
        let (parts, entries) = collect_parts(&config, &database, &dump, &counter)?;
        let manifest = Manifest::new(name.created_at, database, migrations, entries);
        write_archive(&lock, &target, &manifest, parts, &config.backup.recipients, &counter)?;
        let bytes = fs::metadata(&target)?.len();
        let removed = folder.prune(&lock, &config.backup, clock.now());
        Ok(Taken { path: target, bytes, took: started.elapsed(), removed })
    };
    spawn_blocking(writing).await?
}

/// One backup a second has a name.
async fn free_name(occasion: Occasion, config: &Config, clock: &Clock, folder: &Folder) -> ArchiveName {
    loop {
        let name = ArchiveName::new(clock.now(), occasion, !config.backup.recipients.is_empty());
        if !folder.path().join(name.to_string()).exists() {
            return name;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn dump_database(
    occasion: Occasion,
    config: &Config,
    draft: &Draft,
) -> anyhow::Result<(Database, Vec<String>)> {
    let url = &config.database_url;
    if let Some(file) = url.file() {
        anyhow::ensure!(file.exists(), "there is no database at {}; nothing to back up", file.display());
    }
    let database = database::connect(url, 1).await?;
    let before = applied_migrations(&database).await?;
    // What a restore replaces is kept whatever it is.
    let is_welcome = occasion == Occasion::BeforeRestore || has_known_migrations(&before);
    anyhow::ensure!(is_welcome, "{url} has no tables of this platform; nothing to back up");
    let _progress = Progress::of_file("dumping the database", draft.path.clone());
    let dumped = dump(config, &database, draft).await.with_context(|| format!("cannot dump {url}"))?;
    let after = applied_migrations(&database).await?;
    anyhow::ensure!(before == after, "{url} was migrated during the backup; try again");
    database.close().await?;
    Ok((dumped, after))
}

async fn dump(config: &Config, database: &DatabaseConnection, draft: &Draft) -> anyhow::Result<Database> {
    match database.get_database_backend() {
        DbBackend::Postgres => postgres::dump(config, database, draft).await,
        _ => sqlite::dump(database, draft).await,
    }
}

/// The dump, and the secrets without which the sessions in it are of no use.
fn collect_parts(
    config: &Config,
    database: &Database,
    dump: &Draft,
    counter: &Counter,
) -> anyhow::Result<(Vec<Part>, Vec<Entry>)> {
    let (sha256, bytes) = sum::of_file(&dump.path, counter)?;
    let entry = Entry { name: database.file().to_owned(), bytes, sha256 };
    let mut parts = vec![Part { entry, content: Box::new(File::open(&dump.path)?) }];
    for name in secrets::files_in_use(config) {
        let path = config.data_dir.join(name);
        if path.exists() {
            let secret = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let mut summing = Summing::new(&secret[..]);
            std::io::copy(&mut summing, &mut std::io::sink())?;
            let (_, sha256, bytes) = summing.finish();
            let entry = Entry { name: name.to_owned(), bytes, sha256 };
            parts.push(Part { entry, content: Box::new(Cursor::new(secret)) });
        }
    }
    let entries = parts.iter().map(|part| part.entry.clone()).collect();
    Ok((parts, entries))
}

/// The sum comes first: whoever sees the archive finds it complete.
fn write_archive(
    _: &FolderLock,
    target: &Path,
    manifest: &Manifest,
    parts: Vec<Part>,
    recipients: &[String],
    counter: &Counter,
) -> anyhow::Result<()> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let mut draft = Draft::create(target.parent().unwrap_or(target), &name)?;
    let sum = write(&mut draft.file, manifest, parts, recipients, counter)
        .with_context(|| format!("cannot write {}", target.display()))?;
    write_file(&sum::sidecar(target), &format!("{name}.sha256"), &sum::line(&sum, &name))?;
    draft.publish(target)
}
