//! Bringing the database's tables up to date, by one process at a time.

use std::collections::HashSet;

use anyhow::Context;
use migration::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait, Statement,
};
use sea_orm_migration::{IntoSchemaManagerConnection, SchemaManager, seaql_migrations};

use super::{DatabaseUrl, connect, url::Place};

/// Waits 60 s for another process that migrates and then has the database to itself. The lock's
/// number is any that no other program takes; it is of the transaction, so that no path, not even
/// a killed process or a PgBouncer in between, leaves it behind. An index on a large table takes
/// longer than the statements of requests may.
pub(super) const LOCK_POSTGRES: &str = "SET LOCAL lock_timeout = '60s'; \
                             SET LOCAL statement_timeout = '15min'; \
                             SELECT pg_advisory_xact_lock(262567575)";

/// Applies the pending steps, all or none, on a connection of its own, and returns how many.
///
/// Processes that start at the same moment take turns: the first applies, the others find nothing to do.
///
/// # Errors
/// A step failed, the database knows a step that this program does not (it is older than the
/// database), or another process held the lock too long (60 s on PostgreSQL, 5 s on SQLite).
pub async fn migrate(url: &DatabaseUrl) -> anyhow::Result<usize> {
    let database = connect(url, 1).await?;
    let applied = bring_up_to_date(&database).await;
    database.close().await?;
    applied
}

/// Takes back the last `steps` steps that were applied, all or none, and returns how many there were.
///
/// # Errors
/// As [`migrate`].
pub async fn roll_back(url: &DatabaseUrl, steps: u32) -> anyhow::Result<usize> {
    let database = connect(url, 1).await?;
    let taken_back = take_back(&database, steps).await;
    database.close().await?;
    taken_back
}

/// Every step of this program, oldest first, and whether it was applied. Changes nothing.
///
/// # Errors
/// The database does not answer.
pub async fn migration_status(database: &DatabaseConnection) -> anyhow::Result<Vec<(String, bool)>> {
    Ok(status(database).await?)
}

/// How many steps are still to be applied; two short queries, for the health check. Steps of a
/// newer program, as during a rolling upgrade, do not count.
///
/// # Errors
/// The database does not answer.
pub async fn pending_migrations(database: &DatabaseConnection) -> anyhow::Result<usize> {
    Ok(count_pending(database).await?)
}

/// The names of all steps of this program, oldest first.
#[must_use]
pub fn known_migrations() -> Vec<String> {
    Migrator::migrations().iter().map(|step| step.name().to_owned()).collect()
}

/// Whether a step of this program is among `applied`: whoever else uses SeaORM has a table of steps too.
#[must_use]
pub fn has_known_migrations(applied: &[String]) -> bool {
    known_migrations().iter().any(|step| applied.contains(step))
}

/// The names of all tables that the steps of this program make, that of the steps included.
///
/// # Errors
/// A step failed.
pub async fn platform_tables() -> anyhow::Result<Vec<String>> {
    const TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table'";
    // It comes migrated.
    let database = connect(&Place::Memory.into(), 1).await?;
    let rows = database.query_all_raw(Statement::from_string(DbBackend::Sqlite, TABLES)).await?;
    let names = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    database.close().await?;
    Ok(names)
}

/// The names of the steps that were applied to `database`, by whatever program, oldest first.
///
/// # Errors
/// The database does not answer.
pub async fn applied_migrations(database: &DatabaseConnection) -> anyhow::Result<Vec<String>> {
    Ok(sorted(applied(database).await?))
}

/// As [`migrate`], on a connection that is there.
///
/// # Errors
/// As [`migrate`].
pub async fn bring_up_to_date(database: &DatabaseConnection) -> anyhow::Result<usize> {
    let transaction = lock(database).await?;
    let (applied, known) = (sorted(applied(&transaction).await?), known_migrations());
    let foreign: Vec<&str> =
        applied.iter().filter(|step| !known.contains(step)).map(String::as_str).collect();
    if !foreign.is_empty() {
        check_compatible(&applied)?;
        tracing::warn!(
            steps = foreign.join(", "),
            "the database is of a newer release, and works with this one"
        );
        return Ok(0);
    }
    Migrator::up(&transaction, None).await.context("cannot apply the database migrations")?;
    transaction.commit().await?;
    Ok(known.iter().filter(|step| !applied.contains(step)).count())
}

/// Why this program cannot work with a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Incompatible {
    /// One of its steps is for this release and newer ones.
    #[error(
        "the database needs release {major}.{minor} of this program or a newer one, and this is {}: install that, \
         or restore the backup made before the upgrade",
        env!("CARGO_PKG_VERSION")
    )]
    NeedsRelease {
        /// Of its version.
        major: u32,
        /// Of its version.
        minor: u32,
    },
    /// It has steps of another program, and not all of this one's.
    #[error(
        "the database has steps of another program and lacks {0} of this one: install the newest release"
    )]
    Lacks(usize),
}

/// Whether this program can work with a database to which these steps were applied, once its own are.
///
/// While replicas are replaced one by one, and where a release is taken back, a program meets a database that is newer
/// than itself. It works there, since steps only add (docs/operations.md); one that does not says in its name which
/// release it needs, such as `…_needs_0_3_drop_nicknames`.
///
/// # Errors
/// Why not.
pub fn check_compatible(applied: &[String]) -> Result<(), Incompatible> {
    let known = known_migrations();
    let foreign: Vec<_> = applied.iter().filter(|step| !known.contains(step)).collect();
    if let Some((major, minor)) = foreign.iter().filter_map(|step| needed_release(step)).max()
        && own_release() < Some((major, minor))
    {
        return Err(Incompatible::NeedsRelease { major, minor });
    }
    let pending = known.iter().filter(|step| !applied.contains(step)).count();
    if !foreign.is_empty() && pending > 0 { Err(Incompatible::Lacks(pending)) } else { Ok(()) }
}

fn own_release() -> Option<(u32, u32)> {
    Some((env!("CARGO_PKG_VERSION_MAJOR").parse().ok()?, env!("CARGO_PKG_VERSION_MINOR").parse().ok()?))
}

fn needed_release(step: &str) -> Option<(u32, u32)> {
    let (_, release) = step.split_once("_needs_")?;
    let mut parts = release.split('_');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

async fn take_back(database: &DatabaseConnection, steps: u32) -> anyhow::Result<usize> {
    let transaction = lock(database).await?;
    let before = count_pending(&transaction).await?;
    Migrator::down(&transaction, Some(steps)).await.context("cannot roll back the database migrations")?;
    let after = count_pending(&transaction).await?;
    transaction.commit().await?;
    Ok(after - before)
}

async fn lock(database: &DatabaseConnection) -> anyhow::Result<DatabaseTransaction> {
    const HINT: &str = "cannot lock the database for its migrations: another process holds it";
    let transaction = super::begin(database).await.context(HINT)?;
    if database.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(LOCK_POSTGRES).await.context(HINT)?;
    }
    Ok(transaction)
}

async fn count_pending<'c, C>(database: &'c C) -> Result<usize, DbErr>
where
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    Ok(status(database).await?.iter().filter(|(_, applied)| !applied).count())
}

async fn status<'c, C>(database: &'c C) -> Result<Vec<(String, bool)>, DbErr>
where
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    let applied = applied(database).await?;
    Ok(known_migrations().into_iter().map(|name| (name.clone(), applied.contains(&name))).collect())
}

fn sorted(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort_unstable();
    names
}

async fn applied<'c, C>(database: &'c C) -> Result<HashSet<String>, DbErr>
where
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    if !SchemaManager::new(database).has_table("seaql_migrations").await? {
        return Ok(HashSet::new());
    }
    Ok(seaql_migrations::Entity::find().all(database).await?.into_iter().map(|row| row.version).collect())
}
