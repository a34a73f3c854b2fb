//! Where a test keeps its data: SQLite in memory, or what `tests/run.sh` started.
//!
//! On PostgreSQL every test has a database of its own, copied from a template that the first test
//! makes; on Redis it has a prefix of its own.

use std::hash::{DefaultHasher, Hash, Hasher};

use fastgpt_platform::{
    id::{TypedId, UserId},
    store::database::{self, DatabaseUrl},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use uuid::Uuid;

/// Any number that no other program locks.
const TEMPLATE_LOCK: i64 = 0x7465_7374;

/// One of the two variables that `tests/run.sh` sets.
#[expect(clippy::disallowed_methods, reason = "says on which back ends the suite runs")]
fn chosen(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

/// PostgreSQL for the suite, as its superuser; `None` where the suite runs on SQLite.
pub(crate) fn postgres() -> Option<String> {
    chosen("TEST_POSTGRES_URL")
}

/// Redis for the suite; `None` where it runs in process.
pub(crate) fn redis() -> Option<String> {
    chosen("TEST_REDIS_URL")
}

/// A text that no other test, in whatever process, has.
pub(crate) fn unique(name: &str) -> String {
    format!("{name}_{}", Uuid::from(UserId::generate()).simple())
}

/// An empty, migrated database; it goes with the value.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    pub(crate) url: String,
    postgres: Option<(String, String)>,
}

impl TestDatabase {
    pub(crate) async fn create() -> Self {
        let Some(server) = postgres() else {
            return Self { url: "sqlite::memory:".into(), postgres: None };
        };
        let template = template(&server).await;
        let name = unique("test");
        let superuser = connect(&server).await;
        run(&superuser, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        superuser.close().await.unwrap();
        Self { url: on_server(&server, &name), postgres: Some((server, name)) }
    }
}

impl Drop for TestDatabase {
    /// On a thread of its own: a test's runtime may be in the midst of ending.
    fn drop(&mut self) {
        let Some((server, name)) = self.postgres.take() else { return };
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let superuser = connect(&server).await;
                run(&superuser, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
            });
        });
        // What cannot be dropped is left to the end of the server.
        let _ = dropping.join();
    }
}

/// The name of the migrated database that others are copied from. Test processes take turns here,
/// and only the first finds something to do.
async fn template(server: &str) -> String {
    let name = format!("template_{:016x}", migrations_hash());
    let superuser = connect(server).await;
    run(&superuser, &format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).await;
    let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
    let found = superuser.query_one_raw(Statement::from_string(superuser.get_database_backend(), exists));
    if found.await.unwrap().is_none() {
        let unfinished = format!("{name}_unfinished");
        run(&superuser, &format!("DROP DATABASE IF EXISTS {unfinished}")).await;
        run(&superuser, &format!("CREATE DATABASE {unfinished}")).await;
        let url = DatabaseUrl::parse(&on_server(server, &unfinished)).unwrap();
        database::migrate(&url).await.unwrap();
        run(&superuser, &format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await;
    }
    // The lock is of the session.
    superuser.close().await.unwrap();
    name
}

/// Changes with the text of any step, so that a server which lives longer than one run serves no
/// template of yesterday.
fn migrations_hash() -> u64 {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migration/src");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut texts: Vec<String> = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    texts.sort_unstable();
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    hasher.finish()
}

fn on_server(server: &str, database: &str) -> String {
    let (address, _) = server.rsplit_once('/').unwrap();
    format!("{address}/{database}")
}

async fn connect(url: &str) -> DatabaseConnection {
    database::connect(&DatabaseUrl::parse(url).unwrap(), 1).await.unwrap()
}

async fn run(database: &DatabaseConnection, sql: &str) {
    database.execute_unprepared(sql).await.unwrap();
}
