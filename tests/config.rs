//! The configuration: what is accepted, what is refused and how, and that the documents tell the same.

use std::{collections::BTreeMap, path::PathBuf};

use fastgpt_platform::config::{Config, CorsOrigins, Environment, KEYS, PersistedOperations, Vars};
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
        ("METRICS_ADDR", "9464"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("BACKUP_KEEP_DAILY", "0"),
        ("BACKUP_AGE_RECIPIENTS", "AGE-SECRET-KEY-1"),
    ]);
    assert_snapshot!(refused, @r#"
    the configuration has 24 problem(s):
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
      METRICS_ADDR: "9464" is not an address with a port; write 127.0.0.1:9464, 0.0.0.0:9464 or off
      OTEL_TRACES_SAMPLER_ARG: "2" is not a number from 0 to 1
      OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" is not an address; write one such as https://example.com
      BACKUP_KEEP_DAILY: "0" is not a whole number from 1 to 3650
      BACKUP_AGE_RECIPIENTS: are not age's public keys; `age-keygen -o key.txt` prints one, which begins with age1
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

/// The whole numbers that a key takes: from, to, and what holds without it.
const NUMBERS: [(&str, u32, u32, u32); 12] = [
    ("GRAPHQL_COST_PER_MINUTE", 100, 60_000_000, 200_000),
    ("GRAPHQL_MAX_COST", 100, 1_000_000, 10_000),
    ("GRAPHQL_MAX_DOCUMENT_BYTES", 1024, 65_536, 16_384),
    ("GRAPHQL_MAX_TOKENS", 500, 4_000, 2_000),
    ("GRAPHQL_MAX_DEPTH", 5, 25, 15),
    ("GRAPHQL_MAX_SELECTIONS", 100, 10_000, 2_000),
    ("GRAPHQL_MAX_ALIASES", 0, 1_000, 30),
    ("GRAPHQL_MAX_DIRECTIVES", 0, 1_000, 50),
    ("GRAPHQL_MAX_ROOT_FIELDS", 1, 200, 20),
    ("GRAPHQL_MAX_SIGN_INS", 1, 10, 1),
    ("MAX_CONNECTIONS", 10, 1_000_000, 10_000),
    ("MAX_SOCKETS_PER_CLIENT", 1, 100_000, 100),
];

fn number(config: &Config, key: &str) -> u32 {
    let limits = config.document_limits;
    match key {
        "GRAPHQL_COST_PER_MINUTE" => config.cost_per_minute,
        "GRAPHQL_MAX_COST" => limits.cost,
        "GRAPHQL_MAX_DOCUMENT_BYTES" => limits.bytes,
        "GRAPHQL_MAX_TOKENS" => limits.tokens,
        "GRAPHQL_MAX_DEPTH" => limits.depth,
        "GRAPHQL_MAX_SELECTIONS" => limits.selections,
        "GRAPHQL_MAX_ALIASES" => limits.aliases,
        "GRAPHQL_MAX_DIRECTIVES" => limits.directives,
        "GRAPHQL_MAX_ROOT_FIELDS" => limits.root_fields,
        "GRAPHQL_MAX_SIGN_INS" => limits.sign_ins,
        "MAX_CONNECTIONS" => config.max_connections,
        "MAX_SOCKETS_PER_CLIENT" => config.max_sockets_per_client,
        _ => panic!("{key} is no number"),
    }
}

#[test]
fn identity_providers_are_configured_by_names() {
    let config = accepted(&[
        ("OIDC_BETA_ISSUER", "http://127.0.0.1:8080/realms/员工/"),
        ("OIDC_BETA_CLIENT_ID", "platform"),
        ("OIDC_BETA_CLIENT_SECRET", "geheim"),
        ("OIDC_A_1_ISSUER", "https://id.example.com/"),
        ("OIDC_A_1_CLIENT_ID", "platform"),
        ("OIDC_A_1_CLIENT_SECRET", "geheim"),
        ("OIDC_A_1_LABEL", "公司目录"),
        ("OIDC_A_1_SCOPES", "openid,email groups"),
        ("OIDC_A_1_ROLE_CLAIM", "realm_access.roles"),
        ("OIDC_A_1_ADMIN_VALUES", "管理员, root,"),
        ("OIDC_A_1_GROUPS_CLAIM", "groups"),
        ("GITHUB_CLIENT_ID", "id"),
        ("GITHUB_CLIENT_SECRET", "geheim"),
        ("GITHUB_BASE_URL", "https://git.example.com/"),
    ]);
    let [first, second] = config.open_id.as_slice() else { panic!("{:?}", config.open_id) };
    assert_eq!((&*first.id, &*first.label, &*first.issuer), ("a_1", "公司目录", "https://id.example.com/"));
    assert_eq!(first.scopes, ["openid", "email", "groups"]);
    assert_eq!(first.role.as_ref().unwrap().admin_values, ["管理员", "root"]);
    assert_eq!(first.groups_claim.as_deref(), Some("groups"));
    assert_eq!((&*second.id, &*second.label), ("beta", "BETA"));
    assert_eq!(second.issuer, "http://127.0.0.1:8080/realms/员工/", "as it was written");
    assert_eq!((second.scopes.len(), &second.role, &second.groups_claim), (3, &None, &None));
    let github = config.github.as_ref().unwrap();
    assert_eq!(github.base_url, "https://git.example.com");
    assert_eq!(github.api_url, "https://git.example.com/api/v3");
    assert!(!format!("{config:?}").contains("geheim"));
    let plain = accepted(&[("GITHUB_CLIENT_ID", "id"), ("GITHUB_CLIENT_SECRET", "geheim")]).github.unwrap();
    assert_eq!((&*plain.base_url, &*plain.api_url), ("https://github.com", "https://api.github.com"));
}

#[test]
fn half_an_identity_provider_is_none() {
    let refused = refusal(&[
        ("OIDC_COMPANY_CLIENT_ID", "platform"),
        ("OIDC_COMPANY_ADMIN_VALUES", "root"),
        ("OIDC_COMPANY_SCOPES", "email"),
        ("OIDC_OPEN_ISSUER", "http://id.example.com"),
        ("OIDC_OPEN_CLIENT_ID", "platform"),
        ("OIDC_OPEN_CLIENT_SECRET", "geheim"),
        ("OIDC_GOOGLE_ISSUER", "https://accounts.google.com"),
        ("OIDC_小_ISSUER", "https://id.example.com"),
        ("GITHUB_BASE_URL", "http://git.example.com"),
        ("GITHUB_API_URL", "git.example.com"),
    ]);
    assert_snapshot!(refused, @r#"
    the configuration has 9 problem(s):
      GITHUB_BASE_URL: "http://git.example.com" is not safe from eavesdroppers; write an address with https
      GITHUB_API_URL: "git.example.com" is not an address; write one such as https://example.com
      OIDC_COMPANY_ISSUER: is missing; set it together with OIDC_COMPANY_CLIENT_ID
      OIDC_COMPANY_CLIENT_SECRET: is missing; set it together with OIDC_COMPANY_CLIENT_ID
      OIDC_COMPANY_SCOPES: "email" lacks openid; write one such as openid email profile
      OIDC_COMPANY_ROLE_CLAIM: is missing; set it together with OIDC_COMPANY_ADMIN_VALUES
      OIDC_GOOGLE_ISSUER: GOOGLE has keys of its own; choose another name
      OIDC_OPEN_ISSUER: "http://id.example.com" is not safe from eavesdroppers; write an address with https
      OIDC_小_ISSUER: has no name of 1 to 32 capital letters, digits and _ after OIDC_
    "#);
}

#[test]
fn limits_are_whole_numbers_between_their_ends() {
    for (key, least, most, default) in NUMBERS {
        // Neither end of one is to be in the way of the other.
        let around = match key {
            "GRAPHQL_COST_PER_MINUTE" => ("GRAPHQL_MAX_COST", "100"),
            _ => ("GRAPHQL_COST_PER_MINUTE", "60000000"),
        };
        let with = |value: &str| {
            Config::from_vars(&vars(&[around, (key, value)])).map_err(|error| error.to_string())
        };
        assert_eq!(number(&accepted(&[]), key), default, "{key}");
        for good in [least, most] {
            assert_eq!(number(&with(&good.to_string()).unwrap(), key), good, "{key}");
        }
        let too_much = (u64::from(most) + 1).to_string();
        let too_little = (i64::from(least) - 1).to_string();
        for bad in [too_little.as_str(), &too_much, "1.5", "1e3", "4294967296", "many", "一百", "10 000"] {
            let said =
                format!("1 problem(s):\n  {key}: \"{bad}\" is not a whole number from {least} to {most}");
            assert_eq!(with(bad).err().map(|refused| refused.contains(&said)), Some(true), "{key}={bad}");
        }
    }
}

#[test]
fn one_operation_may_cost_no_more_than_a_minute_gives() {
    let pair = |cost, budget| [("GRAPHQL_MAX_COST", cost), ("GRAPHQL_COST_PER_MINUTE", budget)];
    assert_eq!(accepted(&pair("5000", "5000")).document_limits.cost, 5000);
    for pairs in
        [&pair("5001", "5000") as &[_], &[("GRAPHQL_COST_PER_MINUTE", "9999")], &pair("1000000", "999999")]
    {
        let said = "1 problem(s):\n  GRAPHQL_MAX_COST: is more than GRAPHQL_COST_PER_MINUTE: nobody could ever spend it";
        assert!(refusal(pairs).contains(said), "{pairs:?}");
    }
}

#[test]
fn introspection_is_on_or_off_and_by_default_for_laptops_alone() {
    for (text, introspection) in
        [("on", true), ("true", true), ("off", false), ("false", false), (" off ", false)]
    {
        assert_eq!(accepted(&[("GRAPHQL_INTROSPECTION", text)]).introspection, introspection, "{text}");
        assert_eq!(
            production(&[("GRAPHQL_INTROSPECTION", text)]).unwrap().introspection,
            introspection,
            "{text}"
        );
    }
    assert!(accepted(&[]).introspection && accepted(&[("APP_ENV", "test")]).introspection);
    assert!(!production(&[]).unwrap().introspection);
    for text in ["yes", "1", "ON", "Off", "开", "on,off"] {
        let said = format!("1 problem(s):\n  GRAPHQL_INTROSPECTION: \"{text}\" is neither on nor off");
        assert!(refusal(&[("GRAPHQL_INTROSPECTION", text)]).contains(&said), "{text}");
    }
}

#[test]
fn persisted_operations_are_optional_or_all_there_is() {
    use PersistedOperations::{Only, Optional};
    assert_eq!(accepted(&[]).persisted_operations, Optional);
    assert_eq!(production(&[]).unwrap().persisted_operations, Optional);
    for (text, mode) in [("optional", Optional), ("only", Only)] {
        assert_eq!(accepted(&[("PERSISTED_OPERATIONS", text)]).persisted_operations, mode);
    }
    for text in ["on", "required", "Only", "只许"] {
        let said = format!(
            "1 problem(s):\n  PERSISTED_OPERATIONS: \"{text}\" is not a mode; write optional or only"
        );
        assert!(refusal(&[("PERSISTED_OPERATIONS", text)]).contains(&said), "{text}");
    }
}

#[test]
fn a_log_filter_is_of_levels_and_targets() {
    for filter in ["warn", "info,fastgpt_platform=debug", "off", "INFO", "error,sqlx::query=debug"] {
        assert_eq!(accepted(&[("LOG_LEVEL", filter)]).log_level, filter);
    }
    for filter in ["verbose", "info,loud", "warning", "日志"] {
        let refused = refusal(&[("LOG_LEVEL", filter)]);
        assert!(refused.contains("is not a log filter"), "{refused}");
    }
}

#[test]
fn trusted_documents_are_files_between_commas() {
    let paths = |text| accepted(&[("TRUSTED_DOCUMENTS", text)]).trusted_documents;
    assert_eq!(paths("/etc/平台/可信.json"), ["/etc/平台/可信.json"].map(PathBuf::from));
    assert_eq!(paths(" a b.json ,, ./c.json,"), ["a b.json", "./c.json"].map(PathBuf::from));
    assert!(paths(" , ").is_empty() && accepted(&[]).trusted_documents.is_empty());
}

fn document(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The name of a provider stands for any.
fn general(name: &str) -> String {
    name.replace("OIDC_COMPANY_", "OIDC_<NAME>_")
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
    let mut names: Vec<String> = lines.iter().map(|(name, _)| general(name)).collect();
    let mut keys: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    names.sort_unstable();
    keys.sort_unstable();
    assert_eq!(names, keys);
    let all: Vars = lines.into_iter().collect();
    Config::from_vars(&all).unwrap();
}

/// Every row that begins with a key in backquotes: key and default.
fn documented(name: &str) -> BTreeMap<String, String> {
    let text = document(name);
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()));
    cells.map(|mut cells| (cells.nth(1).unwrap(), cells.next().unwrap())).collect()
}

#[test]
fn the_documents_have_every_key_with_its_default() {
    let keys: BTreeMap<_, _> = KEYS.iter().map(|key| (key.name.to_owned(), key.default.to_owned())).collect();
    assert_eq!(documented("docs/configuration.md"), keys);
    let chinese = documented("docs/configuration.zh-CN.md");
    assert!(chinese.keys().eq(keys.keys()), "{chinese:?}");
    for (key, default) in keys {
        // What is said in words is said in Chinese there.
        let is_literal = !default.contains(' ') && default != "none";
        let said = if is_literal { chinese[&key] == default } else { !chinese[&key].is_ascii() };
        assert!(said, "{key}: {}", chinese[&key]);
    }
}
