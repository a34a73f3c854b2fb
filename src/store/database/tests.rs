use sea_orm::{ConnectionTrait, Statement};

use super::*;

/// One row of text of what `sql` selects.
async fn select(database: &DatabaseConnection, sql: &str) -> String {
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let row = database.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index::<String>(0)
        .or_else(|_| row.try_get_by_index::<i64>(0).map(|n| n.to_string()))
        .unwrap()
}

/// Files to live in, and PostgreSQL too where `TEST_POSTGRES_URL` names a server.
struct Home {
    _folder: tempfile::TempDir,
    url: DatabaseUrl,
    server: Option<(DatabaseConnection, String)>,
}

impl Home {
    fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite_file(&folder.path().join("platform.db"));
        Self { _folder: folder, url, server: None }
    }

    #[expect(clippy::disallowed_methods, reason = "names the server of the suite with PostgreSQL")]
    async fn all() -> Vec<Self> {
        let mut homes = vec![Self::file()];
        if let Ok(text) = std::env::var("TEST_POSTGRES_URL") {
            let server = connect(&DatabaseUrl::parse(&text).unwrap(), 1).await.unwrap();
            let name = format!("store_{:x}", rand::random::<u64>());
            server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
            let mut url = ::url::Url::parse(&text).unwrap();
            url.set_path(&name);
            let url = DatabaseUrl::parse(url.as_str()).unwrap();
            homes.push(Self { url, server: Some((server, name)), ..Self::file() });
        }
        homes
    }

    async fn leave(self) {
        if let Some((server, name)) = self.server {
            server.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
        }
    }
}

#[tokio::test]
async fn every_connection_to_a_file_has_the_pragmas() {
    let home = Home::file();
    let database = connect(&home.url, 3).await.unwrap();
    let pool = database.get_sqlite_connection_pool();
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut connection = pool.acquire().await.unwrap();
        for (pragma, expected) in
            [("journal_mode", "wal"), ("foreign_keys", "1"), ("synchronous", "1"), ("busy_timeout", "5000")]
        {
            let sql = sqlx::AssertSqlSafe(format!("SELECT CAST({pragma} AS TEXT) FROM pragma_{pragma}"));
            let sql = if pragma == "busy_timeout" {
                sqlx::AssertSqlSafe("SELECT CAST(timeout AS TEXT) FROM pragma_busy_timeout".to_owned())
            } else {
                sql
            };
            let value: String = sqlx::query_scalar(sql).fetch_one(&mut *connection).await.unwrap();
            assert_eq!(value, expected, "{pragma}");
        }
        held.push(connection);
    }
}

#[tokio::test]
async fn memory_lasts() {
    let database = connect(&DatabaseUrl::parse("sqlite::memory:").unwrap(), 10).await.unwrap();
    assert_eq!(select(&database, "SELECT COUNT(*) FROM users").await, "0");
    assert_eq!(database.get_sqlite_connection_pool().size(), 1);
    assert_eq!(pending_migrations(&database).await.unwrap(), 0);
}

#[tokio::test]
async fn migrates_up_and_down() {
    let steps = known_migrations().len();
    for home in Home::all().await {
        let database = connect(&home.url, 2).await.unwrap();
        assert_eq!(pending_migrations(&database).await.unwrap(), steps);
        assert_eq!(migrate(&home.url).await.unwrap(), steps);
        assert_eq!(migrate(&home.url).await.unwrap(), 0);
        assert_eq!(roll_back(&home.url, 1).await.unwrap(), 1);
        let status = migration_status(&database).await.unwrap();
        assert!(status[..steps - 1].iter().all(|(_, applied)| *applied) && !status[steps - 1].1);
        assert_eq!(roll_back(&home.url, 99).await.unwrap(), steps - 1);
        assert_eq!(migrate(&home.url).await.unwrap(), steps);
        database.close().await.unwrap();
        home.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_at_once_migrate_in_turn() {
    for home in Home::all().await {
        let starts: Vec<_> = (0..4)
            .map(|_| {
                let url = home.url.clone();
                tokio::spawn(async move { migrate(&url).await.unwrap() })
            })
            .collect();
        let mut applied = 0;
        for start in starts {
            applied += start.await.unwrap();
        }
        assert_eq!(applied, known_migrations().len());
        home.leave().await;
    }
}

const USER: &str = "INSERT INTO users (id, email, name, password_hash, role, status, email_verified, \
                    search_text, created_at, updated_at, last_sign_in_at) VALUES ('00000000-0000-7000-8000-000000000001', 'a@b.c', 'A', '', 'USER', \
                    'ACTIVE', TRUE, '', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00', NULL)";

#[tokio::test]
async fn tells_a_taken_value_from_other_failures() {
    for home in Home::all().await {
        let mut database = connect(&home.url, 2).await.unwrap();
        migrate(&home.url).await.unwrap();
        let counter = count_statements(&mut database);
        let insert = async |sql: String| {
            database.execute_raw(Statement::from_string(database.get_database_backend(), sql)).await
        };
        insert(USER.into()).await.unwrap();
        let same_email = insert(USER.replace("0001'", "0002'")).await.unwrap_err();
        let same_id = insert(USER.replace("a@b.c", "d@e.f")).await.unwrap_err();
        assert!(is_unique_violation(&same_email) && is_unique_violation(&same_id));
        let no_role = USER.replace("0001'", "0002'").replace("a@b.c", "d@e.f").replace("'USER'", "'ROOT'");
        assert!(!is_unique_violation(&insert(no_role).await.unwrap_err()));
        assert_eq!(counter.take().len(), 4);
        assert!(counter.take().is_empty());
        database.close().await.unwrap();
        home.leave().await;
    }
}

#[tokio::test]
async fn names_what_it_cannot_reach_and_no_password() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let file = DatabaseUrl::sqlite_file(&folder.path().join("file").join("platform.db"));
    let error = format!("{:#}", connect(&file, 1).await.unwrap_err());
    assert!(error.contains(&*folder.path().join("file").to_string_lossy()), "{error}");

    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = DatabaseUrl::parse(&format!("postgres://someone:hunter2@127.0.0.1:{port}/app")).unwrap();
    let error = connect(&url, 1).await.unwrap_err();
    let text = format!("{error:#} {error:?}");
    assert!(text.contains(&format!("127.0.0.1:{port}/app")) && !text.contains("hunter2"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_reads_before_writing_waits_for_the_other_writer() {
    let home = Home::file();
    let database = connect(&home.url, 8).await.unwrap();
    database.execute_unprepared("CREATE TABLE counters (number INTEGER)").await.unwrap();
    database.execute_unprepared("INSERT INTO counters VALUES (0)").await.unwrap();
    let count = async || {
        for _ in 0..20 {
            let transaction = begin(&database).await.unwrap();
            let read = Statement::from_string(DbBackend::Sqlite, "SELECT number FROM counters");
            let row = transaction.query_one_raw(read).await.unwrap().unwrap();
            let next = row.try_get_by_index::<i64>(0).unwrap() + 1;
            transaction.execute_unprepared(&format!("UPDATE counters SET number = {next}")).await.unwrap();
            transaction.commit().await.unwrap();
        }
    };
    futures_util::future::join_all((0..8).map(|_| count())).await;
    assert_eq!(select(&database, "SELECT number FROM counters").await, "160");
}
