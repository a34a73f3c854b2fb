//! What a restore would replace: a mistyped `DATABASE_URL` names a database that is somebody else's.

use anyhow::Context;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::schema;
use crate::{
    auth::Operator,
    store::database::{DatabaseUrl, applied_migrations, has_known_migrations, platform_tables},
    user,
};

/// How many names a refusal tells.
const NAMED: usize = 5;

/// One thing in the database that a restore drops.
#[derive(Debug)]
pub(super) struct Object {
    /// Such as `table`.
    pub(super) kind: String,
    pub(super) name: String,
    /// The table that it is, or goes with.
    pub(super) table: Option<String>,
}

/// What is in the database before a restore.
#[derive(Debug)]
pub(super) struct Present {
    accounts: u64,
    /// What no migration of this program made.
    foreign: Vec<String>,
    pub(super) is_empty: bool,
}

impl Present {
    /// Looks, and changes nothing.
    pub(super) async fn of(database: &DatabaseConnection, operator: &Operator) -> anyhow::Result<Self> {
        let objects = match database.get_database_backend() {
            DbBackend::Postgres => schema::objects(database).await?,
            _ => objects_of_sqlite(database).await?,
        };
        let applied = applied_migrations(database).await?;
        let is_ours = has_known_migrations(&applied);
        // A table of ours in name only is another program's: `users` has everybody.
        let own_tables = if applied.is_empty() {
            vec!["seaql_migrations".to_owned()]
        } else if is_ours {
            platform_tables().await?
        } else {
            Vec::new()
        };
        let is_foreign =
            |object: &&Object| !object.table.as_ref().is_some_and(|table| own_tables.contains(table));
        let foreign = objects.iter().filter(is_foreign);
        let foreign = foreign.map(|object| format!("{} {}", object.kind, object.name)).collect();
        let accounts = if is_ours { user::service::count(database, operator).await? } else { 0 };
        Ok(Self { accounts, foreign, is_empty: objects.is_empty() })
    }

    /// Refuses what somebody would miss.
    pub(super) fn ensure_expendable(&self, url: &DatabaseUrl) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.foreign.is_empty(),
            "{url} has what is not this platform's: {}; DATABASE_URL may name the wrong database; \
             --replace drops that too, after a backup",
            shortened(&self.foreign)
        );
        anyhow::ensure!(
            self.accounts == 0,
            "{url} has {} account(s), which this would replace; \
             give --replace to do so (they are backed up first)",
            self.accounts
        );
        Ok(())
    }
}

/// The first few of these names.
pub(super) fn shortened(names: &[String]) -> String {
    let first = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

async fn objects_of_sqlite(database: &DatabaseConnection) -> anyhow::Result<Vec<Object>> {
    const OBJECTS: &str = "SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                           AND type IN ('table', 'view') ORDER BY name";
    let rows = database.query_all_raw(Statement::from_string(DbBackend::Sqlite, OBJECTS)).await;
    let rows = rows.context("cannot read the present database")?;
    let object = |row: &sea_orm::QueryResult| {
        let (kind, name, table) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        Ok(Object { kind, name, table: Some(table) })
    };
    rows.iter().map(object).collect()
}
