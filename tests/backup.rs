//! Backups and the way back, with the real commands.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use sea_orm::ConnectionTrait;

use crate::support::{
    Client,
    process::{Finished, Installation, Server, until},
};

mod damage;
mod postgres;
mod refusals;

/// An installation that keeps its archives outside the data folder.
pub(crate) async fn installation() -> Installation {
    with_archives(Installation::new().await)
}

pub(crate) fn with_archives(installation: Installation) -> Installation {
    let folder = installation.folder().join("backups");
    installation.with("BACKUP_DIR", folder)
}

/// Makes a backup, which must succeed, and gives its archive.
pub(crate) async fn back_up(installation: &Installation) -> PathBuf {
    let done = installation.run(&["backup"]).await;
    assert!(done.success, "{done:?}");
    done.out.split_once("  ").unwrap().0.into()
}

pub(crate) async fn restore(installation: &Installation, archive: &Path, options: &[&str]) -> Finished {
    installation.run(&[&["restore", archive.to_str().unwrap()], options].concat()).await
}

/// Restores, which must succeed, and gives what was printed.
pub(crate) async fn restored(installation: &Installation, archive: &Path, options: &[&str]) -> String {
    let done = restore(installation, archive, options).await;
    assert!(done.success, "{done:?}");
    done.out
}

/// What lies in the folder of the archives.
pub(crate) fn archives(installation: &Installation) -> Vec<String> {
    let files = fs::read_dir(installation.var("BACKUP_DIR")).into_iter().flatten();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != ".backup.lock");
    names.sort_unstable();
    names
}

/// Waits until a token is good, or is not: Redis knows sessions as they were for five seconds.
async fn until_token(server: &Server, token: &str, is_good: bool) {
    let client = server.client();
    client.set_token(Some(token));
    let expected = async || {
        let answer = client.query("{ viewer { id } }").await;
        ((answer.status == 200) == is_good).then_some(())
    };
    until("the token is taken as the database says", expected).await;
}

async fn sign_out(client: &Client) {
    client.query("mutation { signOut }").await.data();
}

#[tokio::test]
async fn what_was_lost_comes_back() {
    let installation = installation().await;
    let server = installation.serve().await;
    let zhang = server.with_user("张三").await;
    let ended_later = server.sign_in("张三").await;
    // People go on while it runs.
    let busy = async {
        for number in 0..20 {
            server.with_user(&format!("忙{number}")).await;
        }
    };
    let (archive, ()) = tokio::join!(back_up(&installation), busy);
    sign_out(&ended_later).await;
    server.with_user("李四").await;
    server.stop().await;

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&archive), 0o600);
    assert_eq!(mode(archive.parent().unwrap()), 0o700);
    let name = archive.file_name().unwrap().to_str().unwrap();
    assert_eq!(archives(&installation), [name.to_owned(), format!("{name}.sha256")]);
    let checked = Command::new("sha256sum")
        .args(["-c", &format!("{name}.sha256")])
        .current_dir(archive.parent().unwrap())
        .output();
    assert!(checked.unwrap().status.success());

    installation.lose_everything().await;
    let said = restored(&installation, &archive, &[]).await;
    assert!(said.contains("session_secret is now that of the backup"), "{said}");
    let server = installation.serve().await;
    for token in [zhang.token(), ended_later.token()] {
        until_token(&server, &token, false).await;
    }
    assert_eq!(server.client().refresh_with(&zhang.refresh_token().unwrap()).await.code(), "UNAUTHENTICATED");
    let again = server.sign_in("张三").await;
    assert_eq!(again.query("{ viewer { name } }").await.at("/viewer/name"), "张三");
    let li = server.client().sign_in("李四@example.com", crate::support::PASSWORD).await;
    assert_eq!(li.code(), "INVALID_CREDENTIALS", "came after the backup");
    server.admin().await;
    server.stop().await;

    let said = restored(&installation, &archive, &["--replace", "--keep-sessions"]).await;
    assert!(said.contains("0 session(s) ended") && said.contains("-before-restore"), "{said}");
    let server = installation.serve().await;
    until_token(&server, &zhang.token(), true).await;
    server.client().refresh_with(&zhang.refresh_token().unwrap()).await.data();
    // This one came after the backup.
    until_token(&server, &again.token(), false).await;
}

#[tokio::test]
async fn what_was_replaced_can_be_restored_too() {
    let installation = installation().await;
    let server = installation.serve().await;
    let archive = back_up(&installation).await;
    server.with_user("王五").await;
    server.stop().await;

    restored(&installation, &archive, &["--replace"]).await;
    let safety = archives(&installation).into_iter().find(|name| name.contains("-before-restore")).unwrap();
    let safety = Path::new(installation.var("BACKUP_DIR")).join(safety);
    let said = restored(&installation, &safety, &["--replace"]).await;
    assert!(said.contains("restored 2 account(s)"), "{said}");
    installation.serve().await.sign_in("王五").await;
}

#[tokio::test]
async fn a_backup_of_an_older_version_is_brought_up_to_date() {
    let installation = installation().await;
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    assert!(installation.run(&["migrate", "down"]).await.success);
    let archive = back_up(&installation).await;
    installation.lose_everything().await;
    let said = restored(&installation, &archive, &[]).await;
    assert!(said.contains("restored 1 account(s)") && said.contains("1 migration(s) applied"), "{said}");
    let status = installation.run(&["migrate", "status"]).await.out;
    assert!(status.lines().all(|line| line.starts_with("applied")), "{status}");
}

#[tokio::test]
async fn a_backup_of_a_newer_database_comes_back_where_it_was_made() {
    let installation = installation().await;
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    run_sql(&installation, "INSERT INTO seaql_migrations VALUES ('m20990101_000001_create_robots', 0)").await;
    let archive = back_up(&installation).await;
    restored(&installation, &archive, &["--check"]).await;
    let said = restored(&installation, &archive, &["--replace"]).await;
    assert!(said.contains("restored 1 account(s)") && said.contains("0 migration(s) applied"), "{said}");
}

#[tokio::test]
async fn an_encrypted_backup_opens_with_its_key_alone() {
    use age::secrecy::ExposeSecret;
    let (key, second, stranger) = [(); 3].map(|()| age::x25519::Identity::generate()).into();
    let installation = installation().await;
    let write = |name: &str, key: &age::x25519::Identity| {
        let path = installation.folder().join(name);
        fs::write(&path, format!("# my key\n{}\n", key.to_string().expose_secret())).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (key_file, second_file, stranger_file) =
        (write("key.txt", &key), write("second.txt", &second), write("stranger.txt", &stranger));
    let recipients = format!("{},{}", key.to_public(), second.to_public());
    let installation = installation.clone().with("BACKUP_AGE_RECIPIENTS", recipients);
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let archive = back_up(&installation).await;
    assert!(archive.to_str().unwrap().ends_with(".tar.zst.age"));
    let bytes = fs::read(&archive).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n"));

    installation.lose_everything().await;
    for (options, says) in [
        (vec![], "name the file with the age key by --identity"),
        (vec!["--identity", &stranger_file], "encrypted for other keys than the one in"),
        (vec!["--identity", "/nowhere/key.txt"], "cannot read an age key from /nowhere/key.txt"),
    ] {
        let refused = restore(&installation, &archive, &options).await;
        assert!(!refused.success && refused.err.contains(says), "{refused:?}");
    }
    restored(&installation, &archive, &["--check", "--identity", &second_file]).await;
    let said = restored(&installation, &archive, &["--identity", &key_file]).await;
    assert!(said.contains("restored 1 account(s)"), "{said}");
}

#[tokio::test]
async fn archives_are_listed_with_their_state() {
    let installation = installation().await;
    assert_eq!(installation.run(&["backup", "--list"]).await.out, "");
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let whole = back_up(&installation).await;
    let listed = installation.run(&["backup", "--list"]).await;
    assert!(listed.success && listed.out.contains("0 min") && listed.out.ends_with("ok\n"), "{listed:?}");

    let other = whole.with_file_name("fastgpt-platform-20261001T030000Z.tar.zst");
    fs::copy(&whole, &other).unwrap();
    fs::write(format!("{}.sha256", other.display()), "0000  x\n").unwrap();
    let listed = installation.run(&["backup", "--list"]).await;
    assert!(!listed.success && listed.out.lines().next().unwrap().ends_with("DAMAGED"), "{listed:?}");
    fs::remove_file(format!("{}.sha256", other.display())).unwrap();
    let listed = installation.run(&["backup", "--list"]).await;
    assert!(listed.success && listed.out.lines().next().unwrap().ends_with("no sum"), "{listed:?}");
}

#[tokio::test]
async fn old_archives_go() {
    let installation = installation().await.with("BACKUP_KEEP_DAILY", "1").with("BACKUP_KEEP_WEEKLY", "0");
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let first = back_up(&installation).await;
    let second = back_up(&installation).await;
    assert_ne!(first, second);
    let name = second.file_name().unwrap().to_str().unwrap();
    assert_eq!(archives(&installation), [name.to_owned(), format!("{name}.sha256")]);
}

#[tokio::test]
async fn one_backup_runs_at_a_time() {
    let installation = installation().await;
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    back_up(&installation).await;
    let lock = fs::File::open(Path::new(installation.var("BACKUP_DIR")).join(".backup.lock")).unwrap();
    lock.lock().unwrap();
    let refused = installation.run(&["backup"]).await;
    assert!(!refused.success && refused.err.contains("another backup to"), "{refused:?}");
}

#[tokio::test]
async fn every_day_until_it_is_told_to_stop() {
    let installation = with_archives(Installation::on_sqlite());
    let mut early = installation.spawn(&["backup", "--daily-at", "03:00"], "");
    until("the failure is told", async || {
        early.log().contains("the next try is in 15 minutes").then_some(())
    })
    .await;
    early.signal("TERM");
    assert!(early.exit().await.success());

    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let mut daily = installation.spawn(&["backup", "--daily-at", "03:00"], "");
    until("a backup is made", async || daily.log().contains("backed up").then_some(())).await;
    daily.signal("TERM");
    assert!(daily.exit().await.success(), "{}", daily.log());
    assert_eq!(archives(&installation).len(), 2);
    let wrong = installation.run(&["backup", "--daily-at", "25:00"]).await;
    assert!(!wrong.success && wrong.err.contains("such as 03:15"), "{wrong:?}");
}

#[tokio::test]
async fn a_damaged_database_file_is_moved_out_of_the_way() {
    let installation = with_archives(Installation::on_sqlite());
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let archive = back_up(&installation).await;
    let database = installation.folder().join("data/platform.db");
    fs::write(&database, "x".repeat(8192)).unwrap();
    let refused = restore(&installation, &archive, &[]).await;
    assert!(!refused.success && refused.err.contains("is damaged; give --replace"), "{refused:?}");
    let said = restored(&installation, &archive, &["--replace"]).await;
    let aside = said.lines().find_map(|line| line.strip_prefix("the damaged database is now ")).unwrap();
    assert_eq!(fs::read(aside).unwrap(), "x".repeat(8192).into_bytes());
    assert!(said.contains("restored 1 account(s)"), "{said}");
    assert_eq!(fs::metadata(&database).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_a_killed_restore_left_does_not_get_into_the_next() {
    let installation = with_archives(Installation::on_sqlite());
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let archive = back_up(&installation).await;
    let other = installation.folder().join("other.db");
    let database =
        sea_orm::Database::connect(format!("sqlite://{}?mode=rwc", other.display())).await.unwrap();
    for sql in
        ["PRAGMA journal_mode = WAL", "CREATE TABLE users (id int)", "INSERT INTO users VALUES (1), (2)"]
    {
        database.execute_unprepared(sql).await.unwrap();
    }
    let left = installation.folder().join("data/.fastgpt-platform-restore-database.sqlite.draft-wal");
    fs::copy(format!("{}-wal", other.display()), &left).unwrap();
    let said = restored(&installation, &archive, &["--replace"]).await;
    assert!(said.contains("restored 1 account(s)"), "{said}");
    assert!(!left.exists());
    database.close().await.unwrap();
}

/// Runs SQL in the database of an installation.
pub(crate) async fn run_sql(installation: &Installation, sql: &str) {
    let url = if installation.is_on_postgres() {
        installation.var("DATABASE_URL").to_owned()
    } else {
        format!("sqlite://{}/platform.db?mode=rwc", installation.var("DATA_DIR"))
    };
    let database = sea_orm::Database::connect(url).await.unwrap();
    database.execute_unprepared(sql).await.unwrap();
    database.close().await.unwrap();
}
