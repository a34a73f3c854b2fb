//! PostgreSQL: dumped by pg_dump, restored in one transaction of our own.
//!
//! pg_restore only turns the dump into SQL, which [`Exclusive`] runs: so the fall of the old tables, the new ones with
//! their rows, the migrations since and the end of the sessions hold together or not at all, a server that starts
//! meanwhile waits, and tables go that the dump knows nothing of. The schema itself stays, with its owner, grants and
//! extensions: who owns the tables may not own it.

use std::process::Stdio;

use anyhow::Context;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, Statement,
    sqlx::{self, AssertSqlSafe, PgConnection},
};
use secrecy::ExposeSecret;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader};

use super::{
    draft::Draft,
    manifest::Database,
    progress::Counter,
    schema,
    tools::{Running, Tool},
};
use crate::{
    config::Config,
    store::database::{DatabaseUrl, Exclusive},
};

/// How many bytes of rows go to the server at once, at least.
const CHUNK_BYTES: usize = 64 << 10;

/// Dumps the schema on the search path, and nothing else of the database, into `draft`.
pub(super) async fn dump(
    config: &Config,
    database: &DatabaseConnection,
    draft: &Draft,
) -> anyhow::Result<Database> {
    let schema = current_schema(database).await?.context("the database has no schema on its search path")?;
    let server: u32 = ask(database, "SHOW server_version_num").await?.unwrap_or_default().parse()?;
    let pg_dump =
        Tool::find("pg_dump", &config.backup.programs, server / 10_000, "the server, PostgreSQL").await?;
    let pattern = format!("--schema={}", quoted(&schema));
    let arguments = [
        "--format=custom",
        "--compress=0", // the archive is compressed as a whole
        "--no-owner",
        "--no-privileges",
        "--no-password",
        "--lock-wait-timeout=60s",
        &pattern,
    ];
    let environment = config.database_url.libpq_environment().unwrap_or_default();
    let environment = environment.iter().map(|(name, value)| (*name, value.expose_secret()));
    let output = draft.file.try_clone()?;
    pg_dump.start(&arguments, environment, output.into())?.finish().await?;
    Ok(Database::Postgres { schema, dumped_by: pg_dump.version })
}

/// PostgreSQL while no server uses it.
pub(super) async fn open(url: &DatabaseUrl) -> anyhow::Result<Exclusive> {
    let exclusive = Exclusive::begin(url).await?;
    let clients = exclusive.other_clients().await?;
    anyhow::ensure!(
        clients.is_empty(),
        "a server uses {url}, from {}; stop it (every replica, and running commands) and try again",
        clients.join(", ")
    );
    Ok(exclusive)
}

/// Replaces everything in the schema by `dump`, as far as `exclusive` is committed.
pub(super) async fn restore(
    config: &Config,
    exclusive: &Exclusive,
    dump: &Draft,
    (schema_of_dump, dumped_by): (&str, u32),
    counter: &Counter,
) -> anyhow::Result<()> {
    let pg_restore =
        Tool::find("pg_restore", &config.backup.programs, dumped_by, "a dump by pg_dump").await?;
    match current_schema(exclusive.database()).await? {
        Some(schema) => anyhow::ensure!(
            schema == schema_of_dump,
            "the backup is of the schema \"{schema_of_dump}\", and DATABASE_URL names \"{schema}\"; \
             add ?schema={schema_of_dump} to it"
        ),
        None => create_schema(exclusive.database(), schema_of_dump).await?,
    }
    schema::empty(exclusive.database()).await?;

    let only_schema = format!("--schema={schema_of_dump}");
    let path = dump.path.to_str().context("the folder's name is not UTF-8")?;
    let arguments = ["--no-owner", "--no-privileges", &only_schema, "--file=-", path];
    let mut running = pg_restore.start(&arguments, [], Stdio::piped())?;
    replay_output(exclusive, &mut running, counter).await?;
    running.finish().await?;
    // The script left it empty.
    exclusive.database().execute_unprepared("RESET search_path").await?;
    Ok(())
}

/// A new database may have no schema of the configured name yet.
async fn create_schema(database: &DatabaseConnection, name: &str) -> anyhow::Result<()> {
    let there = "SELECT oid::text FROM pg_namespace WHERE nspname = $1";
    let there = Statement::from_sql_and_values(DbBackend::Postgres, there, [name.into()]);
    if database.query_one_raw(there).await?.is_none() {
        let create = format!("CREATE SCHEMA {}", quoted(name));
        let created = database.execute_unprepared(&create).await;
        created.with_context(|| format!("cannot create the schema \"{name}\", of which the backup is"))?;
    }
    anyhow::ensure!(
        current_schema(database).await?.as_deref() == Some(name),
        "the backup is of the schema \"{name}\", and DATABASE_URL names another one, which is not there; \
         add ?schema={name} to it"
    );
    Ok(())
}

async fn replay_output(
    exclusive: &Exclusive,
    running: &mut Running,
    counter: &Counter,
) -> anyhow::Result<()> {
    let output = running.child.stdout.take().context("pg_restore has no output")?;
    let mut script = Script { lines: BufReader::with_capacity(CHUNK_BYTES, output), counter };
    let mut connection = exclusive.connection().await?;
    let replayed = replay(&mut connection, &mut script).await;
    if replayed.is_err() {
        // In the midst of rows it is of no further use.
        connection.close_on_drop();
    }
    replayed.context("PostgreSQL refused the backup; nothing was changed")
}

/// What pg_restore prints for psql.
struct Script<'a, R> {
    lines: R,
    counter: &'a Counter,
}

impl<R: AsyncBufRead + Unpin> Script<'_, R> {
    /// Reads the next line, its end included; `false` when there is none.
    async fn next(&mut self, line: &mut Vec<u8>) -> std::io::Result<bool> {
        line.clear();
        let read = self.lines.read_until(b'\n', line).await?;
        self.counter.add(read);
        Ok(read > 0)
    }
}

/// Runs a script: statements, and between them rows that follow a COPY.
async fn replay(
    connection: &mut PgConnection,
    script: &mut Script<'_, impl AsyncBufRead + Unpin>,
) -> anyhow::Result<()> {
    let mut statements = Vec::new();
    let mut line = Vec::new();
    while script.next(&mut line).await? {
        if line.starts_with(b"COPY ") && line.ends_with(b" FROM stdin;\n") {
            run(connection, &mut statements).await?;
            copy(connection, std::str::from_utf8(&line)?, script).await?;
        } else if !is_for_others(&line) {
            statements.extend_from_slice(&line);
        }
    }
    run(connection, &mut statements).await
}

/// What psql alone understands, and a setting that a newer pg_restore makes on servers which do not know it yet.
fn is_for_others(line: &[u8]) -> bool {
    [&b"\\restrict "[..], b"\\unrestrict ", b"SET transaction_timeout "]
        .iter()
        .any(|start| line.starts_with(start))
}

async fn run(connection: &mut PgConnection, statements: &mut Vec<u8>) -> anyhow::Result<()> {
    let sql = String::from_utf8(std::mem::take(statements))?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

async fn copy(
    connection: &mut PgConnection,
    statement: &str,
    script: &mut Script<'_, impl AsyncBufRead + Unpin>,
) -> anyhow::Result<()> {
    let mut copying = connection.copy_in_raw(statement.trim_end().trim_end_matches(';')).await?;
    let (mut rows, mut line) = (Vec::new(), Vec::new());
    loop {
        anyhow::ensure!(script.next(&mut line).await?, "the script of pg_restore ends between rows");
        let is_end = line == b"\\.\n";
        if !is_end {
            rows.extend_from_slice(&line);
        }
        if is_end || rows.len() >= CHUNK_BYTES {
            copying.send(&rows[..]).await?;
            rows.clear();
        }
        if is_end {
            copying.finish().await?;
            return Ok(());
        }
    }
}

/// Where tables without a schema's name are looked for and created.
async fn current_schema(database: &DatabaseConnection) -> anyhow::Result<Option<String>> {
    ask(database, "SELECT current_schema()::text").await
}

async fn ask(database: &DatabaseConnection, sql: &str) -> anyhow::Result<Option<String>> {
    let row = database.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.context("no row")?.try_get_by_index(0)?)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
