//! What only PostgreSQL can get wrong.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use url::Url;

use super::{archives, back_up, restore, restored, run_sql, with_archives};
use crate::support::process::{Installation, until};

async fn installation() -> Option<Installation> {
    Some(with_archives(Installation::for_replicas().await?))
}

/// Puts a program of this name before all others.
fn with_program(installation: Installation, name: &str, script: &str) -> Installation {
    let folder = installation.folder().join("bin");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    let version = format!("case $1 in --version) echo '{name} (PostgreSQL) 99.1'; exit;; esac");
    fs::write(&path, format!("#!/bin/sh\n{version}\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    installation.with("PATH", format!("{}:/usr/bin:/bin", folder.display()))
}

#[tokio::test]
async fn tables_that_the_backup_knows_nothing_of_go() {
    let Some(installation) = installation().await else { return };
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let archive = back_up(&installation).await;
    run_sql(
        &installation,
        "CREATE TABLE robots (id serial PRIMARY KEY, owner uuid REFERENCES users);
         CREATE VIEW people AS SELECT email FROM users;
         CREATE TYPE mood AS ENUM ('good');
         CREATE FUNCTION one(mood) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    )
    .await;
    restored(&installation, &archive, &["--replace"]).await;
    run_sql(
        &installation,
        "CREATE TABLE robots (); CREATE VIEW people AS SELECT 1 AS n; CREATE TYPE mood AS ENUM ('good');
         CREATE FUNCTION one(mood) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    )
    .await;
}

#[tokio::test]
async fn a_schema_of_its_own_is_all_that_is_touched() {
    let Some(installation) = installation().await else { return };
    let plain = installation.var("DATABASE_URL").to_owned();
    let other = installation.clone().with("DATABASE_URL", format!("{plain}?schema=My%20%22app%22"));
    run_sql(&installation, "CREATE SCHEMA \"My \"\"app\"\"\"").await;
    installation.admin(&["create", "--email", "public@example.com"], "").await;
    other.admin(&["create", "--email", "wang@example.com"], "").await;
    other.admin(&["create", "--email", "li@example.com"], "").await;
    let archive = back_up(&other).await;
    let refused = restore(&installation, &archive, &["--replace"]).await;
    assert!(!refused.success && refused.err.contains("add ?schema=My \"app\" to it"), "{refused:?}");

    run_sql(&installation, "DROP SCHEMA \"My \"\"app\"\"\" CASCADE").await;
    let said = restored(&other, &archive, &[]).await;
    assert!(said.contains("restored 2 account(s)"), "{said}");
    let public = back_up(&installation).await;
    let nowhere = installation.clone().with("DATABASE_URL", format!("{plain}?schema=nowhere"));
    let refused = restore(&nowhere, &public, &[]).await;
    assert!(!refused.success && refused.err.contains("add ?schema=public to it"), "{refused:?}");
    let said = restored(&installation, &public, &["--replace"]).await;
    assert!(said.contains("restored 1 account(s)"), "{said}");
}

#[tokio::test]
async fn a_restore_that_fails_half_way_changes_nothing() {
    let Some(installation) = installation().await else { return };
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let archive = back_up(&installation).await;
    let rows = "COPY public.users (id) FROM stdin;";
    for (script, says) in [
        (
            "echo 'CREATE TABLE public.users (id int);'; echo 'pg_restore: disk on fire' >&2; exit 1",
            "disk on fire",
        ),
        ("echo 'CREATE TABLE public.users (id int); SELECT 1/0;'", "division by zero"),
        (
            &format!(
                "echo 'CREATE TABLE public.users (id int);'; echo '{rows}'; echo 1; echo one; echo '\\.'"
            ),
            "invalid input syntax",
        ),
        (&format!("echo 'CREATE TABLE public.users (id int);'; echo '{rows}'; echo 1"), "ends between rows"),
    ] {
        let failing = with_program(installation.clone(), "pg_restore", script);
        let refused = restore(&failing, &archive, &["--replace"]).await;
        assert!(!refused.success && refused.err.contains(says), "{refused:?}");
        let email = ["admin", "end-sessions", "--email", "wang@example.com"];
        assert!(installation.run(&email).await.success, "{script}");
    }
}

#[tokio::test]
async fn a_dump_that_fails_leaves_no_archive_and_says_why() {
    let Some(installation) = installation().await else { return };
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let script = "echo half; echo 'pg_dump: error: the disk is on fire' >&2; exit 1";
    let failed = with_program(installation.clone(), "pg_dump", script).run(&["backup"]).await;
    assert!(!failed.success && failed.err.contains("pg_dump: error: the disk is on fire"), "{failed:?}");
    assert!(archives(&installation).is_empty(), "{:?}", archives(&installation));
}

#[tokio::test]
async fn a_killed_backup_leaves_no_archive() {
    let Some(installation) = installation().await else { return };
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let hanging = with_program(installation.clone(), "pg_dump", "echo half; exec sleep 20");
    let drafts = || archives(&installation).iter().filter(|name| name.ends_with(".draft")).count();
    let mut backup = hanging.spawn(&["backup"], "");
    until("the dump begins", async || (drafts() == 1).then_some(())).await;
    backup.kill();
    // The next draft of the same second would have the same name, and replace it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let listed = installation.run(&["backup", "--list"]).await;
    assert_eq!(listed.out, "");

    let archive = back_up(&installation).await;
    restored(&installation, &archive, &["--check"]).await;

    let mut backup = hanging.spawn(&["backup"], "");
    until("the dump begins", async || (drafts() == 2).then_some(())).await;
    backup.signal("TERM");
    assert!(
        !backup.exit().await.success() && backup.log().contains("no archive was written"),
        "{}",
        backup.log()
    );
    assert_eq!(drafts(), 1, "a stopped one takes its draft along");
}

#[tokio::test]
async fn programs_get_no_password_to_show() {
    let Some(installation) = installation().await else { return };
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let mut url = Url::parse(installation.var("DATABASE_URL")).unwrap();
    if url.password().is_none() {
        url.set_password(Some("hunter2-secret")).unwrap();
    }
    let password = url.password().unwrap().to_owned();
    let seen = installation.folder().join("seen");
    let script = format!("(echo \"$@\"; env) > {}; exec pg_dump.real \"$@\"", seen.display());
    let spied = with_program(installation.clone(), "pg_dump", &script).with("DATABASE_URL", url.as_str());
    let done = spied.run(&["backup"]).await;
    assert!(!done.success);
    let seen = fs::read_to_string(seen).unwrap();
    assert!(!seen.lines().next().unwrap().contains(&password), "{seen}");
    assert!(seen.contains(&format!("PGPASSWORD={password}")) && !seen.contains("JWT_SECRET"), "{seen}");
    assert!(!done.err.contains(&password), "{}", done.err);
    assert!(Path::new(installation.var("BACKUP_DIR")).exists());
}

#[tokio::test]
async fn an_idle_server_is_seen() {
    let Some(installation) = installation().await else { return };
    let server = installation.serve().await;
    let archive = back_up(&installation).await;
    let refused = restore(&installation, &archive, &["--replace"]).await;
    assert!(!refused.success && refused.err.contains("from 127.0.0.1; stop it"), "{refused:?}");
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_ours_goes_only_when_asked_for_and_backed_up() {
    let Some(installation) = installation().await else { return };
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let archive = back_up(&installation).await;
    run_sql(&installation, "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    // SeaORM's own name of the table, and a name of ours, in the database of another program.
    run_sql(
        &installation,
        "CREATE TABLE orders (id serial PRIMARY KEY); INSERT INTO orders VALUES (7); CREATE TABLE users ();
         CREATE TABLE seaql_migrations (version varchar PRIMARY KEY, applied_at bigint);
         INSERT INTO seaql_migrations VALUES ('m20220101_000001_create_table', 0)",
    )
    .await;
    let refused = restore(&installation, &archive, &[]).await;
    let says = "has what is not this platform's: table orders, sequence orders_id_seq, table seaql_migrations, \
                table users; DATABASE_URL may name the wrong database; --replace drops that too";
    assert!(!refused.success && refused.err.contains(says), "{refused:?}");
    run_sql(&installation, "SELECT 1 / (SELECT count(*) FROM orders)").await;
    let refused = installation.run(&["backup"]).await;
    assert!(!refused.success && refused.err.contains("has no tables of this platform"), "{refused:?}");

    let said = restored(&installation, &archive, &["--replace"]).await;
    let safety = said.lines().find_map(|line| line.strip_prefix("what was there before is in ")).unwrap();
    let tar = zstd::decode_all(fs::File::open(safety).unwrap()).unwrap();
    let mut tar = tar::Archive::new(&tar[..]);
    let dump =
        tar.entries().unwrap().map(Result::unwrap).find(|entry| &*entry.path_bytes() == b"database.dump");
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut dump.unwrap(), &mut bytes).unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains("COPY public.orders"), "{said}");
    assert!(said.contains("restored 1 account(s)"), "{said}");
}

#[tokio::test]
async fn an_own_schema_without_accounts_is_filled_unasked() {
    let Some(installation) = installation().await else { return };
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let archive = back_up(&installation).await;
    run_sql(&installation, "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    assert!(installation.run(&["migrate", "up"]).await.success);
    let said = restored(&installation, &archive, &[]).await;
    assert!(said.contains("restored 1 account(s)"), "{said}");
}

#[tokio::test]
async fn other_schemas_lose_nothing() {
    let Some(installation) = installation().await else { return };
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let archive = back_up(&installation).await;
    run_sql(&installation, "CREATE SCHEMA reports; CREATE TABLE reports.free (id int)").await;
    restored(&installation, &archive, &["--replace"]).await;
    for (create, says, drop) in [
        (
            "CREATE VIEW reports.people AS SELECT email FROM users",
            "view reports.people",
            "DROP VIEW reports.people",
        ),
        (
            "CREATE TABLE reports.notes (owner uuid REFERENCES users)",
            "notes_owner_fkey on table reports.notes",
            "DROP TABLE reports.notes",
        ),
        (
            "CREATE SEQUENCE numbers; CREATE TABLE reports.notes (n bigint DEFAULT nextval('numbers'))",
            "default value for column n of table reports.notes",
            "DROP TABLE reports.notes",
        ),
    ] {
        run_sql(&installation, create).await;
        let refused = restore(&installation, &archive, &["--replace"]).await;
        assert!(!refused.success && refused.err.contains(says), "{refused:?}");
        assert!(refused.err.contains("drop or detach that first"), "{refused:?}");
        run_sql(&installation, drop).await;
    }
    restored(&installation, &archive, &["--replace"]).await;
}
