//! Upgrades: data of earlier releases is brought forward, and a new release's steps leave the one before it working.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sea_orm::{ConnectOptions, ConnectionTrait, Database};

use crate::support::{
    backend,
    process::{Installation, Server},
};

fn folders(path: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn address(installation: &Installation) -> String {
    if backend::postgres().is_some() {
        return installation.var("DATABASE_URL").to_owned();
    }
    let folder = PathBuf::from(installation.var("DATA_DIR"));
    fs::create_dir_all(&folder).unwrap();
    format!("sqlite://{}?mode=rwc", folder.join("platform.db").display())
}

/// Fills the installation's empty database with what an earlier release left.
async fn load(installation: &Installation, release: &Path) {
    let script = if backend::postgres().is_some() { "postgres.sql" } else { "sqlite.sql" };
    let one = ConnectOptions::new(address(installation)).max_connections(1).to_owned();
    let database = Database::connect(one).await.unwrap();
    database.execute_unprepared(&fs::read_to_string(release.join(script)).unwrap()).await.unwrap();
    database.close().await.unwrap();
}

async fn people_are_still_there(server: &Server) {
    for (email, password, name) in [
        ("zhang.san@example.com", "清晨的露水打湿了石阶", "张三"),
        ("李四@例子.中国", "夜里的雨敲着旧窗棂", "李四 O'Neil"),
    ] {
        let person = server.client().signed_in(email, password).await;
        assert_eq!(person.query("{ viewer { name } }").await.text_at("/viewer/name"), name);
    }
    let users = "{ users { nodes { email sessions { totalCount } } } }";
    let users = server.admin().await.query(users).await;
    let zhang = users.list_at("/users/nodes").iter().find(|user| user["email"] == "zhang.san@example.com");
    // Two before the upgrade, one just now.
    assert_eq!(zhang.unwrap()["sessions"]["totalCount"], 3);
}

#[tokio::test]
async fn data_of_earlier_releases_comes_along() {
    let releases = folders("tests/fixtures/releases").into_iter().filter(|path| path.is_dir());
    let mut tried = 0;
    for release in releases {
        let installation = Installation::empty().await;
        load(&installation, &release).await;
        let server = installation.serve().await;
        people_are_still_there(&server).await;
        server.stop().await;
        tried += 1;
    }
    assert!(tried > 0);
}

/// As a newer release would leave the database.
async fn pretend_step(installation: &Installation, name: &str) {
    let database = Database::connect(address(installation)).await.unwrap();
    let insert = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{name}', 0)");
    database.execute_unprepared(&insert).await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test]
async fn the_release_before_goes_on_with_a_newer_database() {
    let installation = Installation::new().await;
    let server = installation.serve().await;
    pretend_step(&installation, "m20991231_000001_add_colours").await;
    // The replica that runs, and one that is started once more.
    assert_eq!(server.health().await.status, 200);
    server.stop().await;
    let server = installation.serve().await;
    assert!(server.process.log().contains("is of a newer release"), "{}", server.process.log());
    server.admin().await.query("{ viewer { id } }").await.data();
    assert_eq!(server.health().await.status, 200);
    server.stop().await;

    pretend_step(&installation, "m20991231_000002_needs_99_1_drop_names").await;
    let refused = installation.run(&[]).await;
    assert!(!refused.success);
    assert!(refused.err.contains("the database needs release 99.1 of this program"), "{}", refused.err);
}

/// The policy of docs/operations.md: while replicas are replaced one by one, the old release works on the new tables.
/// What takes away or narrows comes one release after the last use of it, in a step whose name says which release it needs.
#[test]
fn steps_only_add() {
    const TAKES_AWAY: &[&str] = &[
        "drop_table(",
        "drop_column(",
        "rename_column(",
        "rename_table(",
        "drop_index(",
        "DROP TABLE",
        "DROP COLUMN",
        "RENAME ",
        "SET NOT NULL",
        "DROP INDEX",
    ];
    let steps = folders("migration/src").into_iter().filter(|path| path.file_stem().unwrap() != "lib");
    let mut checked = 0;
    for step in steps {
        let text = fs::read_to_string(&step).unwrap();
        let (up, _) = text.split_once("async fn down").expect("`down` comes after `up`");
        let name = step.file_stem().unwrap().to_str().unwrap();
        let found: Vec<_> = TAKES_AWAY.iter().filter(|words| up.contains(*words)).collect();
        assert!(found.is_empty() || name.contains("_needs_"), "{name} takes away with {found:?}");
        checked += 1;
    }
    assert!(checked > 1);
}
