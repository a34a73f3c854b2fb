//! `doctor`, held against installations that are well and installations that are broken, each in a way of its own.

use std::{collections::BTreeSet, fs, net::TcpListener, os::unix::fs::PermissionsExt, time::Duration};

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use fastgpt_platform::{clock::Clock, store::data_folder};
use insta::assert_snapshot;
use sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::support::{
    front::Front,
    identity_provider::{Instead, TestProvider},
    process::{Finished, Installation, Server, within},
    proxy::PrivateRedis,
};

/// Hides what differs from run to run.
fn redacted(installation: &Installation) -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(&regex_of(installation.folder().to_str().unwrap()), "[folder]");
    settings.add_filter(r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:[port]");
    settings.add_filter(r"sport = :\d+", "sport = :[port]");
    settings.add_filter(r"/test_[0-9a-f]+", "/[database]");
    settings.add_filter(r"\d+ ms\b", "[n] ms");
    settings.add_filter(r"Migrations: all \d+ are", "Migrations: all [n] are");
    settings.add_filter(r"Migrations: 1 of \d+ are", "Migrations: 1 of [n] are");
    settings.add_filter(r"[+-]0\.\d s", "±0 s");
    settings.add_filter(r"PostgreSQL \d+[^\n]*", "PostgreSQL [version]");
    settings.add_filter(r"Redis [78]\.\S+", "Redis [version]");
    settings.add_filter(&regex_of(env!("CARGO_PKG_VERSION")), "[version]");
    settings.bind_to_scope()
}

fn regex_of(text: &str) -> String {
    text.replace('.', r"\.")
}

/// The report without what the machine under the tests decides. Its last line counts what is above.
fn report(said: &Finished) -> String {
    assert!(said.err.is_empty(), "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    let (count, lines) = lines.split_last().unwrap();
    let marks = |mark: &str| lines.iter().filter(|line| line.starts_with(&format!("  {mark} "))).count();
    let expected = format!("{} ok, {} warnings, {} failed", marks("✓"), marks("!"), marks("✗"));
    assert_eq!(**count, expected);
    assert_eq!(said.success, marks("✗") == 0, "{}", said.out);
    let mut kept = Vec::new();
    let mut skipping = false;
    for line in lines {
        let is_fix = line.starts_with("    →");
        skipping = if is_fix {
            skipping
        } else {
            ["Disk of ", "Open files", "Memory limit"].iter().any(|title| line.contains(title))
        };
        if !skipping {
            kept.push(*line);
        }
    }
    kept.join("\n").trim_end().to_owned()
}

/// What is not well, and what mends it.
fn complaints(said: &Finished) -> String {
    let report = report(said);
    let is_one = |line: &&str| ["  ! ", "  ✗ ", "    →"].iter().any(|mark| line.starts_with(mark));
    report.lines().filter(is_one).collect::<Vec<_>>().join("\n")
}

/// A server on SQLite behind a front, both running, and the settings that doctor has.
struct Site {
    installation: Installation,
    front: Front,
    server: Server,
}

impl Site {
    async fn start() -> Self {
        Self::of(Installation::on_sqlite(), Front::listen()).await
    }

    async fn of(installation: Installation, front: Front) -> Self {
        let url = front.url();
        let installation = installation.with("SITE_URL", &url).with("FRONTEND_URL", &url);
        let server = installation.serve().await;
        front.set(|manners| manners.server = Some(server.port));
        let installation = installation.with("PORT", server.port.to_string());
        let site = Self { installation, front, server };
        site.back_up_now();
        site
    }

    fn back_up_now(&self) {
        back_up(&self.installation, Clock::system().now());
    }
}

fn back_up(installation: &Installation, at: DateTime<Utc>) {
    let folder = installation.folder().join("data/backups");
    data_folder::create(&folder).unwrap();
    fs::write(folder.join(at.format("fastgpt-platform-%Y%m%dT%H%M%SZ.tar.zst").to_string()), "").unwrap();
}

/// A laptop whose server does not run.
fn laptop() -> Installation {
    let installation = Installation::on_sqlite().with("PORT", "1").with("SITE_URL", "http://127.0.0.1:1");
    back_up(&installation, Clock::system().now());
    installation
}

#[tokio::test]
async fn a_laptop_is_well() {
    // The console on an address of its own, as the guide has it.
    let console = Front::listen();
    let installation = Installation::on_sqlite().with("FRONTEND_URL", console.url());
    let server = installation.serve().await;
    let site = format!("http://127.0.0.1:{}", server.port);
    console.set(|manners| manners.api_url = Some(format!("{site}/api")));
    back_up(&installation, Clock::system().now());
    let installation = installation.with("PORT", server.port.to_string()).with("SITE_URL", &site);
    let said = installation.run(&["doctor"]).await;
    let _redacted = redacted(&installation);
    assert_snapshot!(report(&said), @"
    FastGPT Platform [version], by the rules of development

    Configuration
      ✓ Settings: all accepted; there is no .env file

    Storage
      ✓ Database: SQLite at [folder]/data/platform.db, [n] ms
      ✓ Migrations: all [n] are applied
      – Redis: none is configured: cache, events and limits live in the process

    Clock
      ✓ Clocks: SITE_URL ±0 s

    Server
      ✓ Server: version [version] at 127.0.0.1:[port]
      ✓ Health: cache ok, database ok, migrations ok
      – Metrics: METRICS_ADDR is off
      ✓ Mail: no server is configured: mails become files in DATA_DIR/outbox

    Public address
      ✓ SITE_URL: version [version] at http://127.0.0.1:[port]
      – Address of the client, Forwarded scheme, Forged address: SITE_URL is the server itself, without a proxy
      ✓ WebSocket: http://127.0.0.1:[port]/api/graphql is open for pages of http://127.0.0.1:[port]
      ✓ CORS: pages of http://127.0.0.1:[port] may call the API
      ✓ Console: served at http://127.0.0.1:[port]
      ✓ API of the console: http://127.0.0.1:[port]/api
      ✓ Metrics from outside: not served to the public
      – Passkeys: none: http://127.0.0.1:[port] is an address, and passkeys are bound to names

    System
      ✓ DATA_DIR: [folder]/data, for its owner alone

    Backups
      ✓ Latest backup: 0 hours old
    ");

    server.stop().await;
    assert_snapshot!(report(&installation.run(&["doctor"]).await), @"
    FastGPT Platform [version], by the rules of development

    Configuration
      ✓ Settings: all accepted; there is no .env file

    Storage
      ✓ Database: SQLite at [folder]/data/platform.db, [n] ms
      ✓ Migrations: all [n] are applied
      – Redis: none is configured: cache, events and limits live in the process

    Clock
      – Clocks: there is no other clock to compare this machine's with

    Server
      ! Server: not running: nothing listens at 127.0.0.1:[port]
        → Start it: `fastgpt-platform`, `systemctl start fastgpt-platform` or `docker compose up -d`
      ✓ Mail: no server is configured: mails become files in DATA_DIR/outbox

    Public address
      – SITE_URL: http://127.0.0.1:[port] is the server itself, which is not running
      – Address of the client, Forwarded scheme, Forged address, WebSocket, CORS: SITE_URL does not answer
      ✓ Console: served at http://127.0.0.1:[port]
      ✓ API of the console: http://127.0.0.1:[port]/api
      – Metrics from outside: SITE_URL does not answer
      – Passkeys: none: http://127.0.0.1:[port] is an address, and passkeys are bound to names

    System
      ✓ DATA_DIR: [folder]/data, for its owner alone

    Backups
      ✓ Latest backup: 0 hours old
    ");
}

#[tokio::test]
async fn a_site_behind_a_proxy_is_well() {
    let site = Site::start().await;
    let said = site.installation.run(&["doctor"]).await;
    let _redacted = redacted(&site.installation);
    assert_snapshot!(report(&said), @"
    FastGPT Platform [version], by the rules of development

    Configuration
      ✓ Settings: all accepted; there is no .env file

    Storage
      ✓ Database: SQLite at [folder]/data/platform.db, [n] ms
      ✓ Migrations: all [n] are applied
      – Redis: none is configured: cache, events and limits live in the process

    Clock
      ✓ Clocks: SITE_URL ±0 s

    Server
      ✓ Server: version [version] at 127.0.0.1:[port]
      ✓ Health: cache ok, database ok, migrations ok
      – Metrics: METRICS_ADDR is off
      ✓ Mail: no server is configured: mails become files in DATA_DIR/outbox

    Public address
      ✓ SITE_URL: version [version] at http://127.0.0.1:[port]
      ✓ Address of the client: 203.0.113.9, as a trusted proxy says
      ✓ Forwarded scheme: http
      ✓ Forged address: not believed
      ✓ WebSocket: http://127.0.0.1:[port]/api/graphql is open for pages of http://127.0.0.1:[port]
      – CORS: console and API have the same origin
      ✓ Console: served at http://127.0.0.1:[port]
      ✓ API of the console: http://127.0.0.1:[port]/api
      ✓ Metrics from outside: not served to the public
      – Passkeys: none: http://127.0.0.1:[port] is an address, and passkeys are bound to names

    System
      ✓ DATA_DIR: [folder]/data, for its owner alone

    Backups
      ✓ Latest backup: 0 hours old
    ");
}

#[tokio::test]
async fn nothing_is_changed() {
    let files = |installation: &Installation| -> BTreeSet<String> {
        let output = std::process::Command::new("find").arg(installation.folder()).output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        // Those are what the commands print.
        let ours = lines
            .lines()
            .filter(|path| !["in", "out", "err"].iter().any(|kind| path.ends_with(&format!(".{kind}"))));
        ours.map(str::to_owned).collect()
    };
    let installation = Installation::on_sqlite();
    let before = files(&installation);
    installation.run(&["doctor"]).await;
    assert_eq!(files(&installation), before, "there is no data folder yet, and none is made");

    installation.serve().await.stop().await;
    let before = files(&installation);
    assert!(before.iter().any(|path| path.ends_with("platform.db")));
    let said = installation.run(&["doctor", "--production"]).await;
    assert!(said.out.contains("Published administrator password: admin@example.com"), "{}", said.out);
    assert_eq!(files(&installation), before);
}

#[tokio::test]
async fn a_database_that_is_away_is_told_from_one_that_is_misspelt() {
    let installation = laptop();
    let _redacted = redacted(&installation);
    let with = |url: &str| installation.clone().with("DATABASE_URL", url);
    let away = with("postgresql://someone:hunter2secret@127.0.0.1:1/app").run(&["doctor"]).await;
    assert_snapshot!(complaints(&away), @"
    ✗ Database: PostgreSQL at 127.0.0.1:1/app refuses the connection
      → Start PostgreSQL (`systemctl start postgresql`, `docker compose up -d postgres`), or correct host and port in DATABASE_URL
    ! Server: not running: nothing listens at 127.0.0.1:1
      → Start it: `fastgpt-platform`, `systemctl start fastgpt-platform` or `docker compose up -d`
    ");
    let misspelt =
        with("postgresql://someone:hunter2secret@postgres.invalid:5432/app").run(&["doctor"]).await;
    assert!(complaints(&misspelt).contains("leads to no address"), "{}", misspelt.out);
}

#[tokio::test]
async fn a_database_that_refuses_says_why() {
    let Some(installation) = Installation::for_replicas().await else { return };
    let _redacted = redacted(&installation);
    let clocks = installation.run(&["doctor"]).await.out;
    let clocks = clocks.lines().find(|line| line.contains("Clocks")).unwrap();
    assert!(clocks.starts_with("  ✓") && clocks.contains("database") && clocks.contains("Redis"), "{clocks}");

    let url: url::Url = installation.var("DATABASE_URL").parse().unwrap();
    let with = |change: &dyn Fn(&mut url::Url)| {
        let mut url = url.clone();
        change(&mut url);
        installation.clone().with("DATABASE_URL", url.as_str())
    };
    let storage = async |installation: Installation| {
        let said = installation.run(&["doctor"]).await;
        let report = report(&said);
        report.split("\n\n").find(|group| group.starts_with("Storage")).unwrap().to_owned()
    };
    assert_snapshot!(storage(installation.clone()).await, @"
    Storage
      ✓ Database: PostgreSQL at 127.0.0.1:[port]/[database], [n] ms
      ✓ Migrations: all [n] are applied
      ✓ Database version: PostgreSQL [version]
      ✓ Redis: 127.0.0.1:[port], [n] ms
      ✓ Redis version: Redis [version]
      ✓ Redis memory: no bound (maxmemory 0)
    ");
    assert_snapshot!(storage(with(&|url| url.set_password(Some("hunter2secret")).unwrap())).await, @"
    Storage
      ✗ Database: PostgreSQL at 127.0.0.1:[port]/[database] refuses the user or the password
        → Correct them in DATABASE_URL, or give the user that password: `ALTER USER … PASSWORD '…'`
      ✓ Redis: 127.0.0.1:[port], [n] ms
      ✓ Redis version: Redis [version]
      ✓ Redis memory: no bound (maxmemory 0)
    ");
    assert_snapshot!(storage(with(&|url| url.set_path("no_such_database"))).await, @"
    Storage
      ✗ Database: PostgreSQL at 127.0.0.1:[port]/no_such_database has no database of that name
        → Create it (`createdb`), or correct the name in DATABASE_URL
      ✓ Redis: 127.0.0.1:[port], [n] ms
      ✓ Redis version: Redis [version]
      ✓ Redis memory: no bound (maxmemory 0)
    ");
}

#[tokio::test]
async fn redis_that_is_away_or_refuses_is_named() {
    let installation = laptop();
    let _redacted = redacted(&installation);
    let mut redis = PrivateRedis::away();
    let installation = installation.with("REDIS_URL", redis.url());
    assert_snapshot!(complaints(&installation.run(&["doctor"]).await), @"
    ! Database: SQLite at [folder]/data/platform.db is not there yet
      → Start the server once: it creates the database
    ✗ Redis: 127.0.0.1:[port] refuses the connection
      → Start Redis (`systemctl start redis`, `docker compose up -d redis`), or correct REDIS_HOST and REDIS_PORT
    ! Server: not running: nothing listens at 127.0.0.1:1
      → Start it: `fastgpt-platform`, `systemctl start fastgpt-platform` or `docker compose up -d`
    ");

    redis.start().await;
    // From now on nobody gets in without the password.
    redis.set_right("resetpass").await;
    assert_snapshot!(complaints(&installation.run(&["doctor"]).await), @"
    ! Database: SQLite at [folder]/data/platform.db is not there yet
      → Start the server once: it creates the database
    ✗ Redis: 127.0.0.1:[port] refuses the password, or the want of one
      → Write the value of `requirepass` (or of the ACL user) to REDIS_PASSWORD or REDIS_URL
    ! Server: not running: nothing listens at 127.0.0.1:1
      → Start it: `fastgpt-platform`, `systemctl start fastgpt-platform` or `docker compose up -d`
    ");
}

#[tokio::test]
async fn a_port_that_another_program_holds_is_named() {
    let other = Front::listen();
    let installation = laptop().with("PORT", other.port().to_string()).with("SITE_URL", other.url());
    let _redacted = redacted(&installation);
    assert_snapshot!(complaints(&installation.run(&["doctor"]).await), @"
    ! Database: SQLite at [folder]/data/platform.db is not there yet
      → Start the server once: it creates the database
    ✗ Server: another program holds 127.0.0.1:[port]; it answers 502 Bad Gateway by front
      → Stop it (`ss -ltnp 'sport = :[port]'` names it), or set PORT to a free one
    ✗ SITE_URL: http://127.0.0.1:[port] answers 502 Bad Gateway by front: the proxy does not reach the server
      → Start the server; in nginx: `proxy_pass http://127.0.0.1:[port];`
    ");
}

#[tokio::test]
async fn migrations_are_older_or_newer_than_the_program() {
    let installation = laptop();
    let _redacted = redacted(&installation);
    for arguments in [&["migrate", "up"][..], &["migrate", "down"]] {
        assert!(installation.run(arguments).await.success);
    }
    assert_snapshot!(complaints(&installation.run(&["doctor"]).await), @"
    ✗ Migrations: 1 of [n] are not applied
      → Restart the server, which applies them, or run `fastgpt-platform migrate up`
    ! Server: not running: nothing listens at 127.0.0.1:1
      → Start it: `fastgpt-platform`, `systemctl start fastgpt-platform` or `docker compose up -d`
    ");

    assert!(installation.run(&["migrate", "up"]).await.success);
    let file = installation.folder().join("data/platform.db");
    let database = sea_orm::Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
    let apply = async |step: &str| {
        let insert = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{step}', 0)");
        database.execute_unprepared(&insert).await.unwrap();
    };
    apply("m2099_add_tomorrow").await;
    assert_snapshot!(complaints(&installation.run(&["doctor"]).await), @"
    ! Migrations: the database is newer than this program: m2099_add_tomorrow is unknown here, and it works with it
      → Go on with the upgrade, or with the way back, soon: two releases apart they may not
    ! Server: not running: nothing listens at 127.0.0.1:1
      → Start it: `fastgpt-platform`, `systemctl start fastgpt-platform` or `docker compose up -d`
    ");
    apply("m2099_needs_99_1_drop_yesterday").await;
    assert_snapshot!(complaints(&installation.run(&["doctor"]).await), @"
    ✗ Migrations: the database is newer than this program: m2099_needs_99_1_drop_yesterday is unknown here
      → the database needs release 99.1 of this program or a newer one, and this is [version]: install that, or restore the backup made before the upgrade
    ! Server: not running: nothing listens at 127.0.0.1:1
      → Start it: `fastgpt-platform`, `systemctl start fastgpt-platform` or `docker compose up -d`
    ");
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_laptop_is_no_production() {
    let site = Site::start().await;
    let env_file = site.installation.folder().join(".env");
    fs::write(&env_file, "JWT_SECRET=your-super-secret-jwt-key-change-this-in-production\nCORS_ORIGIN=*\n")
        .unwrap();
    fs::set_permissions(&env_file, fs::Permissions::from_mode(0o644)).unwrap();
    let installation = site.installation.clone().with("SESSION_SECRET", "short");
    let _redacted = redacted(&installation);
    assert_snapshot!(report(&installation.run(&["doctor", "--production"]).await), @r#"
    FastGPT Platform [version], by the rules of production

    Configuration
      – Settings: some are refused, the rest is examined with defaults in their place
      ✗ CORS_ORIGIN: "*" lets every website call the API
        → CORS_ORIGIN: list the origins, such as https://console.example.com
      ✗ JWT_SECRET: is the example of the documentation
        → JWT_SECRET: `openssl rand -base64 48` prints a good one
      ✗ SESSION_SECRET: is shorter than 32 bytes
        → SESSION_SECRET: `openssl rand -base64 48` prints a good one
      ✗ Environment: development: what is only fit for a laptop is accepted
        → APP_ENV=production
      ✗ Permissions of .env: 0644: others may read its secrets
        → chmod 600 [folder]/.env

    Storage
      ✓ Database: SQLite at [folder]/data/platform.db, [n] ms
      ✓ Migrations: all [n] are applied
      ! Redis: none is configured: cache, events and limits live in the process
        → REDIS_HOST=… (or REDIS_URL), needed for two replicas or more

    Clock
      ✓ Clocks: SITE_URL ±0 s

    Server
      ✓ Server: version [version] at 127.0.0.1:[port]
      ✓ Health: cache ok, database ok, migrations ok
      – Metrics: METRICS_ADDR is off
      ! Mail: no server is configured: mails become files in DATA_DIR/outbox
        → Set SMTP_HOST, or nobody can reset a password

    Public address
      ✓ SITE_URL: version [version] at http://127.0.0.1:[port]
      ✗ HTTPS: http://127.0.0.1:[port]: passwords and tokens go over the network for everybody to read
        → `certbot --nginx -d <your domain>`, then SITE_URL=https://<your domain>
      ✓ Address of the client: 203.0.113.9, as a trusted proxy says
      ✓ Forwarded scheme: http
      ✓ Forged address: not believed
      ✓ WebSocket: http://127.0.0.1:[port]/api/graphql is open for pages of http://127.0.0.1:[port]
      – CORS: console and API have the same origin
      ✓ Console: served at http://127.0.0.1:[port]
      ✓ API of the console: http://127.0.0.1:[port]/api
      ✓ Metrics from outside: not served to the public
      ! Passkeys: none: http://127.0.0.1:[port] is an address, and passkeys are bound to names
        → Give this machine a name, then SITE_URL=https://<name>

    Security
      ✗ Published administrator password: admin@example.com signs in with the password of the guide
        → fastgpt-platform admin reset-password --email admin@example.com
      – Variety of secrets: no secret can be used
      ✓ Secrets differ: JWT_SECRET and SESSION_SECRET

    System
      ✓ DATA_DIR: [folder]/data, for its owner alone

    Backups
      ✓ Latest backup: 0 hours old
      ! Place of backups: BACKUP_DIR is on the file system of DATA_DIR: one broken disk takes both
        → BACKUP_DIR=/a/folder/on/another/disk, or copy archives elsewhere
    "#);
}

#[tokio::test]
async fn secrets_that_are_none_are_found() {
    let installation = laptop()
        .with("APP_ENV", "production")
        .with("JWT_SECRET", "j".repeat(48))
        .with("SESSION_SECRET", "j".repeat(48))
        .with("DATABASE_URL", "postgresql://postgres:password@127.0.0.1:1/app")
        .with("REDIS_URL", "redis://127.0.0.1:1");
    let _redacted = redacted(&installation);
    let said = report(&installation.run(&["doctor"]).await);
    let security = said.split("\n\n").find(|group| group.starts_with("Security"));
    assert_snapshot!(security.unwrap(), @"
    Security
      ! Redis password: none: whoever reaches Redis rules its data
        → Set `requirepass` in redis.conf, and REDIS_PASSWORD to the same
      ✗ Variety of secrets: JWT_SECRET has fewer than 8 different characters: it can be guessed
        → `openssl rand -base64 48` prints a good one; write another to each key
      ✗ Secrets differ: JWT_SECRET and SESSION_SECRET are the same: who learns one has both
        → `openssl rand -base64 48` prints a good one; write another to each key
      ✗ Database password: it stands in guides and examples
        → `ALTER USER … PASSWORD '…'` with the output of `openssl rand -hex 24`, and the same in DATABASE_URL
    ");
}

#[tokio::test]
async fn a_proxy_with_bad_manners_is_found_out() {
    let site = Site::start().await;
    let _redacted = redacted(&site.installation);
    site.front.set(|manners| (manners.forwards, manners.upgrades) = (false, false));
    assert_snapshot!(complaints(&site.installation.run(&["doctor"]).await), @"
    ! Address of the client: the proxy does not say for whom it asks: all people share 127.0.0.1 and its limits
      → In nginx: `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`
    ✗ Forged address: everybody can choose the address that limits and session lists go by
      → In nginx: `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`
    ✗ WebSocket: http://127.0.0.1:[port]/api/graphql answers 400 Bad Request where 101 would be right
      → In nginx: `map $http_upgrade $connection_upgrade { default upgrade; '' ''; }`, and for the API `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;`
    ");
}

#[tokio::test]
async fn a_proxy_whose_word_is_not_taken_is_named() {
    let installation = Installation::on_sqlite().with("TRUSTED_PROXIES", "10.0.0.0/8");
    let site = Site::of(installation, Front::listen()).await;
    let _redacted = redacted(&site.installation);
    assert_snapshot!(complaints(&site.installation.run(&["doctor"]).await), @"
    ✗ Address of the client: the word of the proxy at 127.0.0.1 is not taken: all people share its address and limits
      → TRUSTED_PROXIES=10.0.0.0/8,127.0.0.1, then restart
    ");
}

#[tokio::test]
async fn a_proxy_without_its_server_is_told_from_no_proxy() {
    let site = Site::start().await;
    let _redacted = redacted(&site.installation);
    site.front.set(|manners| manners.server = None);
    assert_snapshot!(complaints(&site.installation.run(&["doctor"]).await), @"
    ✗ SITE_URL: http://127.0.0.1:[port] answers 502 Bad Gateway by front: the proxy does not reach the server
      → Start the server; in nginx: `proxy_pass http://127.0.0.1:[port];`
    ");
    let away = site.installation.clone().with("SITE_URL", "http://127.0.0.1:1");
    assert_snapshot!(complaints(&away.run(&["doctor"]).await), @"
    ✗ SITE_URL: nothing listens at http://127.0.0.1:1
      → Start the proxy (`systemctl start nginx`), let its port through the firewall (`ufw allow 80,443/tcp`), or correct SITE_URL
    ✗ API of the console: built for http://127.0.0.1:[port]/api, while the API is at http://127.0.0.1:1/api
      → Build it again: `VITE_API_URL=http://127.0.0.1:1/api make build`; then deploy it
    ");
}

#[tokio::test]
async fn a_console_built_for_another_api_is_found() {
    let site = Site::start().await;
    let _redacted = redacted(&site.installation);
    site.front.set(|manners| manners.api_url = Some("http://127.0.0.1:1/api".into()));
    assert_snapshot!(complaints(&site.installation.run(&["doctor"]).await), @"
    ✗ API of the console: built for http://127.0.0.1:1/api, while the API is at http://127.0.0.1:[port]/api
      → Build it again: `VITE_API_URL=http://127.0.0.1:[port]/api make build`, or without VITE_API_URL; then deploy it
    ");
}

#[tokio::test]
async fn metrics_are_for_the_operator_alone() {
    let site = Site::start().await;
    let _redacted = redacted(&site.installation);
    let listener = Front::listen();
    let address = listener.url().trim_start_matches("http://").to_owned();
    let installation = site.installation.clone().with("METRICS_ADDR", address);
    assert_snapshot!(complaints(&installation.run(&["doctor"]).await), @"
    ! Metrics: http://127.0.0.1:[port]/metrics answers 502 Bad Gateway by front and has none
      → Set METRICS_ADDR to a free address, such as 127.0.0.1:[port], and restart
    ");
    listener.set(|manners| manners.metrics = true);
    assert_snapshot!(complaints(&installation.run(&["doctor"]).await), @"");
    site.front.set(|manners| manners.metrics = true);
    assert_snapshot!(complaints(&installation.run(&["doctor"]).await), @"
    ✗ Metrics from outside: everybody can read them at http://127.0.0.1:[port]/metrics
      → Take `location /metrics` out of the proxy; Prometheus asks at METRICS_ADDR
    ");
}

#[tokio::test]
async fn an_origin_that_may_not_call_is_named() {
    let site = Site::start().await;
    let elsewhere = Front::listen();
    elsewhere.set(|manners| manners.api_url = Some(format!("{}/api", site.front.url())));
    let installation = site.installation.clone().with("FRONTEND_URL", elsewhere.url());
    let _redacted = redacted(&installation);
    assert_snapshot!(complaints(&installation.run(&["doctor"]).await), @"
    ✗ WebSocket: pages of http://127.0.0.1:[port] may not open one
      → CORS_ORIGIN=http://127.0.0.1:[port] (or FRONTEND_URL), then restart
    ✗ CORS: the API does not allow pages of http://127.0.0.1:[port]: browsers report a network error
      → CORS_ORIGIN=http://127.0.0.1:[port] (or FRONTEND_URL), then restart; the proxy must pass OPTIONS on
    ");
}

#[tokio::test]
async fn certificates_are_judged_as_browsers_do() {
    let soon = Clock::system().now() + TimeDelta::days(10);
    let soon = (soon.year(), soon.month() as u8, soon.day() as u8);
    for (name, until, trusted, expected) in [
        ("127.0.0.1", (2021, 1, 1), false, "✗ TLS certificate: expired"),
        ("127.0.0.1", (2090, 1, 1), false, "whom this machine does not trust"),
        ("elsewhere.example", (2090, 1, 1), false, "made out to elsewhere.example, and not to 127.0.0.1"),
        ("127.0.0.1", soon, true, "! TLS certificate: "),
        ("127.0.0.1", (2090, 1, 1), true, "✓ TLS certificate: "),
    ] {
        let (front, certificate) = Front::listen_tls(name, until);
        let mut site = Site::of(Installation::on_sqlite(), front).await;
        if trusted {
            let roots = site.installation.folder().join("roots.pem");
            fs::write(&roots, certificate).unwrap();
            site.installation = site.installation.with("SSL_CERT_FILE", roots);
        }
        let said = site.installation.run(&["doctor"]).await;
        assert!(said.out.contains(expected), "{expected}: {}", said.out);
        assert_eq!(said.success, trusted, "{}", said.out);
        assert_eq!(said.out.contains("✓ WebSocket: https://"), trusted, "{}", said.out);
        assert_eq!(
            said.out.contains("! Forwarded scheme: the proxy says http, while SITE_URL is https"),
            trusted
        );
    }
}

#[tokio::test]
async fn backups_grow_old() {
    let installation = Installation::on_sqlite();
    let line = async |production: bool| {
        let arguments: &[&str] = if production { &["doctor", "--production"] } else { &["doctor"] };
        let said = installation.run(arguments).await;
        let line = said.out.lines().find(|line| line.contains("Latest backup")).unwrap().trim().to_owned();
        line.replace(installation.folder().to_str().unwrap(), "[folder]")
    };
    assert_eq!(line(false).await, "! Latest backup: there is none in [folder]/data/backups");
    assert_eq!(line(true).await, "✗ Latest backup: there is none in [folder]/data/backups");
    let now = Clock::system().now();
    for (hours, laptop, production) in [
        (24 * 9 + 1, "! Latest backup: 9 days old", "✗ Latest backup: 9 days old"),
        (27, "! Latest backup: 27 hours old", "✗ Latest backup: 27 hours old"),
        (25, "✓ Latest backup: 25 hours old", "✓ Latest backup: 25 hours old"),
    ] {
        back_up(&installation, now - TimeDelta::hours(hours) - TimeDelta::minutes(1));
        assert_eq!((line(false).await.as_str(), line(true).await.as_str()), (laptop, production));
    }
}

#[tokio::test]
async fn half_a_configuration_is_examined_as_far_as_it_goes() {
    let site = Site::start().await;
    let installation = site
        .installation
        .clone()
        .with("DATABASE_URL", "postgres://user:hunter2secret@host:port/app")
        .with("ACCESS_TOKEN_TTL", "soon")
        .with("CORS_ORIGIN", "https://console.example.com/app/")
        .with("ARGON2_MEMORY_KIB", "8")
        .with("ARGON2_PARALLELISM", "4");
    let _redacted = redacted(&installation);
    assert_snapshot!(report(&installation.run(&["doctor"]).await), @r#"
    FastGPT Platform [version], by the rules of development

    Configuration
      – Settings: some are refused, the rest is examined with defaults in their place
      ✗ CORS_ORIGIN: "https://console.example.com/app/" has a path
        → CORS_ORIGIN: an origin is scheme, host and port
      ✗ DATABASE_URL: should be postgresql://user:password@host:5432/database (special characters of the password percent-encoded, such as %40 for @) or sqlite://path/to/file.db
        → Correct DATABASE_URL in .env and restart
      ✗ ACCESS_TOKEN_TTL: "soon" is not a length of time
        → ACCESS_TOKEN_TTL: write 30s, 15m, 12h or 30d (1s to 10 years)
      ✗ ARGON2_MEMORY_KIB: must be at least 8 times ARGON2_PARALLELISM
        → Correct ARGON2_MEMORY_KIB in .env and restart

    Storage
      – Database: DATABASE_URL cannot be used as it is
      – Redis: none is configured: cache, events and limits live in the process

    Clock
      ✓ Clocks: SITE_URL ±0 s

    Server
      ✓ Server: version [version] at 127.0.0.1:[port]
      ✓ Health: cache ok, database ok, migrations ok
      – Metrics: METRICS_ADDR is off
      ✓ Mail: no server is configured: mails become files in DATA_DIR/outbox

    Public address
      ✓ SITE_URL: version [version] at http://127.0.0.1:[port]
      ✓ Address of the client: 203.0.113.9, as a trusted proxy says
      ✓ Forwarded scheme: http
      ✓ Forged address: not believed
      ✓ WebSocket: http://127.0.0.1:[port]/api/graphql is open for pages of http://127.0.0.1:[port]
      – CORS: console and API have the same origin
      ✓ Console: served at http://127.0.0.1:[port]
      ✓ API of the console: http://127.0.0.1:[port]/api
      ✓ Metrics from outside: not served to the public
      – Passkeys: none: http://127.0.0.1:[port] is an address, and passkeys are bound to names

    System
      ✓ DATA_DIR: [folder]/data, for its owner alone

    Backups
      ✓ Latest backup: 0 hours old
    "#);

    fs::write(installation.folder().join(".env"), "ADMIN_PASSWORD=hunter2 with spaces\n").unwrap();
    let said = site.installation.run(&["doctor"]).await;
    assert_snapshot!(complaints(&said), @"
    ✗ Settings: cannot read .env: a line is not KEY=value, or has spaces outside quotes; what follows it was not read
      → Write every line of .env as KEY=value, values with spaces in quotes
    ");
    assert!(!said.out.contains("hunter2"));
}

#[tokio::test]
async fn whatever_hangs_the_report_comes() {
    // Connections are accepted, by the kernel, and nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let installation = laptop()
        .with("DATABASE_URL", format!("postgresql://someone:hunter2secret@127.0.0.1:{port}/app"))
        .with("REDIS_URL", format!("redis://:hunter2secret@127.0.0.1:{port}"))
        .with("PORT", port.to_string())
        .with("SITE_URL", format!("https://127.0.0.1:{port}"))
        .with("FRONTEND_URL", format!("http://127.0.0.1:{port}/console"));
    let said = within(Duration::from_secs(14), "the report", installation.run(&["doctor"])).await;
    let _redacted = redacted(&installation);
    assert_snapshot!(complaints(&said), @"
    ✗ Database: PostgreSQL at 127.0.0.1:[port]/app does not answer within 5 s
      → Look for a firewall in between, correct host and port in DATABASE_URL, or restart a PostgreSQL that hangs
    ✗ Redis: 127.0.0.1:[port] does not answer within 5 s
      → Look for a firewall in between, correct REDIS_HOST and REDIS_PORT, or restart a Redis that hangs
    ✗ Server: what holds 127.0.0.1:[port] accepts connections and does not answer
      → Stop it (`ss -ltnp 'sport = :[port]'` names it), or set PORT to a free one
    ✗ SITE_URL: https://127.0.0.1:[port] does not answer within 4 s
      → Start the proxy (`systemctl start nginx`), let its port through the firewall (`ufw allow 80,443/tcp`), or correct SITE_URL
    ✗ Console: http://127.0.0.1:[port]/console does not answer within 4 s
      → Start what serves the console, or correct FRONTEND_URL (left out: SITE_URL)
    ");
}

#[tokio::test]
async fn programs_read_json() {
    let site = Site::start().await;
    let said = site.installation.run(&["doctor", "--json", "--production"]).await;
    assert!(!said.success);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let ids: Vec<&str> = checks.iter().map(|check| check["id"].as_str().unwrap()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "no two alike: {ids:?}");
    for check in checks {
        let complains = ["warning", "failed"].contains(&check["status"].as_str().unwrap());
        assert_eq!(check["fix"].is_string(), complains, "{check}");
    }
    let _redacted = redacted(&site.installation);
    insta::assert_json_snapshot!(report, {
        ".checks" => insta::dynamic_redaction(|checks, _| {
            let insta::internals::Content::Seq(checks) = checks else { panic!("a list") };
            insta::internals::Content::Seq(checks.into_iter().take(2).collect())
        }),
    }, @r#"
    {
      "checks": [
        {
          "evidence": "some are refused, the rest is examined with defaults in their place",
          "group": "configuration",
          "id": "settings",
          "status": "skipped",
          "title": "Settings"
        },
        {
          "evidence": "is missing",
          "fix": "JWT_SECRET: `openssl rand -base64 48` prints a good one",
          "group": "configuration",
          "id": "settings_jwt_secret",
          "status": "failed",
          "title": "JWT_SECRET"
        }
      ],
      "ok": false,
      "production": true,
      "version": "[version]"
    }
    "#);
    assert_snapshot!(ids.join("\n"), @"
    settings
    settings_jwt_secret
    settings_session_secret
    production_environment
    database
    migrations
    redis
    clock
    server
    server_health
    metrics
    mail
    site
    https
    client_address
    forwarded_scheme
    forged_address
    websocket
    cors
    console
    console_api
    hidden_metrics
    passkeys
    default_admin_password
    secret_variety
    distinct_secrets
    data_disk
    backup_disk
    data_folder
    open_files
    memory_limit
    latest_backup
    backup_filesystem
    ");
}

#[tokio::test]
async fn identity_providers_are_asked_who_they_are() {
    let (right, wrong) = (TestProvider::start().await, TestProvider::start().await);
    wrong.change(|behaviour| behaviour.metadata["issuer"] = "https://evil.example".into());
    let broken = TestProvider::start().await;
    let not_found = Instead::Status(404);
    broken.change(|behaviour| behaviour.instead.insert("/.well-known/openid-configuration", not_found));
    let mut installation = Installation::on_sqlite()
        .with("GITHUB_CLIENT_ID", "id")
        .with("GITHUB_CLIENT_SECRET", "hunter2")
        .with("GITHUB_BASE_URL", &*right.address)
        .with("OIDC_GONE_ISSUER", "http://127.0.0.1:1")
        .with("OIDC_WRONG_ISSUER", &*wrong.address)
        .with("OIDC_BROKEN_ISSUER", &*broken.address)
        .with("OIDC_RIGHT_ISSUER", &*right.address)
        .with("OIDC_RIGHT_LABEL", "公司目录");
    for key in
        ["OIDC_GONE_CLIENT_ID", "OIDC_WRONG_CLIENT_ID", "OIDC_BROKEN_CLIENT_ID", "OIDC_RIGHT_CLIENT_ID"]
    {
        installation = installation.with(key, "platform");
    }
    for key in [
        "OIDC_GONE_CLIENT_SECRET",
        "OIDC_WRONG_CLIENT_SECRET",
        "OIDC_BROKEN_CLIENT_SECRET",
        "OIDC_RIGHT_CLIENT_SECRET",
    ] {
        installation = installation.with(key, "hunter2");
    }
    let said = installation.run(&["doctor", "--json"]).await;
    assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let check = |id: &str| checks.iter().find(|check| check["id"] == id).unwrap();
    for (id, status, evidence) in [
        ("provider_github", "ok", "/api/auth/github/callback has to be registered"),
        ("provider_right", "ok", "/api/auth/right/callback has to be registered"),
        ("provider_gone", "failed", "does not answer"),
        ("provider_broken", "failed", "answers 404"),
        ("provider_wrong", "failed", "it calls itself \"https://evil.example\""),
    ] {
        let check = check(id);
        assert_eq!(check["status"], status, "{check}");
        assert!(check["evidence"].as_str().unwrap().contains(evidence), "{check}");
        assert_eq!(check["fix"].is_string(), status == "failed", "{check}");
    }
    assert_eq!(check("provider_right")["title"], "Sign-in by 公司目录");
    assert!(check("provider_wrong")["fix"].as_str().unwrap().contains("OIDC_WRONG_ISSUER"));
}

#[tokio::test]
async fn no_secret_is_ever_printed() {
    let site = Site::start().await;
    let secrets =
        ["hunter2jwt", "hunter2session", "hunter2database", "hunter2redis", "hunter2admin", "hunter2oauth"];
    let [jwt, session, database, redis, admin, oauth] = secrets;
    let configured = site
        .installation
        .clone()
        .with("JWT_SECRET", jwt)
        .with("SESSION_SECRET", session)
        .with("DATABASE_URL", format!("postgresql://someone:{database}@127.0.0.1:1/app"))
        .with("REDIS_URL", format!("redis://:{redis}@127.0.0.1:1"))
        .with("ADMIN_PASSWORD", admin)
        .with("GOOGLE_CLIENT_SECRET", oauth);
    let refused = configured
        .clone()
        .with("DATABASE_URL", format!("postgresql://someone:{database}@host:{database}/a/b"))
        .with("REDIS_URL", format!("http://:{redis}@127.0.0.1:1"))
        .with("BACKUP_AGE_RECIPIENTS", "AGE-SECRET-KEY-hunter2");
    for installation in [configured, refused] {
        for arguments in [&["doctor"][..], &["doctor", "--production"], &["doctor", "--production", "--json"]]
        {
            let said = installation.run(arguments).await;
            assert!(said.out.contains("SESSION_SECRET") || arguments.len() == 1, "{said:?}");
            assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
        }
    }
    site.server.stop().await;
}
