//! PostgreSQL in one transaction, from the first look to the last change: what happens in it happened, or did not.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, Statement,
    sqlx::{self, Connection, Postgres, pool::PoolConnection, postgres::PgConnectOptions},
};

use super::{DatabaseUrl, lasting_pool, migrations::LOCK_POSTGRES, of_requests, reached, url::Place};

/// Other connections of this program, whoever they are, by where they come from. A pooler such as PgBouncer hands the
/// name of the program on.
const OTHER_CLIENTS: &str = "SELECT DISTINCT COALESCE(host(client_addr), 'this machine') FROM pg_stat_activity \
                             WHERE datname = current_database() AND pid <> pg_backend_pid() \
                             AND application_name = current_setting('application_name') ORDER BY 1";

/// The one connection of a pool, in a transaction that holds the lock of the migrations: a server that starts meanwhile
/// waits. Dropped without [`Exclusive::commit`], nothing was changed.
#[derive(Debug)]
pub struct Exclusive(DatabaseConnection);

impl Exclusive {
    /// Connects to PostgreSQL, begins, and waits up to 60 s for a process that migrates.
    ///
    /// # Errors
    /// The database cannot be reached, is SQLite, or another process held the lock too long.
    pub async fn begin(url: &DatabaseUrl) -> anyhow::Result<Self> {
        let Place::Postgres(options) = url.place() else { anyhow::bail!("{url} is not PostgreSQL") };
        let database = reached(connect_once(options).await, url)?;
        let exclusive = Self(database);
        let mut connection = exclusive.connection().await?;
        // Left open: what the migrations and services begin on this connection are savepoints of this transaction.
        std::mem::forget(connection.begin().await?);
        sqlx::raw_sql(LOCK_POSTGRES)
            .execute(&mut *connection)
            .await
            .context("cannot lock the database: another process migrates or restores it")?;
        drop(connection);
        Ok(exclusive)
    }

    /// The transaction, for services.
    #[must_use]
    pub fn database(&self) -> &DatabaseConnection {
        &self.0
    }

    /// The transaction, for what SeaORM cannot say. [`Exclusive::database`] waits while this is held.
    ///
    /// # Errors
    /// The connection was lost.
    pub async fn connection(&self) -> anyhow::Result<PoolConnection<Postgres>> {
        Ok(self.0.get_postgres_connection_pool().acquire().await?)
    }

    /// The addresses of other processes of this program that are connected to the database.
    ///
    /// # Errors
    /// The connection was lost.
    pub async fn other_clients(&self) -> anyhow::Result<Vec<String>> {
        let rows = self.0.query_all_raw(Statement::from_string(DbBackend::Postgres, OTHER_CLIENTS)).await?;
        Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
    }

    /// Makes everything hold.
    ///
    /// # Errors
    /// The connection was lost; whether everything holds or nothing is then for the database to say.
    pub async fn commit(self) -> anyhow::Result<()> {
        self.0.execute_unprepared("COMMIT").await?;
        Ok(self.0.close().await?)
    }
}

/// Were a lost connection replaced by the pool, what follows would be outside the transaction.
async fn connect_once(options: &PgConnectOptions) -> sqlx::Result<DatabaseConnection> {
    let connected = AtomicBool::new(false);
    let pool = lasting_pool::<Postgres>().after_connect(move |_, _| {
        let again = connected.swap(true, Ordering::SeqCst);
        Box::pin(async move { if again { Err(sqlx::Error::PoolClosed) } else { Ok(()) } })
    });
    Ok(pool.connect_with(of_requests(options)).await?.into())
}
