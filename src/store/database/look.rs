//! Looking at a database without changing anything in it, and telling why it cannot be used.

use std::{io, path::Path, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement,
    sqlx::{
        self, ConnectOptions, Connection, Postgres, Sqlite, postgres::PgConnectOptions,
        sqlite::SqliteConnectOptions,
    },
};

use super::{ACQUIRE_TIMEOUT, DatabaseUrl, url::Place};

/// Why a database cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// The file is not there.
    Missing,
    /// Nothing listens at the address.
    Refused,
    /// The name of the machine leads nowhere.
    Unresolved,
    /// Nothing answered in time.
    Silent,
    /// The user or the password is not right.
    Denied,
    /// The server has no such database.
    NoSuchDatabase,
    /// Anything else, in the database's words.
    Other(String),
}

/// Opens the database for reading; no file is created, and no statement can write.
///
/// # Errors
/// Why not, after at most 5 s.
pub async fn look_at(url: &DatabaseUrl) -> Result<DatabaseConnection, Unusable> {
    match url.place() {
        Place::Postgres(options) => look_at_postgres(options).await,
        Place::File(path) => look_at_file(path).await,
        Place::Memory => Err(Unusable::Missing),
    }
}

/// PostgreSQL's version, as it says it and as a number to compare (140005 is 14.5); SQLite is part of this program.
///
/// # Errors
/// The database does not answer.
pub async fn postgres_version(database: &DatabaseConnection) -> Result<Option<(String, i32)>, DbErr> {
    const VERSION: &str =
        "SELECT current_setting('server_version'), current_setting('server_version_num')::int";
    let Some(row) = ask_postgres(database, VERSION).await? else { return Ok(None) };
    Ok(Some((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
}

/// What the clock of PostgreSQL's machine says; SQLite has none of its own.
///
/// # Errors
/// The database does not answer.
pub async fn postgres_time(database: &DatabaseConnection) -> Result<Option<DateTime<Utc>>, DbErr> {
    match ask_postgres(database, "SELECT clock_timestamp()").await? {
        Some(row) => row.try_get_by_index(0).map(Some),
        None => Ok(None),
    }
}

async fn ask_postgres(
    database: &DatabaseConnection,
    sql: &str,
) -> Result<Option<sea_orm::QueryResult>, DbErr> {
    match database.get_database_backend() {
        backend @ DbBackend::Postgres => database.query_one_raw(Statement::from_string(backend, sql)).await,
        _ => Ok(None),
    }
}

/// A pool tries again for as long as it may and then says only that it did; so a single connection goes first.
async fn look_at_postgres(options: &PgConnectOptions) -> Result<DatabaseConnection, Unusable> {
    let options = options
        .clone()
        .options([("default_transaction_read_only", "on"), ("statement_timeout", "5s")])
        .disable_statement_logging();
    let first = in_time(options.connect()).await?;
    first.close().await.map_err(Unusable::from)?;
    Ok(super::pool::<Postgres>(2).connect_lazy_with(options).into())
}

async fn look_at_file(path: &Path) -> Result<DatabaseConnection, Unusable> {
    if !path.exists() {
        return Err(Unusable::Missing);
    }
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    // Without a log nobody has it open; SQLite would make one, and leave it behind, unless told that the file rests.
    let at_rest = !Path::new(&log).exists();
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(at_rest)
        .disable_statement_logging();
    Ok(in_time(super::pool::<Sqlite>(2).connect_with(options)).await?.into())
}

async fn in_time<T>(work: impl Future<Output = sqlx::Result<T>>) -> Result<T, Unusable> {
    match tokio::time::timeout(ACQUIRE_TIMEOUT - Duration::from_millis(200), work).await {
        Ok(outcome) => outcome.map_err(Unusable::from),
        Err(_) => Err(Unusable::Silent),
    }
}

impl From<sqlx::Error> for Unusable {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            // Class 28 is "invalid authorization specification" (PostgreSQL, appendix A).
            sqlx::Error::Database(refusal) => match refusal.code().as_deref() {
                Some("28000" | "28P01") => Self::Denied,
                Some("3D000") => Self::NoSuchDatabase,
                _ => Self::Other(refusal.message().to_owned()),
            },
            sqlx::Error::Io(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Self::Refused,
                _ if error.to_string().contains("lookup") => Self::Unresolved,
                _ => Self::Other(error.to_string()),
            },
            sqlx::Error::PoolTimedOut => Self::Silent,
            _ => Self::Other(error.to_string()),
        }
    }
}
