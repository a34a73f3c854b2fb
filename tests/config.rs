//! The configuration: what is accepted, what is refused and how, and that the documents tell the same.

use fastgpt_platform::config::{Config, CorsOrigins, Environment, KEYS, Vars};
use insta::assert_snapshot;
use secrecy::ExposeSecret;

use crate::support::app::test_vars;

fn vars(pairs: &[(&str, &str)]) -> Vars {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn accepted(pairs: &[(&str, &str)]) -> Config {
    Config::from_vars(&vars(pairs)).unwrap()
}

fn refusal(pairs: &[(&str, &str)]) -> String {
    Config::from_vars(&vars(pairs)).unwrap_err().to_string()
}

#[test]
fn every_problem_is_told_at_once_with_what_would_be_right() {
    let refused = refusal(&[
        ("NODE_ENV", "staging"),
        ("PORT", "70000"),
        ("HOST", "localhost"),
        ("API_PREFIX", "api"),
        ("SITE_URL", "example.com"),
        ("CORS_ORIGIN", "https://a.example,https://b.example/path"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("DATABASE_URL", "mysql://root@localhost/db"),
        ("DATABASE_MAX_CONNECTIONS", "0"),
        ("REDIS_URL", "http://localhost"),
        ("ADMIN_EMAIL", "管理员"),
        ("ADMIN_PASSWORD", "short"),
        ("ACCESS_TOKEN_TTL", "15 apples"),
        ("SESSION_TTL", "0s"),
        ("ARGON2_MEMORY_KIB", "16"),
        ("ARGON2_PARALLELISM", "4"),
        ("GOOGLE_CLIENT_ID", "an id alone"),
        ("GITHUB_CLIENT_SECRET", "a secret alone"),
        ("LOG_LEVEL", "loud=="),
        ("LOG_FORMAT", "xml"),
    ]);
    assert_snapshot!(refused, @r#"
    the configuration has 19 problem(s):
      NODE_ENV: "staging" is not an environment; write development or production
      PORT: "70000" is not a port; write a number from 0 to 65535
      SITE_URL: "example.com" is not an address; write one such as https://example.com
      HOST: "localhost" is not an IP address; write 127.0.0.1, 0.0.0.0 or ::
      API_PREFIX: "api" is not a path; write one such as /api
      CORS_ORIGIN: "https://b.example/path" has a path; an origin is scheme, host and port
      TRUSTED_PROXIES: "10.0.0.0/33" is not a network; write addresses such as 10.0.0.0/8,::1
      DATABASE_URL: should be postgresql://user:password@host:5432/database (special characters of the password percent-encoded, such as %40 for @) or sqlite://path/to/file.db
      DATABASE_MAX_CONNECTIONS: "0" is not a whole number from 1 to 1000
      REDIS_URL: is not a Redis address; write redis://:password@host:6379/0
      ADMIN_EMAIL: "管理员" is not an email address; write one such as admin@example.com
      ADMIN_PASSWORD: must have 8 to 128 characters
      ACCESS_TOKEN_TTL: "15 apples" is not a length of time; write 30s, 15m, 12h or 30d (1s to 10 years)
      SESSION_TTL: "0s" is not a length of time; write 30s, 15m, 12h or 30d (1s to 10 years)
      ARGON2_MEMORY_KIB: must be at least 8 times ARGON2_PARALLELISM
      GOOGLE_CLIENT_SECRET: is missing; set it together with GOOGLE_CLIENT_ID
      GITHUB_CLIENT_ID: is missing; set it together with GITHUB_CLIENT_SECRET
      LOG_LEVEL: "loud==" is not a log filter; write error, warn, info, debug or trace
      LOG_FORMAT: "xml" is not a log format; write pretty or json
    "#);
}

const GOOD_SECRET: &str = "kD3vPz0y7sQ1mN8xW5tR2bJ6hL9cF4gA";

fn production(pairs: &[(&str, &str)]) -> Result<Config, String> {
    let mut all =
        vars(&[("APP_ENV", "production"), ("JWT_SECRET", GOOD_SECRET), ("SESSION_SECRET", GOOD_SECRET)]);
    all.extend(vars(pairs));
    Config::from_vars(&all).map_err(|error| error.to_string())
}

#[test]
fn production_accepts_what_is_safe() {
    let config = production(&[("ADMIN_PASSWORD", "黎明前的渡口 7")]).unwrap();
    assert_eq!(config.environment, Environment::Production);
    assert_eq!(config.host.to_string(), "0.0.0.0");
    assert_eq!(config.cors, CorsOrigins::Only(vec![]));
    assert!(production(&[]).unwrap().admin.password.is_none(), "no default password");
}

#[test]
fn production_refuses_what_is_only_fit_for_a_laptop() {
    let refused = production(&[
        ("JWT_SECRET", "your-super-secret-jwt-key-change-this-in-production"),
        ("SESSION_SECRET", "too short"),
        ("ADMIN_PASSWORD", "Admin@123456"),
        ("CORS_ORIGIN", "*"),
    ]);
    assert_snapshot!(refused.unwrap_err(), @r#"
    the configuration has 4 problem(s):
      CORS_ORIGIN: "*" lets every website call the API; list the origins, such as https://console.example.com
      JWT_SECRET: is the example of the documentation; `openssl rand -base64 48` prints a good one
      SESSION_SECRET: is shorter than 32 bytes; `openssl rand -base64 48` prints a good one
      ADMIN_PASSWORD: is the published default; choose one that only you know
    "#);
    assert_snapshot!(production(&[("JWT_SECRET", ""), ("SESSION_SECRET", "  ")]).unwrap_err(), @"
    the configuration has 2 problem(s):
      JWT_SECRET: is missing; `openssl rand -base64 48` prints a good one
      SESSION_SECRET: is missing; `openssl rand -base64 48` prints a good one
    ");
    // One short secret among those that rotate is one that verifies.
    let rotating = format!("{GOOD_SECRET},short");
    assert_snapshot!(production(&[("JWT_SECRET", &rotating)]).unwrap_err(), @"
    the configuration has 1 problem(s):
      JWT_SECRET: is shorter than 32 bytes; `openssl rand -base64 48` prints a good one
    ");
}

#[test]
fn what_production_refuses_is_fine_on_a_laptop() {
    let config = accepted(&[("JWT_SECRET", "short"), ("SESSION_SECRET", "short"), ("CORS_ORIGIN", "*")]);
    assert_eq!(config.cors, CorsOrigins::Any);
    assert!(config.admin.has_default_password());
}

/// The example of the deployment guide, as it stands there.
#[test]
fn the_guides_environment_is_accepted() {
    let config = accepted(&[
        ("NODE_ENV", "development"),
        ("PORT", "5000"),
        ("API_PREFIX", "/api"),
        ("DATABASE_URL", "postgresql://postgres:password@localhost:5432/fastgpt_platform?schema=public"),
        ("REDIS_HOST", "localhost"),
        ("REDIS_PORT", "6379"),
        ("REDIS_PASSWORD", ""),
        ("CORS_ORIGIN", "http://localhost:3000,https://your-domain.com"),
        ("SITE_URL", "http://localhost:5000"),
        ("FRONTEND_URL", "http://localhost:3000"),
        ("JWT_SECRET", "your-super-secret-jwt-key-change-this-in-production"),
        ("SESSION_SECRET", "your-super-secret-session-key-change-this-in-production"),
        ("ADMIN_EMAIL", "admin@example.com"),
        ("ADMIN_PASSWORD", "Admin@123456"),
        ("GOOGLE_CLIENT_ID", "your-google-client-id"),
        ("GOOGLE_CLIENT_SECRET", "your-google-client-secret"),
        ("GITHUB_CLIENT_ID", "your-github-client-id"),
        ("GITHUB_CLIENT_SECRET", "your-github-client-secret"),
        ("VITE_API_URL", "http://localhost:5000/api"),
    ]);
    assert_eq!(config.database_url.describe(), "PostgreSQL at localhost:5432/fastgpt_platform");
    assert_eq!(config.redis.unwrap().url.expose_secret(), "redis://localhost:6379");
    assert_eq!(config.frontend_url, "http://localhost:3000");
    assert_eq!(config.google.unwrap().client_id, "your-google-client-id");
    let origins = ["http://localhost:3000", "https://your-domain.com"].map(str::to_owned).to_vec();
    assert_eq!(config.cors, CorsOrigins::Only(origins));
}

#[test]
fn a_redis_password_may_have_any_characters() {
    let config = accepted(&[("REDIS_HOST", "缓存.example"), ("REDIS_PASSWORD", "p@ss:w/rd#密码")]);
    let url = url::Url::parse(config.redis.unwrap().url.expose_secret()).unwrap();
    assert_eq!(url.host_str(), Some("xn--q8s744f.example"));
    assert_eq!(url.password(), Some("p%40ss%3Aw%2Frd%23%E5%AF%86%E7%A0%81"));
}

#[test]
fn a_redis_host_is_a_name_or_an_address_alone() {
    for (host, url) in [
        ("::1", "redis://[::1]:6380"),
        ("[::1]", "redis://[::1]:6380"),
        ("10.0.0.7", "redis://10.0.0.7:6380"),
        ("localhost", "redis://localhost:6380"),
    ] {
        let config = accepted(&[("REDIS_HOST", host), ("REDIS_PORT", "6380")]);
        assert_eq!(config.redis.unwrap().url.expose_secret(), url, "{host}");
    }
    for host in ["localhost:6380", "::1:", "redis://localhost", "someone@localhost", "localhost/1"] {
        let refused = refusal(&[("REDIS_HOST", host)]);
        let said = format!("1 problem(s):\n  REDIS_HOST: \"{host}\" is not a host name or address");
        assert!(refused.contains(&said) && refused.contains("REDIS_PORT"), "{refused}");
    }
}

#[test]
fn app_env_wins_over_its_older_name() {
    assert!(!accepted(&[("APP_ENV", "development"), ("NODE_ENV", "production")]).is_production());
}

#[test]
fn empty_is_absent() {
    let all_empty: Vars = KEYS.iter().map(|key| (key.name.to_owned(), " ".to_owned())).collect();
    let (empty, absent) = (Config::from_vars(&all_empty).unwrap(), accepted(&[]));
    assert_eq!(format!("{empty:?}"), format!("{absent:?}"));
}

#[test]
fn a_debug_print_shows_no_secret() {
    let secrets =
        ["jwt-schlüssel", "session-schlüssel", "redis-geheim", "db-geheim", "admin-geheim", "oauth-geheim"];
    let mut all = test_vars("postgresql://platform:db-geheim@localhost/platform");
    all.extend(vars(&[
        ("JWT_SECRET", "jwt-schlüssel"),
        ("SESSION_SECRET", "session-schlüssel"),
        ("REDIS_URL", "redis://:redis-geheim@localhost"),
        ("ADMIN_PASSWORD", "admin-geheim"),
        ("GOOGLE_CLIENT_ID", "oauth"),
        ("GOOGLE_CLIENT_SECRET", "oauth-geheim"),
    ]));
    let shown = format!("{:#?}", Config::from_vars(&all).unwrap());
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn a_problem_shows_no_secret() {
    let refused = refusal(&[
        ("DATABASE_URL", "postgresql://platform:geheim@localhost"),
        ("REDIS_URL", "redis:/:geheim@localhost"),
        ("ADMIN_PASSWORD", "geheim"),
    ]);
    assert!(refused.contains("3 problem(s)") && !refused.contains("geheim"), "{refused}");
}

fn document(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// `KEY=value` lines, commented out or not.
fn example_lines() -> Vec<(String, String)> {
    let text = document(".env.example");
    let is_key = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
    };
    let pairs = text.lines().filter_map(|line| line.trim_start_matches("# ").split_once('='));
    pairs.filter(|(name, _)| is_key(name)).map(|(name, value)| (name.into(), value.into())).collect()
}

#[test]
fn env_example_has_every_key_once_and_works() {
    let lines = example_lines();
    let mut names: Vec<&str> = lines.iter().map(|(name, _)| name.as_str()).collect();
    let mut keys: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    names.sort_unstable();
    keys.sort_unstable();
    assert_eq!(names, keys);
    let all: Vars = lines.into_iter().collect();
    Config::from_vars(&all).unwrap();
}

/// The first table whose rows begin with a key in backquotes: its first two columns.
fn documented(name: &str) -> Vec<(String, String)> {
    let text = document(name);
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()));
    cells.map(|mut cells| (cells.nth(1).unwrap(), cells.next().unwrap())).collect()
}

#[test]
fn both_readmes_have_every_key_with_its_default() {
    let keys: Vec<_> = KEYS.iter().map(|key| (key.name.to_owned(), key.default.to_owned())).collect();
    for readme in ["README.md", "README.zh-CN.md"] {
        assert_eq!(documented(readme), keys, "{readme}");
    }
}
