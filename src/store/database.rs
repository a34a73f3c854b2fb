//! The database: how to reach it, a pool with every wait bounded, and its migrations.

use std::{
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqlErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
    sqlx::{
        self, ConnectOptions, Postgres, Sqlite,
        pool::PoolOptions,
        postgres::PgConnectOptions,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};

mod exclusive;
mod look;
mod migrations;
mod url;

pub use exclusive::Exclusive;
pub use look::{Unusable, look_at, postgres_time, postgres_version};
pub use migrations::{
    Incompatible, applied_migrations, bring_up_to_date, check_compatible, has_known_migrations,
    known_migrations, migrate, migration_status, pending_migrations, platform_tables, roll_back,
};
pub use url::DatabaseUrl;
use url::Place;

use super::data_folder;
use crate::metrics::{Latencies, Outcome, latencies};

/// How long anyone waits for a connection, a new one or one from the pool.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long PostgreSQL works on one statement of a request.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long SQLite waits for another writer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a pool of at most `max_connections`; a missing SQLite file is created. A database in
/// memory lives in exactly one connection and has no life before it, so it comes migrated.
///
/// # Errors
/// The database cannot be reached within 5 s; the text names the place and no password.
pub async fn connect(url: &DatabaseUrl, max_connections: u32) -> anyhow::Result<DatabaseConnection> {
    let pool = match url.place() {
        Place::Postgres(options) => connect_postgres(options, max_connections).await,
        Place::File(path) => {
            create_file(path)?;
            connect_file(path, max_connections).await
        }
        Place::Memory => {
            // It vanishes with its connection.
            connect_sqlite(lasting_pool(), SqliteConnectOptions::new().in_memory(true)).await
        }
    };
    let database = reached(pool, url)?;
    if matches!(url.place(), Place::Memory) {
        bring_up_to_date(&database).await?;
    }
    Ok(database)
}

fn reached<T>(connected: sqlx::Result<T>, url: &DatabaseUrl) -> anyhow::Result<T> {
    let reason = |error| match error {
        // What the pool says when each of its attempts was refused or went unanswered.
        sqlx::Error::PoolTimedOut => anyhow::anyhow!("nothing answers there"),
        error => error.into(),
    };
    connected.map_err(reason).with_context(|| format!("cannot reach {url}"))
}

/// Whether a statement failed because a unique value is taken.
#[must_use]
pub fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// Starts to note the statements of `database`: for tests that count them.
///
/// Clones made before this call are not watched. `BEGIN`, `COMMIT` and unprepared statements
/// are not seen.
pub fn count_statements(database: &mut DatabaseConnection) -> StatementCounter {
    let counter = StatementCounter::default();
    let statements = Arc::clone(&counter.0);
    database.set_metric_callback(move |info| {
        statements.lock().unwrap_or_else(PoisonError::into_inner).push(info.statement.sql.clone());
    });
    counter
}

/// How long statements take, by what came of them.
#[derive(Debug, Clone)]
pub struct Statements(pub Latencies<Outcome>);

impl Default for Statements {
    fn default() -> Self {
        let latencies = latencies();
        for outcome in ["OK", "FAILED"] {
            let _ = latencies.get_or_create(&Outcome { outcome });
        }
        Self(latencies)
    }
}

impl Statements {
    /// Watches the statements of `database`, and of its clones from now on.
    pub fn of(database: &mut DatabaseConnection) -> Self {
        let statements = Self::default();
        let Self(latencies) = statements.clone();
        database.set_metric_callback(move |info| {
            let outcome = if info.failed { "FAILED" } else { "OK" };
            latencies.get_or_create(&Outcome { outcome }).observe(info.elapsed.as_secs_f64());
        });
        statements
    }
}

/// How many connections a pool has.
#[derive(Debug, Clone, Copy)]
pub struct Pool {
    /// Connections that somebody uses.
    pub used: u32,
    /// Connections that wait to be used.
    pub idle: u32,
}

/// How many connections `database` has at this moment.
#[must_use]
pub fn pool_of(database: &DatabaseConnection) -> Pool {
    let (size, idle) = match database.get_database_backend() {
        DbBackend::Postgres => {
            let pool = database.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        }
        _ => {
            let pool = database.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        }
    };
    let idle = u32::try_from(idle).unwrap_or(u32::MAX).min(size);
    Pool { used: size - idle, idle }
}

/// The statements that ran since [`count_statements`].
#[derive(Debug, Clone, Default)]
pub struct StatementCounter(Arc<Mutex<Vec<String>>>);

impl StatementCounter {
    /// The SQL, without values, of what ran since the last call, in order.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

// The pools are built here and not by `sea_orm::Database::connect`, whose trace spans show the
// whole URL.

async fn connect_postgres(
    options: &PgConnectOptions,
    max_connections: u32,
) -> sqlx::Result<DatabaseConnection> {
    // A server that nobody asks anything stays connected: `restore` sees that it runs.
    let pool = pool::<Postgres>(max_connections).min_connections(1);
    Ok(pool.connect_with(of_requests(options)).await?.into())
}

fn of_requests(options: &PgConnectOptions) -> PgConnectOptions {
    let timeout = [("statement_timeout", STATEMENT_TIMEOUT.as_millis())];
    options.clone().options(timeout).disable_statement_logging()
}

/// The pragmas are part of the options, so that every connection of the pool has them.
/// Begins a transaction that will write. On SQLite it waits for the other writer now: one that has read first cannot wait
/// any more and fails, because what it has read is not the latest.
///
/// # Errors
/// The database cannot be reached, or another process writes for longer than SQLite waits.
pub async fn begin(database: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    database.begin_with_options(options).await
}

async fn connect_sqlite(
    pool: PoolOptions<Sqlite>,
    options: SqliteConnectOptions,
) -> sqlx::Result<DatabaseConnection> {
    let options = options
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    Ok(pool.connect_with(options).await?.into())
}

/// A new file is made a WAL database once, and SQLite has nobody wait for that moment, whatever `busy_timeout` says: who
/// meets it tries again.
async fn connect_file(path: &Path, max_connections: u32) -> sqlx::Result<DatabaseConnection> {
    const BUSY: &str = "5";
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connect_sqlite(pool(max_connections), sqlite_file(path)).await {
            Err(sqlx::Error::Database(error))
                if error.code().as_deref() == Some(BUSY) && Instant::now() < deadline =>
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            outcome => return outcome,
        }
    }
}

/// SQLite would leave the folder to us, and let everybody read the file.
fn create_file(path: &Path) -> anyhow::Result<()> {
    data_folder::create(path.parent().unwrap_or(path))?;
    let created = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    created.map(drop).with_context(|| format!("cannot write to {}", path.display()))
}

fn sqlite_file(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).journal_mode(SqliteJournalMode::Wal)
}

fn pool<DB: sqlx::Database>(max_connections: u32) -> PoolOptions<DB> {
    PoolOptions::new().max_connections(max_connections).acquire_timeout(ACQUIRE_TIMEOUT)
}

/// A pool of one connection that is never replaced: also not when somebody goes away in the middle of a test whether
/// it still works.
fn lasting_pool<DB: sqlx::Database>() -> PoolOptions<DB> {
    pool(1).min_connections(1).idle_timeout(None).max_lifetime(None).test_before_acquire(false)
}

#[cfg(test)]
mod tests;
