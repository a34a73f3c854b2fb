//! Archives that are cut off, changed or made up.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
};

use fastgpt_platform::{backup::restore::check as check_archive, store::database::known_migrations};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{back_up, restore, with_archives};
use crate::support::process::Installation;

async fn archive() -> (Installation, Vec<u8>) {
    let installation = with_archives(Installation::on_sqlite());
    assert!(installation.run(&["migrate", "up"]).await.success);
    let archive = back_up(&installation).await;
    (installation, fs::read(archive).unwrap())
}

/// What is said of an archive of these bytes that has no sum beside it.
async fn check(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).unwrap();
    check_archive(path, None).await.map(drop).map_err(|error| format!("{error:#}"))
}

#[tokio::test]
async fn no_part_of_an_archive_passes_for_all_of_it() {
    let (installation, whole) = archive().await;
    let path = installation.folder().join("cut.tar.zst");
    check(&path, &whole).await.unwrap();
    for length in (0..whole.len()).step_by(7).chain(whole.len() - 8..whole.len()) {
        assert!(check(&path, &whole[..length]).await.is_err(), "{length} of {}", whole.len());
    }
    for more in [&b"\0"[..], b"more", &whole] {
        assert!(check(&path, &[&whole, more].concat()).await.is_err());
    }
}

#[tokio::test]
async fn no_changed_byte_passes() {
    let (installation, whole) = archive().await;
    let path = installation.folder().join("changed.tar.zst");
    let content = zstd::decode_all(&whole[..]).unwrap();
    for offset in (0..32).chain((32..whole.len()).step_by(5)).chain(whole.len() - 8..whole.len()) {
        for flip in [0x01, 0x10, 0xff] {
            let mut changed = whole.clone();
            changed[offset] ^= flip;
            let passed = check(&path, &changed).await.is_ok();
            // Some bits of zstd mean nothing: all that is in the archive is then as it was.
            assert!(!passed || zstd::decode_all(&changed[..]).unwrap() == content, "{flip:x} at {offset}");
        }
    }
    // With the sum beside it, not even that.
    fs::write(format!("{}.sha256", path.display()), format!("{}  x", hex::encode(Sha256::digest(&whole))))
        .unwrap();
    check(&path, &whole).await.unwrap();
    for offset in 0..32 {
        let mut changed = whole.clone();
        changed[offset] ^= 0x10;
        assert!(check(&path, &changed).await.unwrap_err().contains("its SHA-256 is"));
    }
}

#[tokio::test]
async fn no_changed_byte_of_an_encrypted_archive_passes() {
    use age::secrecy::ExposeSecret;
    let key = age::x25519::Identity::generate();
    let installation =
        with_archives(Installation::on_sqlite()).with("BACKUP_AGE_RECIPIENTS", key.to_public().to_string());
    assert!(installation.run(&["migrate", "up"]).await.success);
    let whole = fs::read(back_up(&installation).await).unwrap();
    let identity = installation.folder().join("key.txt");
    fs::write(&identity, key.to_string().expose_secret()).unwrap();
    let path = installation.folder().join("changed.tar.zst.age");
    let check = async |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        check_archive(&path, Some(&identity)).await
    };
    check(&whole).await.unwrap();
    for offset in (0..whole.len()).step_by(9).chain(whole.len() - 20..whole.len()) {
        let mut changed = whole.clone();
        changed[offset] ^= 0x01;
        assert!(check(&changed).await.is_err(), "{offset}");
        assert!(check(&whole[..offset]).await.is_err(), "{offset}");
    }
}

const DATABASE: &[u8] = b"not checked here";

fn manifest() -> Value {
    json!({
        "format": 1, "product": "fastgpt-platform", "version": "9.9.9", "created_at": "2026-11-23T03:00:00Z",
        "database": { "kind": "sqlite" }, "migrations": ["m20261123_000001_create_users"],
        "entries": [{
            "name": "database.sqlite", "bytes": DATABASE.len(), "sha256": hex::encode(Sha256::digest(DATABASE)),
        }],
    })
}

/// An archive of these entries, with whatever names.
fn packed(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_cksum();
        tar.append(&header, *content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

#[tokio::test]
async fn made_up_archives_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made-up.tar.zst");
    let file = tar::EntryType::Regular;
    let packed_with = |change: &dyn Fn(&mut Value)| {
        let mut manifest = manifest();
        change(&mut manifest);
        packed(&[
            ("manifest.json", file, manifest.to_string().as_bytes()),
            ("database.sqlite", file, DATABASE),
        ])
    };
    check(&path, &packed_with(&|_| {})).await.unwrap();

    let good = manifest().to_string();
    let (manifest, database) =
        (("manifest.json", file, good.as_bytes()), ("database.sqlite", file, DATABASE));
    let many_zeros = vec![0; 64 << 20];
    let mut said = String::new();
    for (what, bytes) in [
        ("no manifest", packed(&[database])),
        ("no entry", packed(&[])),
        ("no database", packed(&[manifest])),
        ("an entry twice", packed(&[manifest, database, database])),
        ("an entry more", packed(&[manifest, database, ("jwt_secret", file, b"x")])),
        ("a way out", packed(&[manifest, ("../database.sqlite", file, DATABASE)])),
        ("a root", packed(&[manifest, ("/etc/passwd", file, DATABASE)])),
        ("a link", packed(&[manifest, ("database.sqlite", tar::EntryType::Symlink, b"")])),
        ("a long name", packed(&[manifest, ("././@LongLink", tar::EntryType::GNULongName, b"x"), database])),
        ("a bomb", packed(&[manifest, ("database.sqlite", file, &many_zeros)])),
        ("a bomb of a manifest", packed(&[("manifest.json", file, &many_zeros)])),
        ("other content", packed(&[manifest, ("database.sqlite", file, b"not checked, her")])),
        ("another product", packed_with(&|it| it["product"] = json!("nextcloud"))),
        ("another format", packed_with(&|it| it["format"] = json!(2))),
        (
            "a newer database",
            packed_with(&|it| {
                it["migrations"] =
                    json!([known_migrations(), vec!["m20990101_000001_needs_99_1_x".into()]].concat());
            }),
        ),
        (
            "other steps",
            packed_with(&|it| {
                it["migrations"] = json!(
                    [known_migrations().split_last().unwrap().1, &["m20990101_000001_create_robots".into()]]
                        .concat()
                );
            }),
        ),
        ("a stranger's", packed_with(&|it| it["migrations"] = json!(["m20220101_000001_create_table"]))),
        ("another name", packed_with(&|it| it["entries"][0]["name"] = json!("../../platform.db"))),
        ("a name twice", packed_with(&|it| it["entries"] = json!([it["entries"][0], it["entries"][0]]))),
        ("no entries", packed_with(&|it| it["entries"] = json!([]))),
        ("no json", packed(&[("manifest.json", file, b"{"), database])),
    ] {
        let refused = check(&path, &bytes).await.expect_err(what);
        let refused =
            refused.replace(path.to_str().unwrap(), "It").replace(env!("CARGO_PKG_VERSION"), "[version]");
        said += &format!("{what}: {}\n", refused.strip_prefix("It cannot be restored: ").unwrap());
    }
    insta::assert_snapshot!(said, @r#"
    no manifest: it has "database.sqlite" where manifest.json should be
    no entry: it ends where manifest.json should follow
    no database: it ends where database.sqlite should follow
    an entry twice: it has an entry that its manifest does not name: "database.sqlite"
    an entry more: it has an entry that its manifest does not name: "jwt_secret"
    a way out: it has "../database.sqlite" where database.sqlite should be
    a root: it has "/etc/passwd" where database.sqlite should be
    a link: its database.sqlite is no plain file
    a long name: it has "././@LongLink" where database.sqlite should be
    a bomb: database.sqlite has 67108864 bytes, and the manifest says 16
    a bomb of a manifest: its manifest is too large
    other content: database.sqlite is damaged: its SHA-256 is 7f733d4844213985df4a2eb782323e6e619ec3ab8ae6107815a38bca659175ae, and the manifest says a38ef298c5cb3397a959cbc8c77290df16ef81535f1b50d6fd8175c7d66b1560
    another product: its manifest is not one of a backup of this platform
    another format: it is in format 2, and this program reads format 1; use fastgpt-platform 9.9.9 to restore it
    a newer database: it was made by fastgpt-platform 9.9.9, and needs release 99.1 or a newer one; this is [version]: install that to restore it
    other steps: it was made by fastgpt-platform 9.9.9, whose database has steps that this one ([version]) does not know, and lacks 1 of this one; install the newest release to restore it
    a stranger's: it holds no tables of this platform, but what a restore replaced; unpack it by `tar --zstd -xf`, and give its database.sqlite to whom it belongs
    another name: its manifest names an entry that does not belong there: "../../platform.db"
    a name twice: its manifest names an entry that does not belong there: "database.sqlite"
    no entries: its manifest names no database
    no json: its manifest is not one of a backup of this platform: EOF while parsing an object at line 1 column 1
    "#);
}

#[tokio::test]
async fn an_archive_goes_on_no_further_than_its_manifest_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.tar.zst");
    let json = manifest().to_string();
    let file = tar::EntryType::Regular;
    let whole = packed(&[("manifest.json", file, json.as_bytes()), ("database.sqlite", file, DATABASE)]);
    let mut longer = zstd::decode_all(&whole[..]).unwrap();
    longer.write_all(&vec![0; 16 << 20]).unwrap();
    let refused = check(&path, &zstd::encode_all(&longer[..], 1).unwrap()).await.unwrap_err();
    assert!(refused.ends_with("it goes on after its end"), "{refused}");
}

#[tokio::test]
async fn a_database_that_the_manifest_does_not_tell_of_is_refused() {
    let installation = with_archives(Installation::on_sqlite());
    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let real = tar_of(&fs::read(back_up(&installation).await).unwrap());
    let file = tar::EntryType::Regular;
    let path = installation.folder().join("made-up.tar.zst");
    let mut few = manifest();
    few["entries"][0] = real.0["entries"][0].clone();
    let mut none = manifest();
    none["entries"][0]["bytes"] = json!(0);
    none["entries"][0]["sha256"] = json!(hex::encode(Sha256::digest(b"")));
    for (manifest, database) in [(few, &real.1[..]), (none, b"")] {
        let json = manifest.to_string();
        let bytes = packed(&[("manifest.json", file, json.as_bytes()), ("database.sqlite", file, database)]);
        fs::write(&path, bytes).unwrap();
        let refused = restore(&installation, &path, &["--replace"]).await;
        assert!(
            !refused.success && refused.err.contains("not the one that its manifest tells of"),
            "{refused:?}"
        );
        let email = ["admin", "end-sessions", "--email", "wang@example.com"];
        assert!(installation.run(&email).await.success, "all is as it was");
    }
}

/// The manifest and the database of an archive.
fn tar_of(archive: &[u8]) -> (Value, Vec<u8>) {
    let tar = zstd::decode_all(archive).unwrap();
    let mut tar = tar::Archive::new(&tar[..]);
    let mut entries = tar.entries().unwrap().map(|entry| {
        let mut bytes = Vec::new();
        entry.unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    });
    let manifest = serde_json::from_slice(&entries.next().unwrap()).unwrap();
    (manifest, entries.next().unwrap())
}
