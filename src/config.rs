//! Environment → [`Config`], read once at start.
//!
//! Every problem is reported at once. Production refuses what is only fit for a
//! laptop: default or short secrets, the default admin password, a wildcard origin.

pub mod identity;
mod keys;
mod parse;
mod read;
mod reader;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};

use identity::{GitHub, OAuthClient, OpenIdProvider};
pub use keys::{KEYS, Key};
use reader::Reader;
pub use reader::{Problem, Vars};

use crate::{auth::viewer::Role, locale::Locale, store::database::DatabaseUrl};

/// The administrator of the deployment guide, created on the first start.
pub const DEFAULT_ADMIN_EMAIL: &str = "admin@example.com";
/// Its password, which everybody can read there.
pub const DEFAULT_ADMIN_PASSWORD: &str = "Admin@123456";

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// Laptop or production.
    pub environment: Environment,
    /// Address the server listens on.
    pub host: IpAddr,
    /// Port the server listens on; 0 lets the system choose.
    pub port: u16,
    /// Path under which the API lives; begins with a slash, ends without one.
    pub api_prefix: String,
    /// Where people reach this server, without a trailing slash.
    pub site_url: String,
    /// Where people reach the console, without a trailing slash.
    pub frontend_url: String,
    /// Origins that browsers may call the API from, besides `site_url` and `frontend_url`.
    pub cors: CorsOrigins,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Folder for the SQLite database and generated secrets.
    pub data_dir: PathBuf,
    /// The database.
    pub database_url: DatabaseUrl,
    /// Size of the connection pool.
    pub database_max_connections: u32,
    /// Redis, when several replicas share cache, events and limits.
    pub redis: Option<Redis>,
    /// Secrets that sign access tokens, the first signs, all verify; empty: generate one.
    pub jwt_secrets: Vec<SecretString>,
    /// Secret under which refresh tokens and cursors are authenticated; `None`: generate one.
    pub session_secret: Option<SecretString>,
    /// The first administrator.
    pub admin: FirstAdmin,
    /// Lifetimes of tokens and sessions.
    pub lifetimes: Lifetimes,
    /// Cost of a password hash.
    pub argon2: Argon2Cost,
    /// Guesses at one account from one address that go on without a wait; `throttle::policy` has the rest.
    pub sign_in_attempts_per_minute: u32,
    /// Accounts that one address may create an hour.
    pub sign_ups_per_hour: u32,
    /// Mails that the requests of one address may cause an hour.
    pub mail_requests_per_hour: u32,
    /// Who may create an account.
    pub registration: Registration,
    /// Whose accounts must have a second factor.
    pub second_factor_required: SecondFactorRequired,
    /// Passwords that are known from breaches, and refused.
    pub breached_passwords: Option<BreachSource>,
    /// The language of mails to people who did not choose one.
    pub default_locale: Locale,
    /// How mails leave.
    pub mail: Mail,
    /// Whether everybody may read the schema: introspection, suggestions in errors, GraphiQL. Administrators always may.
    pub introspection: bool,
    /// Which documents are run.
    pub persisted_operations: PersistedOperations,
    /// Files of trusted documents, besides the console's own.
    pub trusted_documents: Vec<PathBuf>,
    /// What one principal may spend a minute, in points of cost.
    pub cost_per_minute: u32,
    /// What one document may ask for.
    pub document_limits: DocumentLimits,
    /// Connections that are served at once; more wait to be accepted.
    pub max_connections: u32,
    /// Open sockets of one user, or of one address that nobody signed in from.
    pub max_sockets_per_client: u32,
    /// Google as an identity provider.
    pub google: Option<OAuthClient>,
    /// GitHub as an identity provider.
    pub github: Option<GitHub>,
    /// Further identity providers, by their names.
    pub open_id: Vec<OpenIdProvider>,
    /// Filter of the log, in the syntax of `tracing_subscriber::EnvFilter`.
    pub log_level: String,
    /// Form of the log.
    pub log_format: LogFormat,
    /// Where Prometheus asks for metrics; `None`: nowhere.
    pub metrics: Option<MetricsListener>,
    /// Where traces are sent; `None`: nowhere.
    pub traces: Option<Traces>,
    /// Where backups are kept, and how many.
    pub backup: Backup,
    /// How long requests in flight may take to finish after SIGTERM.
    pub shutdown_timeout: Duration,
    /// How long before that connections which are kept alive may bring requests after SIGTERM.
    pub shutdown_drain: Duration,
}

/// Where the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// On a laptop or in a test: defaults that need no configuration.
    Development,
    /// For real: nothing unsafe is accepted.
    Production,
}

/// Which documents are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersistedOperations {
    /// Every document; whoever wants to may send its hash in place of its text.
    Optional,
    /// Trusted documents alone, except for administrators.
    Only,
}

/// What a document may have; what each number counts is told in `graphql/limits.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentLimits {
    /// Bytes of its text.
    pub bytes: u32,
    /// Tokens of its text.
    pub tokens: u32,
    /// Levels of fields.
    pub depth: u32,
    /// Fields and fragments, counted wherever they are spread.
    pub selections: u32,
    /// Aliases of an operation.
    pub aliases: u32,
    /// Directives of an operation.
    pub directives: u32,
    /// Fields of an operation's root.
    pub root_fields: u32,
    /// Root fields of an operation that check or change a secret.
    pub sign_ins: u32,
    /// Points that an operation costs.
    pub cost: u32,
}

/// Which origins a browser may call from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Every origin (`*`); development only.
    Any,
    /// These origins, in the form browsers send.
    Only(Vec<String>),
}

/// How Redis is reached.
#[derive(Debug, Clone)]
pub struct Redis {
    /// `redis://` or `rediss://` address; secret, as it may contain the password.
    pub url: SecretString,
    /// Begins every key and channel, so that installations can share one Redis.
    pub key_prefix: String,
}

/// The administrator that the first start creates.
#[derive(Debug, Clone)]
pub struct FirstAdmin {
    /// Address to sign in with.
    pub email: String,
    /// Password to sign in with; `None` in production where none is configured.
    pub password: Option<SecretString>,
}

impl FirstAdmin {
    /// Whether the password is the published one of the guide.
    #[must_use]
    pub fn has_default_password(&self) -> bool {
        self.password.as_ref().is_some_and(|password| password.expose_secret() == DEFAULT_ADMIN_PASSWORD)
    }
}

/// How long things live.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// An access token.
    pub access_token: Duration,
    /// A session, from sign-in.
    pub session: Duration,
    /// A session without activity.
    pub session_idle: Duration,
}

/// Parameters of argon2id (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

/// Form of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For a terminal.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// The listener of `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricsListener {
    /// Its address.
    pub address: SocketAddr,
    /// Whether it was asked for by name: a server that cannot have the default goes on without.
    pub is_required: bool,
}

/// Traces by OTLP over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct Traces {
    /// The collector's address, to which `/v1/traces` is added.
    pub endpoint: String,
    /// What the platform is called in a trace.
    pub service_name: String,
    /// The part of traces begun here that is sent, from 0 to 1; a caller's own decision holds for its traces.
    pub ratio: f64,
}

/// What becomes of backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The folder of the archives.
    pub folder: PathBuf,
    /// Of how many days the last archive is kept.
    pub keep_daily: u32,
    /// Of how many weeks the last archive is kept.
    pub keep_weekly: u32,
    /// For whom archives are encrypted: age's public keys; none: not encrypted.
    pub recipients: Vec<String>,
    /// Where PostgreSQL's programs are looked for: the folders of `PATH`.
    pub programs: Vec<PathBuf>,
}

/// Who may create an account, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Everybody, those who were invited, or nobody.
    pub mode: RegistrationMode,
    /// The domains that an address may have, in lower case; empty: every one. Invitations go to any.
    pub email_domains: Vec<String>,
    /// Whether an account can be used only once its address was verified.
    pub requires_email_verification: bool,
}

/// Who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
pub enum RegistrationMode {
    /// Everybody.
    Open,
    /// Those who were invited.
    Invite,
    /// Nobody: accounts are made by administrators.
    Closed,
}

/// Where the list of passwords is that are known from breaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BreachSource {
    /// A file of sorted SHA-1 digests.
    File(PathBuf),
    /// An address that answers with all digests of a prefix.
    Range(String),
}

/// Whose accounts must have a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactorRequired {
    /// Nobody's.
    None,
    /// Administrators'.
    Admin,
    /// Everybody's.
    All,
}

impl SecondFactorRequired {
    /// Whether accounts with this role must have one.
    #[must_use]
    pub fn for_role(self, role: Role) -> bool {
        match self {
            Self::None => false,
            Self::Admin => role == Role::Admin,
            Self::All => true,
        }
    }
}

/// How mails leave.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The sender: an address, with a name before it or not.
    pub from: String,
    /// The server that takes them; `None`: they become files.
    pub smtp: Option<Smtp>,
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from others.
    pub tls: SmtpTls,
    /// Name and password.
    pub credentials: Option<(String, SecretString)>,
}

/// How the connection to a mail server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Begun in clear, and never used so.
    StartTls,
    /// From the first byte on.
    Tls,
    /// Not at all; for a server on the same machine.
    None,
}

/// All problems of a configuration that cannot be used.
#[derive(Debug)]
pub struct ConfigError(pub Vec<Problem>);

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the configuration has {} problem(s):", self.0.len())?;
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the process environment, completed by a `.env` file in the working folder where there is one.
    ///
    /// # Errors
    /// An unreadable `.env`, or every problem of the values at once.
    pub fn load() -> anyhow::Result<Self> {
        let (vars, file) = environment();
        file?;
        Ok(Self::from_vars(&vars)?)
    }

    /// Builds the configuration from `vars` alone.
    ///
    /// # Errors
    /// Every problem of the values at once.
    pub fn from_vars(vars: &Vars) -> Result<Self, ConfigError> {
        let (config, problems) = Self::inspect(vars);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError(problems)) }
    }

    /// What can be read of `vars`, with the default in the place of every bad value, and all problems. For looking
    /// at an installation that does not start; nothing may be served with it.
    #[must_use]
    pub fn inspect(vars: &Vars) -> (Self, Vec<Problem>) {
        let mut reader = Reader::new(vars);
        let config = read::read(&mut reader);
        (config, reader.into_problems())
    }

    /// Whether unsafe settings were refused at start.
    #[must_use]
    pub fn is_production(&self) -> bool {
        self.environment == Environment::Production
    }

    /// Path of the GraphQL endpoint.
    #[must_use]
    pub fn graphql_path(&self) -> String {
        format!("{}/graphql", self.api_prefix)
    }

    /// Where this machine reaches a server that listens as configured.
    #[must_use]
    pub fn own_address(&self) -> SocketAddr {
        SocketAddr::new(reachable(self.host), self.port)
    }

    /// How many files the server may have to hold open: connections, and what stores and disk need.
    #[must_use]
    pub fn open_files(&self) -> u64 {
        u64::from(self.max_connections) + 256
    }
}

impl MetricsListener {
    /// Where this machine reaches it.
    #[must_use]
    pub fn own_address(&self) -> SocketAddr {
        SocketAddr::new(reachable(self.address.ip()), self.address.port())
    }
}

/// "Every address" is none that one can ask.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        host if !host.is_unspecified() => host,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

/// The process environment, completed by a `.env` file in the working folder or above it, and that file: none, the
/// one that was read, or why it could not be read to its end.
pub fn environment() -> (Vars, anyhow::Result<Option<PathBuf>>) {
    let file = match dotenvy::dotenv() {
        Ok(path) => Ok(Some(path)),
        Err(error) if error.not_found() => Ok(None),
        // The error itself would show the line, which may be a secret.
        Err(dotenvy::Error::LineParse(..)) => {
            Err(anyhow::anyhow!("cannot read .env: a line is not KEY=value, or has spaces outside quotes"))
        }
        Err(error) => Err(anyhow::anyhow!("cannot read .env: {error}")),
    };
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
    let vars = std::env::vars_os();
    // What is not UTF-8 is none of ours, or is a problem that the value's own rule tells.
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    (vars.map(|(name, value)| (text(name), text(value))).collect(), file)
}
