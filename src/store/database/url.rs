//! Where the database is, as operators write it: `DATABASE_URL`.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use sea_orm::sqlx::{ConnectOptions, postgres::PgConnectOptions};
use secrecy::SecretString;
use url::{Url, form_urlencoded};

const EXPECTED: &str = "should be postgresql://user:password@host:5432/database (special characters of the \
                        password percent-encoded, such as %40 for @) or sqlite://path/to/file.db";
const EXPECTED_PARAMETERS: &str = "should have no other parameters after ? than schema, sslmode, sslrootcert, \
                                   sslcert, sslkey, host, user, password, application_name, options, and those of Prisma's pool";

/// Passwords that stand in guides and examples, this platform's among them.
const PUBLISHED_PASSWORDS: [&str; 11] = [
    "postgres",
    "password",
    "password123",
    "your_secure_password",
    "your-password",
    "fastgpt",
    "fastgpt_platform",
    "changeme",
    "admin",
    "123456",
    "for-development-only",
];

/// The place of a database, checked. `Debug` and `Display` name the place and never the password.
#[derive(Clone)]
pub struct DatabaseUrl {
    place: Place,
    has_published_password: bool,
}

#[derive(Clone)]
pub(super) enum Place {
    Postgres(Box<PgConnectOptions>),
    File(PathBuf),
    Memory,
}

impl Place {
    /// A file whose folder has a name: `app.db` is `./app.db`.
    fn file(path: &Path) -> Self {
        let has_no_folder = path.parent() == Some(Path::new(""));
        Self::File(if has_no_folder { Path::new(".").join(path) } else { path.to_owned() })
    }
}

impl DatabaseUrl {
    /// Reads `postgresql://…` (`postgres://…`) with Prisma's parameters, `sqlite://path` or `sqlite::memory:`.
    ///
    /// `schema` becomes the search path; `pgbouncer=true` turns named statements off; the settings
    /// of Prisma's own pool are read over, since ours has its own.
    ///
    /// # Errors
    /// Says what would be right, without a word of `text`: any part of a URL that does not parse
    /// may be the password.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            parse_sqlite(path).map(Self::from)
        } else {
            parse_postgres(text)
        }
    }

    /// The SQLite database in the file `path`.
    #[must_use]
    pub fn sqlite_file(path: &Path) -> Self {
        Place::file(path).into()
    }

    /// The file of a SQLite database: whose folder one server holds alone.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Postgres(_) | Place::Memory => None,
        }
    }

    /// The place for people: `PostgreSQL at host:port/database` or `SQLite at path`.
    #[must_use]
    pub fn describe(&self) -> String {
        self.to_string()
    }

    /// What tells a program that uses libpq (pg_dump, psql) where PostgreSQL is and how to sign in; `None` for SQLite.
    /// It is for the environment of that program alone: everyone on the machine sees a command line.
    #[must_use]
    pub fn libpq_environment(&self) -> Option<Vec<(&'static str, SecretString)>> {
        match &self.place {
            Place::Postgres(options) => Some(libpq_environment(options)),
            Place::File(_) | Place::Memory => None,
        }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Whether everybody can read the password in some guide.
    #[must_use]
    pub fn has_published_password(&self) -> bool {
        self.has_published_password
    }
}

impl From<Place> for DatabaseUrl {
    fn from(place: Place) -> Self {
        Self { place, has_published_password: false }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Postgres(options) => {
                let socket = options.get_socket().map(|path| path.to_string_lossy());
                let host = socket.as_deref().unwrap_or(options.get_host());
                let database = options.get_database().unwrap_or_default();
                write!(f, "PostgreSQL at {host}:{}/{database}", options.get_port())
            }
            Place::File(path) => write!(f, "SQLite at {}", path.display()),
            Place::Memory => write!(f, "SQLite in memory"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

fn libpq_environment(options: &PgConnectOptions) -> Vec<(&'static str, SecretString)> {
    let host = match options.get_socket() {
        Some(folder) => folder.to_string_lossy().into_owned(),
        None => options.get_host().trim_matches(['[', ']']).to_owned(),
    };
    let mut environment = vec![
        ("PGHOST", host),
        ("PGPORT", options.get_port().to_string()),
        ("PGUSER", options.get_username().to_owned()),
        ("PGCONNECT_TIMEOUT", "10".to_owned()),
    ];
    environment.extend(options.get_database().map(|name| ("PGDATABASE", name.to_owned())));
    environment.extend(options.get_options().map(|options| ("PGOPTIONS", options.to_owned())));
    // What has no getter is in the address alone. It takes the user as it is, who may have signs that make no address.
    let address = options.clone().username("anyone").to_url_lossy();
    environment.extend(address.password().map(|encoded| ("PGPASSWORD", decode(encoded))));
    environment.extend(address.query_pairs().filter_map(|(key, value)| match &*key {
        "sslmode" => Some(("PGSSLMODE", value.into_owned())),
        "sslrootcert" => Some(("PGSSLROOTCERT", path_of(&value))),
        "sslcert" => Some(("PGSSLCERT", path_of(&value))),
        "sslkey" => Some(("PGSSLKEY", path_of(&value))),
        _ => None,
    }));
    environment.into_iter().map(|(name, value)| (name, value.into())).collect()
}

/// sqlx writes `file: /etc/ca.pem`.
fn path_of(certificate: &str) -> String {
    certificate.strip_prefix("file: ").unwrap_or(certificate).to_owned()
}

/// Decodes what sqlx has percent-encoded to the last sign, so that no plus is left to be taken for a space.
fn decode(encoded: &str) -> String {
    form_urlencoded::parse(encoded.as_bytes()).map(|(text, _)| text.into_owned()).collect()
}

fn parse_sqlite(rest: &str) -> Result<Place, String> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    if rest == ":memory:" {
        return Ok(Place::Memory);
    }
    // The mode that other tools ask for is the one we have: read, write, create.
    let path = rest.strip_suffix("?mode=rwc").unwrap_or(rest);
    if path.is_empty() || path.contains('?') {
        return Err("should be sqlite://path/to/file.db, without parameters".into());
    }
    Ok(Place::file(Path::new(path)))
}

fn parse_postgres(text: &str) -> Result<DatabaseUrl, String> {
    let mut url = Url::parse(text).map_err(|_| EXPECTED)?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(EXPECTED.into());
    }
    // A database name with these signs, or a fragment, is the rest of a password that was not
    // percent-encoded: what we would show as the host and database is then part of the secret.
    let database = url.path().strip_prefix('/').unwrap_or_default();
    if database.is_empty() || database.contains(['/', '@', ':']) || url.fragment().is_some() {
        return Err(EXPECTED.into());
    }
    let parameters = Parameters::read(&url)?;
    // None of them has a character that would be percent-encoded.
    let passwords =
        parameters.kept.iter().filter(|(key, _)| key == "password").map(|(_, value)| value.as_str());
    let has_published_password =
        url.password().into_iter().chain(passwords).any(|password| PUBLISHED_PASSWORDS.contains(&password));
    url.set_query(None);
    if !parameters.kept.is_empty() {
        url.query_pairs_mut().extend_pairs(&parameters.kept);
    }
    let mut options = PgConnectOptions::from_str(url.as_str()).map_err(|_| EXPECTED)?;
    if options.get_application_name().is_none() {
        options = options.application_name(env!("CARGO_PKG_NAME"));
    }
    if let Some(schema) = &parameters.schema {
        // Quoted, since Prisma keeps the letter case of the name.
        options = options.options([("search_path", format!("\"{}\"", schema.replace('"', "\"\"")))]);
    }
    if parameters.pgbouncer {
        options = options.statement_cache_capacity(0);
    }
    Ok(DatabaseUrl { place: Place::Postgres(Box::new(options)), has_published_password })
}

#[derive(Default)]
struct Parameters {
    schema: Option<String>,
    pgbouncer: bool,
    /// What libpq knows too, handed on.
    kept: Vec<(String, String)>,
}

impl Parameters {
    fn read(url: &Url) -> Result<Self, String> {
        let mut read = Self::default();
        for (key, value) in url.query_pairs() {
            match &*key {
                "schema" => read.schema = Some(value.into_owned()),
                "pgbouncer" => read.pgbouncer = value == "true",
                "sslmode" | "sslrootcert" | "sslcert" | "sslkey" | "host" | "user" | "password"
                | "application_name" | "options" => {
                    read.kept.push((key.into_owned(), value.into_owned()));
                }
                "connection_limit"
                | "connect_timeout"
                | "pool_timeout"
                | "socket_timeout"
                | "statement_cache_size"
                | "max_connection_lifetime"
                | "max_idle_connection_lifetime"
                | "single_use_connections" => {}
                _ => return Err(EXPECTED_PARAMETERS.into()),
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn takes_prisma_parameters() {
        let url = DatabaseUrl::parse(
            "postgresql://u:p%40ss@db.example:5433/app?schema=My%20app&connection_limit=5&pgbouncer=true&sslmode=disable",
        );
        let Place::Postgres(options) = url.unwrap().place else { panic!("is PostgreSQL") };
        assert_eq!(options.get_options(), Some(r#"-c search_path="My\ app""#));
        assert_eq!((options.get_host(), options.get_port()), ("db.example", 5433));
        assert!(matches!(options.get_ssl_mode(), sea_orm::sqlx::postgres::PgSslMode::Disable));
    }

    #[test]
    fn tells_libpq_all_it_needs() {
        let told = |text: &str| {
            let environment = DatabaseUrl::parse(text).unwrap().libpq_environment().unwrap();
            let lines = environment.iter().map(|(name, value)| format!("{name}={}", value.expose_secret()));
            lines.filter(|line| !line.starts_with("PGCONNECT")).collect::<Vec<_>>().join(" | ")
        };
        assert_eq!(
            told("postgres://wang%40home:p%40ss+%20%E5%AF%86@[::1]:5433/app?schema=My%20app&sslmode=disable"),
            "PGHOST=::1 | PGPORT=5433 | PGUSER=wang@home | PGDATABASE=app | PGOPTIONS=-c search_path=\"My\\ app\" | \
             PGPASSWORD=p@ss+ 密 | PGSSLMODE=disable"
        );
        assert_eq!(
            told("postgres:///app?host=/run/pg&user=a/b&password=%25%2B&sslrootcert=/etc/ca.pem"),
            "PGHOST=/run/pg | PGPORT=5432 | PGUSER=a/b | PGDATABASE=app | PGPASSWORD=%+ | PGSSLMODE=prefer | \
             PGSSLROOTCERT=/etc/ca.pem"
        );
        assert!(DatabaseUrl::parse("sqlite::memory:").unwrap().libpq_environment().is_none());
    }

    #[test]
    fn names_the_place() {
        for (text, place) in [
            ("postgres://u:secret@db:5432/app", "PostgreSQL at db:5432/app"),
            ("postgres://u:secret@[::1]/app", "PostgreSQL at [::1]:5432/app"),
            ("postgres:///app?host=/run/pg&user=u&password=secret", "PostgreSQL at /run/pg:5432/app"),
            ("sqlite://data/app.db", "SQLite at data/app.db"),
            ("sqlite://app.db", "SQLite at ./app.db"),
            ("sqlite:app.db", "SQLite at ./app.db"),
            ("sqlite:///var/app.db?mode=rwc", "SQLite at /var/app.db"),
            ("sqlite::memory:", "SQLite in memory"),
        ] {
            assert_eq!(DatabaseUrl::parse(text).unwrap().describe(), place);
        }
    }

    #[test]
    fn knows_published_passwords() {
        for (text, published) in [
            ("postgres://postgres:password@db/app", true),
            ("postgres:///app?host=/run/pg&user=u&password=postgres", true),
            ("postgres://postgres:password7@db/app", false),
            ("postgres://postgres@db/app", false),
            ("sqlite://data/app.db", false),
        ] {
            assert_eq!(DatabaseUrl::parse(text).unwrap().has_published_password(), published, "{text}");
        }
    }

    #[test]
    fn says_what_would_be_right() {
        for text in
            ["", "app.db", "file:./dev.db", "mysql://u:p@db/app", "postgres://u:p@db", "postgres://u:p@db/"]
        {
            assert_eq!(DatabaseUrl::parse(text).unwrap_err(), EXPECTED);
        }
        assert_eq!(DatabaseUrl::parse("postgres://db/app?sslmod=require").unwrap_err(), EXPECTED_PARAMETERS);
        assert!(DatabaseUrl::parse("sqlite://").is_err());
        assert!(DatabaseUrl::parse("sqlite://app.db?mode=memory").is_err());
    }

    proptest! {
        /// Percent-encoded or not, parsed or refused.
        #[test]
        fn never_prints_a_password(head in "[0-9A-Z]{4,8}", glue in "[@/#?:&=% \\\\]{0,2}", tail in "[0-9A-Z]{4,8}") {
            let password = format!("{head}{glue}{tail}");
            let encoded: String = url::form_urlencoded::byte_serialize(password.as_bytes()).collect();
            for password in [password, encoded] {
                let url = format!("postgresql://user:{password}@host:5432/database?schema=public");
                let shown = match DatabaseUrl::parse(&url) {
                    Ok(url) => format!("{url} {url:?} {}", url.describe()),
                    Err(error) => error,
                };
                prop_assert!(!shown.contains(&head) && !shown.contains(&tail), "{shown}");
            }
        }
    }
}
