//! Every key the configuration knows, once: `.env.example` and the tables of
//! `docs/configuration.md` are kept equal to this list by `tests/config.rs`.

/// One environment variable.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is absent or empty, in the words of the documentation.
    pub default: &'static str,
}

const fn key(name: &'static str, default: &'static str) -> Key {
    Key { name, default }
}

/// All keys.
pub const KEYS: &[Key] = &[
    key("APP_ENV", "development"),
    key("NODE_ENV", "value of APP_ENV"),
    key("HOST", "127.0.0.1 in development, 0.0.0.0 in production"),
    key("PORT", "5000"),
    key("API_PREFIX", "/api"),
    key("SITE_URL", "http://localhost:PORT"),
    key("FRONTEND_URL", "value of SITE_URL"),
    key("CORS_ORIGIN", "http://localhost:3000 in development, none in production"),
    key("TRUSTED_PROXIES", "127.0.0.0/8,::1/128"),
    key("DATA_DIR", "./data"),
    key("DATABASE_URL", "sqlite://DATA_DIR/platform.db"),
    key("DATABASE_MAX_CONNECTIONS", "10"),
    key("REDIS_URL", "none"),
    key("REDIS_HOST", "none"),
    key("REDIS_PORT", "6379"),
    key("REDIS_PASSWORD", "none"),
    key("REDIS_KEY_PREFIX", "fastgpt:"),
    key("JWT_SECRET", "generated in DATA_DIR in development"),
    key("SESSION_SECRET", "generated in DATA_DIR in development"),
    key("ADMIN_EMAIL", "admin@example.com"),
    key("ADMIN_PASSWORD", "Admin@123456 in development"),
    key("ACCESS_TOKEN_TTL", "15m"),
    key("SESSION_TTL", "30d"),
    key("SESSION_IDLE_TTL", "7d"),
    key("ARGON2_MEMORY_KIB", "19456"),
    key("ARGON2_ITERATIONS", "2"),
    key("ARGON2_PARALLELISM", "1"),
    key("SIGN_IN_ATTEMPTS_PER_MINUTE", "10"),
    key("SIGN_UPS_PER_HOUR", "20"),
    key("GRAPHQL_INTROSPECTION", "on in development, off in production and with PERSISTED_OPERATIONS=only"),
    key("PERSISTED_OPERATIONS", "optional"),
    key("TRUSTED_DOCUMENTS", "none"),
    key("GRAPHQL_COST_PER_MINUTE", "200000"),
    key("GRAPHQL_MAX_COST", "10000"),
    key("GRAPHQL_MAX_DOCUMENT_BYTES", "16384"),
    key("GRAPHQL_MAX_TOKENS", "2000"),
    key("GRAPHQL_MAX_DEPTH", "15"),
    key("GRAPHQL_MAX_SELECTIONS", "2000"),
    key("GRAPHQL_MAX_ALIASES", "30"),
    key("GRAPHQL_MAX_DIRECTIVES", "50"),
    key("GRAPHQL_MAX_ROOT_FIELDS", "20"),
    key("GRAPHQL_MAX_SIGN_INS", "1"),
    key("MAX_CONNECTIONS", "10000"),
    key("MAX_SOCKETS_PER_CLIENT", "100"),
    key("GOOGLE_CLIENT_ID", "none"),
    key("GOOGLE_CLIENT_SECRET", "none"),
    key("GITHUB_CLIENT_ID", "none"),
    key("GITHUB_CLIENT_SECRET", "none"),
    key("LOG_LEVEL", "info"),
    key("LOG_FORMAT", "pretty in development, json in production"),
    key("METRICS_ADDR", "127.0.0.1:9464"),
    key("OTEL_EXPORTER_OTLP_ENDPOINT", "none"),
    key("OTEL_SERVICE_NAME", "fastgpt-platform"),
    key("OTEL_TRACES_SAMPLER_ARG", "1"),
    key("BACKUP_DIR", "DATA_DIR/backups"),
    key("BACKUP_KEEP_DAILY", "7"),
    key("BACKUP_KEEP_WEEKLY", "4"),
    key("BACKUP_AGE_RECIPIENTS", "none"),
    key("SHUTDOWN_TIMEOUT", "10s"),
    key("SHUTDOWN_DRAIN", "0s in development, 5s in production"),
    key("VITE_API_URL", "same origin; read when the console is built"),
];
