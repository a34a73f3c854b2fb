//! The database: reached, new enough, migrated, and not open to those who read the guide.

use sea_orm::DatabaseConnection;
use secrecy::SecretString;

use super::{Check, Finding, Group, Installation, check::Subject, clock::RoundTrip};
use crate::{
    auth::{Operator, breach::BreachedPasswords, password::Hasher},
    config::DEFAULT_ADMIN_PASSWORD,
    store::database::{
        Unusable, applied_migrations, check_compatible, look_at, migration_status, postgres_time,
        postgres_version,
    },
    user::credential,
};

static DATABASE: Subject = Subject::new("database", Group::Storage, "Database");
static VERSION: Subject = Subject::new("database_version", Group::Storage, "Database version");
static MIGRATIONS: Subject = Subject::new("migrations", Group::Storage, "Migrations");
static DEFAULT_ADMIN: Subject =
    Subject::new("default_admin_password", Group::Security, "Published administrator password");

const OLDEST: i32 = 140_000;

pub(super) async fn examine(installation: &Installation, operator: &Operator) -> Finding {
    let (reached, database) = reach(installation).await;
    let Some(database) = database else { return Finding { checks: vec![reached], time_ahead: None } };
    let (version, migrations, default_admin, time_ahead) = tokio::join!(
        VERSION.in_time(version(&database)),
        MIGRATIONS.in_time(migrations(&database)),
        DEFAULT_ADMIN.in_time(default_admin(installation, &database, operator)),
        time_ahead(installation, &database),
    );
    let mut checks = vec![reached, migrations];
    if installation.config.database_url.file().is_none() {
        checks.push(version);
    }
    if installation.production {
        checks.push(default_admin);
    }
    Finding { checks, time_ahead }
}

async fn reach(installation: &Installation) -> (Check, Option<DatabaseConnection>) {
    if let Some(reason) = installation.unusable(&["DATABASE_URL"]) {
        return (DATABASE.skipped(reason), None);
    }
    let place = &installation.config.database_url;
    let trip = RoundTrip::begin(&installation.clock);
    match look_at(place).await {
        Ok(database) => (DATABASE.ok(format!("{place}, {} ms", trip.milliseconds())), Some(database)),
        Err(reason) => (unusable(&place.describe(), reason), None),
    }
}

fn unusable(place: &str, reason: Unusable) -> Check {
    let (evidence, fix) = match reason {
        Unusable::Missing => {
            let evidence = format!("{place} is not there yet");
            return DATABASE.warning(evidence, "Start the server once: it creates the database");
        }
        Unusable::Refused => (
            "refuses the connection",
            "Start PostgreSQL (`systemctl start postgresql`, `docker compose up -d postgres`), or correct host and \
             port in DATABASE_URL",
        ),
        Unusable::Unresolved => (
            "has a host name that leads to no address",
            "Correct the host in DATABASE_URL; between containers it is the service's name, such as postgres",
        ),
        Unusable::Silent => (
            "does not answer within 5 s",
            "Look for a firewall in between, correct host and port in DATABASE_URL, or restart a PostgreSQL that hangs",
        ),
        Unusable::Denied => (
            "refuses the user or the password",
            "Correct them in DATABASE_URL, or give the user that password: `ALTER USER … PASSWORD '…'`",
        ),
        Unusable::NoSuchDatabase => {
            ("has no database of that name", "Create it (`createdb`), or correct the name in DATABASE_URL")
        }
        Unusable::Other(reason) => {
            let fix = "Try the same with `psql`, and read PostgreSQL's log";
            return DATABASE.failed(format!("{place} cannot be used: {reason}"), fix);
        }
    };
    DATABASE.failed(format!("{place} {evidence}"), fix)
}

async fn version(database: &DatabaseConnection) -> Check {
    match postgres_version(database).await {
        Ok(Some((version, number))) if number >= OLDEST => VERSION.ok(format!("PostgreSQL {version}")),
        Ok(Some((version, _))) => {
            let fix = "Upgrade to PostgreSQL 14 or newer (`pg_upgradecluster`, or dump and restore)";
            VERSION.failed(format!("PostgreSQL {version} is older than 14"), fix)
        }
        Ok(None) => VERSION.ok("SQLite is part of this program"),
        Err(error) => VERSION.failed(error.to_string(), "Read PostgreSQL's log"),
    }
}

async fn migrations(database: &DatabaseConnection) -> Check {
    const APPLY: &str = "Restart the server, which applies them, or run `fastgpt-platform migrate up`";
    let (steps, applied) = match tokio::try_join!(migration_status(database), applied_migrations(database)) {
        Ok(found) => found,
        Err(error) => return MIGRATIONS.failed(format!("{error:#}"), "Read the database's log"),
    };
    let pending = steps.iter().filter(|(_, applied)| !applied).count();
    let mut foreign = applied.iter().filter(|name| steps.iter().all(|(step, _)| step != *name));
    if let Some(newest) = foreign.next_back() {
        let evidence = format!("the database is newer than this program: {newest} is unknown here");
        return match check_compatible(&applied) {
            Ok(()) => MIGRATIONS.warning(
                evidence + ", and it works with it",
                "Go on with the upgrade, or with the way back, soon: two releases apart they may not",
            ),
            Err(error) => MIGRATIONS.failed(evidence, error.to_string()),
        };
    }
    match pending {
        0 => MIGRATIONS.ok(format!("all {} are applied", steps.len())),
        _ if pending == steps.len() => MIGRATIONS.warning("the database is empty", APPLY),
        _ => MIGRATIONS.failed(format!("{pending} of {} are not applied", steps.len()), APPLY),
    }
}

async fn default_admin(
    installation: &Installation,
    database: &DatabaseConnection,
    operator: &Operator,
) -> Check {
    let published = SecretString::from(DEFAULT_ADMIN_PASSWORD);
    let accounts = async {
        let hasher = Hasher::new(installation.config.argon2, 1, BreachedPasswords::Off)?;
        anyhow::Ok(credential::list_admins_with_password(database, &hasher, operator, &published).await?)
    };
    match accounts.await.as_deref() {
        Ok([]) => DEFAULT_ADMIN.ok("no administrator signs in with the password of the guide"),
        Ok([email, ..]) => DEFAULT_ADMIN.failed(
            format!("{email} signs in with the password of the guide"),
            format!("fastgpt-platform admin reset-password --email {email}"),
        ),
        Err(_) => DEFAULT_ADMIN.skipped("the accounts cannot be read"),
    }
}

async fn time_ahead(installation: &Installation, database: &DatabaseConnection) -> Option<chrono::TimeDelta> {
    let trip = RoundTrip::begin(&installation.clock);
    let time = tokio::time::timeout(super::check::DEADLINE, postgres_time(database)).await.ok()?;
    Some(trip.ahead(time.ok()??))
}
