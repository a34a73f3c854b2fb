//! The first entry of an archive: what the others are, and who made them of what.

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    auth::secrets::{JWT_FILE, SESSION_FILE},
    store::database::{Incompatible, check_compatible, has_known_migrations},
};

/// The name of the entry.
pub(super) const FILE: &str = "manifest.json";
/// The format that this program writes, and the only one that it reads.
const FORMAT: u32 = 1;
/// Of this product, and no other program's.
const PRODUCT: &str = env!("CARGO_PKG_NAME");

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    product: String,
    /// Of the program that wrote the archive.
    version: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) database: Database,
    /// The steps that were applied to the database.
    pub(super) migrations: Vec<String>,
    /// What follows, in this order.
    pub(super) entries: Vec<Entry>,
}

/// Of which kind the database is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub(super) enum Database {
    /// `database.dump`, in pg_dump's custom format.
    Postgres {
        /// The schema that was dumped, by whose name its tables are called in the dump.
        schema: String,
        /// The major version of pg_dump, which an older pg_restore may not understand.
        dumped_by: u32,
    },
    /// `database.sqlite`, a database file.
    Sqlite,
}

impl Database {
    /// The name of the entry.
    pub(super) fn file(&self) -> &'static str {
        match self {
            Self::Postgres { .. } => "database.dump",
            Self::Sqlite => "database.sqlite",
        }
    }
}

/// One entry after the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// In hexadecimal.
    pub(super) sha256: String,
}

impl Manifest {
    pub(super) fn new(
        created_at: DateTime<Utc>,
        database: Database,
        migrations: Vec<String>,
        entries: Vec<Entry>,
    ) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            format: FORMAT,
            product: PRODUCT.to_owned(),
            version,
            created_at,
            database,
            migrations,
            entries,
        }
    }

    /// Reads a manifest that this program can do something with.
    ///
    /// # Errors
    /// It is none of ours, of another format, of a database that this program cannot work with, or names entries that no
    /// archive has.
    pub(super) fn read(json: &[u8]) -> anyhow::Result<Self> {
        const NONE_OF_OURS: &str = "its manifest is not one of a backup of this platform";
        #[derive(Deserialize)]
        struct Head {
            format: u32,
            product: String,
            version: String,
        }
        let head: Head = serde_json::from_slice(json).context(NONE_OF_OURS)?;
        anyhow::ensure!(head.product == PRODUCT, NONE_OF_OURS);
        anyhow::ensure!(
            head.format == FORMAT,
            "it is in format {}, and this program reads format {FORMAT}; use fastgpt-platform {} to restore it",
            head.format,
            head.version
        );
        let manifest: Self = serde_json::from_slice(json).context(NONE_OF_OURS)?;
        manifest.check_migrations()?;
        manifest.check_entries()?;
        Ok(manifest)
    }

    /// As for a database that is there: a newer one will do, unless it says otherwise.
    fn check_migrations(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            has_known_migrations(&self.migrations),
            "it holds no tables of this platform, but what a restore replaced; unpack it by `tar --zstd -xf`, and give \
             its {} to whom it belongs",
            self.database.file()
        );
        let (theirs, own) = (&self.version, env!("CARGO_PKG_VERSION"));
        match check_compatible(&self.migrations) {
            Ok(()) => Ok(()),
            Err(Incompatible::NeedsRelease { major, minor }) => anyhow::bail!(
                "it was made by fastgpt-platform {theirs}, and needs release {major}.{minor} or a newer one; this is {own}: \
                 install that to restore it"
            ),
            Err(Incompatible::Lacks(lacking)) => anyhow::bail!(
                "it was made by fastgpt-platform {theirs}, whose database has steps that this one ({own}) does not know, \
                 and lacks {lacking} of this one; install the newest release to restore it"
            ),
        }
    }

    /// The database, then secrets, each at most once.
    fn check_entries(&self) -> anyhow::Result<()> {
        let mut possible = [self.database.file(), JWT_FILE, SESSION_FILE].into_iter();
        for (position, entry) in self.entries.iter().enumerate() {
            let is_next = possible.any(|name| name == entry.name);
            anyhow::ensure!(
                is_next && (position > 0 || entry.name == self.database.file()),
                "its manifest names an entry that does not belong there: {:?}",
                entry.name
            );
        }
        anyhow::ensure!(!self.entries.is_empty(), "its manifest names no database");
        Ok(())
    }
}
