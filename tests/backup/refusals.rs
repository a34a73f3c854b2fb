//! What is not restored, and what is said of it.

use std::{fs, path::Path};

use super::{archives, back_up, installation, restore, restored, run_sql, with_archives};
use crate::support::process::Installation;

/// What was said, without what differs from run to run.
fn plain(installation: &Installation, archive: &Path, text: &str) -> String {
    let text = text.lines().filter(|line| !line.contains(" INFO ")).collect::<Vec<_>>().join("\n");
    let name = archive.file_name().unwrap().to_str().unwrap();
    let text = text
        .replace(installation.folder().to_str().unwrap(), "[folder]")
        .replace(name, "[archive]")
        .replace(env!("CARGO_PKG_VERSION"), "[version]");
    let words = text.split(' ').map(|word| {
        let is_sum = word.trim_end_matches([',', ';']).len() == 64;
        if is_sum { format!("[sum]{}", &word[64..]) } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn accounts_are_not_replaced_unasked() {
    let installation = with_archives(Installation::on_sqlite());
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let archive = back_up(&installation).await;
    let refused = restore(&installation, &archive, &[]).await;
    insta::assert_snapshot!(plain(&installation, &archive, &refused.err), @r"fastgpt-platform: SQLite at [folder]/data/platform.db has 1 account(s), which this would replace; give --replace to do so (they are backed up first)");
    assert!(!refused.success);
    assert_eq!(archives(&installation).len(), 2, "nothing was written");
}

#[tokio::test]
async fn a_running_server_is_left_alone() {
    let installation = installation().await;
    let server = installation.serve().await;
    let zhang = server.with_user("zhang").await;
    let archive = back_up(&installation).await;
    let refused = restore(&installation, &archive, &["--replace"]).await;
    let says =
        if installation.is_on_postgres() { "a server uses PostgreSQL at" } else { "another server uses" };
    assert!(!refused.success && refused.err.contains(says), "{refused:?}");
    zhang.query("{ viewer { id } }").await.data();
    server.stop().await;
    restored(&installation, &archive, &["--replace"]).await;
}

#[tokio::test]
async fn sqlite_does_not_go_into_postgresql_nor_the_other_way() {
    let Some(on_postgres) = Installation::for_replicas().await else { return };
    let (on_postgres, on_sqlite) = (with_archives(on_postgres), with_archives(Installation::on_sqlite()));
    on_sqlite.admin(&["create", "--email", "wang@example.com"], "").await;
    on_postgres.admin(&["create", "--email", "wang@example.com"], "").await;
    let archive = back_up(&on_sqlite).await;
    let refused = restore(&on_postgres, &archive, &["--replace"]).await;
    assert!(!refused.success && refused.err.contains("unset DATABASE_URL to restore it"), "{refused:?}");
    let archive = back_up(&on_postgres).await;
    let refused = restore(&on_sqlite, &archive, &["--replace"]).await;
    assert!(!refused.success && refused.err.contains("set DATABASE_URL=postgresql://"), "{refused:?}");
}

#[tokio::test]
async fn a_damaged_archive_is_named() {
    let installation = with_archives(Installation::on_sqlite());
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let archive = back_up(&installation).await;
    let whole = fs::read(&archive).unwrap();
    let said = async || {
        let refused = restore(&installation, &archive, &["--replace"]).await;
        assert!(!refused.success);
        plain(&installation, &archive, &refused.err)
    };

    fs::write(&archive, &whole[..whole.len() - 1]).unwrap();
    insta::assert_snapshot!(said().await, @r"fastgpt-platform: [folder]/backups/[archive] is damaged: its SHA-256 is [sum], and [folder]/backups/[archive].sha256 says [sum]; take another backup, or another copy of this one");
    fs::remove_file(format!("{}.sha256", archive.display())).unwrap();
    insta::assert_snapshot!(said().await, @r"fastgpt-platform: [folder]/backups/[archive] cannot be restored: it is damaged, cut off, or no backup at all; take another backup, or another copy of this one: incomplete frame");
    fs::write(&archive, "holiday photos").unwrap();
    insta::assert_snapshot!(said().await, @r"fastgpt-platform: [folder]/backups/[archive] cannot be restored: it is damaged, cut off, or no backup at all; take another backup, or another copy of this one: Unknown frame descriptor");
    fs::remove_file(&archive).unwrap();
    insta::assert_snapshot!(said().await, @r"fastgpt-platform: cannot read [folder]/backups/[archive]: No such file or directory (os error 2)");

    fs::write(&archive, &whole).unwrap();
    let done = restore(&installation, &archive, &["--check"]).await;
    assert!(done.success, "{done:?}");
    insta::assert_snapshot!(plain(&installation, &archive, &done.err), @r"warning: there is no .sha256 beside the archive, so nothing says that it is the one that was written");
}

#[tokio::test]
async fn an_empty_database_is_no_backup() {
    let installation = with_archives(Installation::on_sqlite());
    let refused = installation.run(&["backup"]).await;
    assert!(!refused.success && refused.err.contains("there is no database at"), "{refused:?}");
    assert!(installation.run(&["migrate", "status"]).await.success);
    let refused = installation.run(&["backup"]).await;
    assert!(!refused.success && refused.err.contains("has no tables of this platform"), "{refused:?}");
    assert!(archives(&installation).is_empty());
}

#[tokio::test]
async fn the_tables_of_others_are_not_replaced_unasked() {
    let installation = with_archives(Installation::on_sqlite());
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let archive = back_up(&installation).await;
    installation.lose_everything().await;
    fs::create_dir(installation.var("DATA_DIR")).unwrap();
    run_sql(&installation, "CREATE TABLE orders (id int)").await;

    let refused = restore(&installation, &archive, &[]).await;
    let says = "has what is not this platform's: table orders; DATABASE_URL may name the wrong database";
    assert!(!refused.success && refused.err.contains(says), "{refused:?}");
    let said = restored(&installation, &archive, &["--replace"]).await;
    assert!(said.contains("restored 1 account(s)") && said.contains("-before-restore"), "{said}");
}
