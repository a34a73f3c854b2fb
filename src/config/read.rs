//! Every key into its field.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use url::Url;

use super::{
    Argon2Cost, Backup, BreachSource, Config, CorsOrigins, DEFAULT_ADMIN_EMAIL, DEFAULT_ADMIN_PASSWORD,
    DocumentLimits, Environment, FirstAdmin, Lifetimes, LogFormat, Mail, MetricsListener,
    PersistedOperations, Redis, Registration, RegistrationMode, SecondFactorRequired, Smtp, SmtpTls, Traces,
    identity,
    parse::{
        loopback, parse_age_recipients, parse_base_url, parse_domains, parse_drain, parse_host, parse_locale,
        parse_log_format, parse_log_level, parse_metrics_address, parse_networks, parse_origins,
        parse_persisted_operations, parse_port, parse_prefix, parse_ratio, parse_redis_host, parse_redis_url,
        parse_registration, parse_second_factor_required, parse_sender, parse_smtp_tls, parse_switch,
    },
    reader::Reader,
};
use crate::{email::Email, locale::Locale, store::database::DatabaseUrl};

/// What `JWT_SECRET` and `SESSION_SECRET` need at least, in bytes (RFC 7518, section 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// Activity is noted in memory and written once a minute: a session must outlast that.
const MIN_SESSION_IDLE: Duration = Duration::from_secs(5 * 60);

/// The port is the one that OpenTelemetry gives to Prometheus exporters.
const DEFAULT_METRICS_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);

pub(super) fn read(reader: &mut Reader<'_>) -> Config {
    let environment = read_environment(reader);
    let production = environment == Environment::Production;
    let port = reader.parsed("PORT", parse_port).unwrap_or(5000);
    let data_dir = PathBuf::from(reader.text("DATA_DIR").unwrap_or("./data"));
    let site_url =
        reader.parsed("SITE_URL", parse_base_url).unwrap_or_else(|| format!("http://localhost:{port}"));
    let site_host = Url::parse(&site_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let site_host = site_host.unwrap_or_else(|| "localhost".into());
    let frontend_url = reader.parsed("FRONTEND_URL", parse_base_url).unwrap_or_else(|| site_url.clone());
    let cost_per_minute = reader.number("GRAPHQL_COST_PER_MINUTE", 100..=60_000_000, 200_000);
    let document_limits = read_document_limits(reader, cost_per_minute);
    let introspection = reader.parsed("GRAPHQL_INTROSPECTION", parse_switch);
    let persisted_operations = reader
        .parsed("PERSISTED_OPERATIONS", parse_persisted_operations)
        .unwrap_or(PersistedOperations::Optional);
    if introspection == Some(true) && persisted_operations == PersistedOperations::Only {
        reader.problem(
            "GRAPHQL_INTROSPECTION",
            "is on, where PERSISTED_OPERATIONS=only refuses what introspects; set one of them",
        );
    }
    let default_host = if production { [0, 0, 0, 0] } else { [127, 0, 0, 1] };
    Config {
        environment,
        host: reader.parsed("HOST", parse_host).unwrap_or(IpAddr::from(default_host)),
        port,
        api_prefix: reader.parsed("API_PREFIX", parse_prefix).unwrap_or_else(|| "/api".into()),
        site_url,
        frontend_url,
        cors: read_cors(reader, production),
        trusted_proxies: reader.parsed("TRUSTED_PROXIES", parse_networks).unwrap_or_else(loopback),
        database_url: read_database_url(reader, &data_dir),
        database_max_connections: reader.number("DATABASE_MAX_CONNECTIONS", 1..=1000, 10),
        redis: read_redis(reader),
        jwt_secrets: read_jwt_secrets(reader, production),
        session_secret: read_session_secret(reader, production),
        admin: read_admin(reader, production),
        lifetimes: Lifetimes {
            access_token: reader.duration("ACCESS_TOKEN_TTL", Duration::from_secs(15 * 60)),
            session: reader.duration("SESSION_TTL", Duration::from_secs(30 * 24 * 3600)),
            session_idle: read_session_idle(reader),
        },
        argon2: read_argon2(reader),
        sign_in_attempts_per_minute: reader.number("SIGN_IN_ATTEMPTS_PER_MINUTE", 1..=1_000_000, 10),
        sign_ups_per_hour: reader.number("SIGN_UPS_PER_HOUR", 1..=1_000_000, 20),
        mail_requests_per_hour: reader.number("MAIL_REQUESTS_PER_HOUR", 1..=1_000_000, 20),
        registration: read_registration(reader),
        breached_passwords: read_breached_passwords(reader),
        second_factor_required: reader
            .parsed("REQUIRE_SECOND_FACTOR", parse_second_factor_required)
            .unwrap_or(SecondFactorRequired::None),
        default_locale: reader.parsed("DEFAULT_LOCALE", parse_locale).unwrap_or(Locale::ZhCn),
        mail: read_mail(reader, &site_host),
        introspection: introspection
            .unwrap_or(!production && persisted_operations != PersistedOperations::Only),
        persisted_operations,
        trusted_documents: read_paths(reader, "TRUSTED_DOCUMENTS"),
        cost_per_minute,
        document_limits,
        max_connections: reader.number("MAX_CONNECTIONS", 10..=1_000_000, 10_000),
        max_sockets_per_client: reader.number("MAX_SOCKETS_PER_CLIENT", 1..=100_000, 100),
        google: identity::read_client(reader, "GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"),
        github: identity::read_github(reader),
        open_id: identity::read_open_id(reader),
        log_level: reader.parsed("LOG_LEVEL", parse_log_level).unwrap_or_else(|| "info".into()),
        log_format: reader.parsed("LOG_FORMAT", parse_log_format).unwrap_or(if production {
            LogFormat::Json
        } else {
            LogFormat::Pretty
        }),
        metrics: read_metrics(reader),
        traces: read_traces(reader),
        backup: read_backup(reader, &data_dir),
        data_dir,
        shutdown_timeout: reader.duration("SHUTDOWN_TIMEOUT", Duration::from_secs(10)),
        shutdown_drain: reader.parsed("SHUTDOWN_DRAIN", parse_drain).unwrap_or(if production {
            Duration::from_secs(5)
        } else {
            Duration::ZERO
        }),
    }
}

fn read_environment(reader: &mut Reader<'_>) -> Environment {
    let key = if reader.text("APP_ENV").is_some() { "APP_ENV" } else { "NODE_ENV" };
    let parse = |text: &str| match text {
        "development" | "test" => Ok(Environment::Development),
        "production" => Ok(Environment::Production),
        _ => Err(format!("\"{text}\" is not an environment; write development or production")),
    };
    reader.parsed(key, parse).unwrap_or(Environment::Development)
}

fn read_cors(reader: &mut Reader<'_>, production: bool) -> CorsOrigins {
    match reader.parsed("CORS_ORIGIN", parse_origins) {
        Some(CorsOrigins::Any) if production => {
            reader.problem("CORS_ORIGIN", "\"*\" lets every website call the API; list the origins, such as https://console.example.com");
            CorsOrigins::Any
        }
        Some(origins) => origins,
        None if production => CorsOrigins::Only(Vec::new()),
        None => CorsOrigins::Only(vec!["http://localhost:3000".into()]),
    }
}

fn read_database_url(reader: &mut Reader<'_>, data_dir: &Path) -> DatabaseUrl {
    reader
        .parsed("DATABASE_URL", DatabaseUrl::parse)
        .unwrap_or_else(|| DatabaseUrl::sqlite_file(&data_dir.join("platform.db")))
}

fn read_redis(reader: &mut Reader<'_>) -> Option<Redis> {
    let key_prefix = reader.text("REDIS_KEY_PREFIX").unwrap_or("fastgpt:").to_owned();
    let port = reader.parsed("REDIS_PORT", parse_port).unwrap_or(6379);
    let url = match (reader.text("REDIS_URL"), reader.text("REDIS_HOST")) {
        (Some(_), _) => reader.parsed("REDIS_URL", parse_redis_url)?,
        (None, Some(host)) => {
            let mut url = reader.parsed("REDIS_HOST", |host| parse_redis_host(host, port))?;
            if url.set_password(reader.text("REDIS_PASSWORD")).is_err() {
                reader.problem("REDIS_PASSWORD", format!("cannot be used with the host \"{host}\""));
            }
            url
        }
        (None, None) => return None,
    };
    Some(Redis { url: String::from(url).into(), key_prefix })
}

/// `secrets` of one key; in production there must be some, all long, and none a published example.
fn check_secrets(
    reader: &mut Reader<'_>,
    key: &'static str,
    secrets: &[&str],
    production: bool,
) -> Vec<SecretString> {
    let mut refuse = |wrong: &str| {
        reader.problem(key, format!("{wrong}; `openssl rand -base64 48` prints a good one"));
    };
    if production && secrets.is_empty() {
        refuse("is missing");
    }
    if production && secrets.iter().any(|secret| secret.len() < MIN_SECRET_BYTES) {
        refuse(&format!("is shorter than {MIN_SECRET_BYTES} bytes"));
    }
    if production
        && secrets.iter().any(|secret| secret.contains("change-this") || secret.starts_with("your-"))
    {
        refuse("is the example of the documentation");
    }
    secrets.iter().map(|secret| SecretString::from((*secret).to_owned())).collect()
}

fn read_jwt_secrets(reader: &mut Reader<'_>, production: bool) -> Vec<SecretString> {
    let secrets = reader.text("JWT_SECRET").unwrap_or_default().split(',').map(str::trim);
    let secrets: Vec<&str> = secrets.filter(|secret| !secret.is_empty()).collect();
    check_secrets(reader, "JWT_SECRET", &secrets, production)
}

fn read_session_secret(reader: &mut Reader<'_>, production: bool) -> Option<SecretString> {
    let secret: Vec<&str> = reader.text("SESSION_SECRET").into_iter().collect();
    check_secrets(reader, "SESSION_SECRET", &secret, production).pop()
}

fn read_admin(reader: &mut Reader<'_>, production: bool) -> FirstAdmin {
    let email = reader
        .parsed("ADMIN_EMAIL", |text| {
            Email::parse(text).map_err(|_| {
                format!("\"{text}\" is not an email address; write one such as admin@example.com")
            })
        })
        .map_or_else(|| DEFAULT_ADMIN_EMAIL.to_owned(), Email::into_string);
    let password = match reader.text("ADMIN_PASSWORD") {
        Some(DEFAULT_ADMIN_PASSWORD) if production => {
            reader.problem("ADMIN_PASSWORD", "is the published default; choose one that only you know");
            None
        }
        Some(password) if !(8..=128).contains(&password.chars().count()) => {
            reader.problem("ADMIN_PASSWORD", "must have 8 to 128 characters");
            None
        }
        Some(password) => Some(SecretString::from(password.to_owned())),
        None if production => None,
        None => Some(SecretString::from(DEFAULT_ADMIN_PASSWORD.to_owned())),
    };
    FirstAdmin { email, password }
}

fn read_registration(reader: &mut Reader<'_>) -> Registration {
    let sends_mail = reader.text("SMTP_HOST").is_some();
    Registration {
        mode: reader.parsed("REGISTRATION", parse_registration).unwrap_or(RegistrationMode::Open),
        email_domains: reader.parsed("REGISTRATION_EMAIL_DOMAINS", parse_domains).unwrap_or_default(),
        requires_email_verification: reader
            .parsed("REQUIRE_EMAIL_VERIFICATION", parse_switch)
            .unwrap_or(sends_mail),
    }
}

fn read_breached_passwords(reader: &mut Reader<'_>) -> Option<BreachSource> {
    let range = reader.parsed("PASSWORD_BREACH_URL", parse_base_url).map(BreachSource::Range);
    reader.text("PASSWORD_BREACH_FILE").map(|path| BreachSource::File(path.into())).or(range)
}

fn read_mail(reader: &mut Reader<'_>, site_host: &str) -> Mail {
    let from = reader
        .parsed("MAIL_FROM", parse_sender)
        .unwrap_or_else(|| format!("FastGPT Platform <no-reply@{site_host}>"));
    let tls = reader.parsed("SMTP_TLS", parse_smtp_tls).unwrap_or(SmtpTls::StartTls);
    let usual_port = match tls {
        SmtpTls::StartTls => 587,
        SmtpTls::Tls => 465,
        SmtpTls::None => 25,
    };
    let port = reader.parsed("SMTP_PORT", parse_port).unwrap_or(usual_port);
    let credentials = match (reader.text("SMTP_USERNAME"), reader.text("SMTP_PASSWORD")) {
        (Some(name), Some(password)) => Some((name.to_owned(), password.to_owned().into())),
        (None, None) => None,
        (Some(_), None) => {
            reader.problem("SMTP_PASSWORD", "is missing; set it together with SMTP_USERNAME");
            None
        }
        (None, Some(_)) => {
            reader.problem("SMTP_USERNAME", "is missing; set it together with SMTP_PASSWORD");
            None
        }
    };
    let smtp = reader.text("SMTP_HOST").map(|host| Smtp { host: host.to_owned(), port, tls, credentials });
    Mail { from, smtp }
}

fn read_session_idle(reader: &mut Reader<'_>) -> Duration {
    let idle = reader.duration("SESSION_IDLE_TTL", Duration::from_secs(7 * 24 * 3600));
    if idle < MIN_SESSION_IDLE {
        reader.problem("SESSION_IDLE_TTL", "must be at least 5m, as activity is written once a minute");
    }
    idle
}

fn read_argon2(reader: &mut Reader<'_>) -> Argon2Cost {
    let cost = Argon2Cost {
        memory_kib: reader.number("ARGON2_MEMORY_KIB", 8..=4_194_304, 19_456),
        iterations: reader.number("ARGON2_ITERATIONS", 1..=100, 2),
        parallelism: reader.number("ARGON2_PARALLELISM", 1..=64, 1),
    };
    if cost.memory_kib < 8 * cost.parallelism {
        reader.problem("ARGON2_MEMORY_KIB", "must be at least 8 times ARGON2_PARALLELISM");
    }
    cost
}

/// The upper ends keep validation, which is recursive and expands fragments, within its stack and within milliseconds.
fn read_document_limits(reader: &mut Reader<'_>, cost_per_minute: u32) -> DocumentLimits {
    let limits = DocumentLimits {
        bytes: reader.number("GRAPHQL_MAX_DOCUMENT_BYTES", 1024..=65_536, 16_384),
        tokens: reader.number("GRAPHQL_MAX_TOKENS", 500..=4_000, 2_000),
        depth: reader.number("GRAPHQL_MAX_DEPTH", 5..=25, 15),
        selections: reader.number("GRAPHQL_MAX_SELECTIONS", 100..=10_000, 2_000),
        aliases: reader.number("GRAPHQL_MAX_ALIASES", 0..=1_000, 30),
        directives: reader.number("GRAPHQL_MAX_DIRECTIVES", 0..=1_000, 50),
        root_fields: reader.number("GRAPHQL_MAX_ROOT_FIELDS", 1..=200, 20),
        sign_ins: reader.number("GRAPHQL_MAX_SIGN_INS", 1..=10, 1),
        cost: reader.number("GRAPHQL_MAX_COST", 100..=1_000_000, 10_000),
    };
    if limits.cost > cost_per_minute {
        reader
            .problem("GRAPHQL_MAX_COST", "is more than GRAPHQL_COST_PER_MINUTE: nobody could ever spend it");
    }
    limits
}

fn read_metrics(reader: &mut Reader<'_>) -> Option<MetricsListener> {
    match reader.parsed("METRICS_ADDR", parse_metrics_address) {
        Some(address) => address.map(|address| MetricsListener { address, is_required: true }),
        None => Some(MetricsListener { address: DEFAULT_METRICS_ADDRESS, is_required: false }),
    }
}

fn read_traces(reader: &mut Reader<'_>) -> Option<Traces> {
    let service_name = reader.text("OTEL_SERVICE_NAME").unwrap_or(env!("CARGO_PKG_NAME")).to_owned();
    let ratio = reader.parsed("OTEL_TRACES_SAMPLER_ARG", parse_ratio).unwrap_or(1.0);
    let endpoint = reader.parsed("OTEL_EXPORTER_OTLP_ENDPOINT", parse_base_url)?;
    Some(Traces { endpoint, service_name, ratio })
}

fn read_backup(reader: &mut Reader<'_>, data_dir: &Path) -> Backup {
    Backup {
        folder: reader.text("BACKUP_DIR").map_or_else(|| data_dir.join("backups"), PathBuf::from),
        keep_daily: reader.number("BACKUP_KEEP_DAILY", 1..=3_650, 7),
        keep_weekly: reader.number("BACKUP_KEEP_WEEKLY", 0..=520, 4),
        recipients: reader.parsed("BACKUP_AGE_RECIPIENTS", parse_age_recipients).unwrap_or_default(),
        programs: std::env::split_paths(reader.text("PATH").unwrap_or_default()).collect(),
    }
}

fn read_paths(reader: &Reader<'_>, key: &'static str) -> Vec<PathBuf> {
    let paths = reader.text(key).unwrap_or_default().split(',').map(str::trim);
    paths.filter(|path| !path.is_empty()).map(PathBuf::from).collect()
}
