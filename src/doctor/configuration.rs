//! Settings: every problem that the server would refuse to start with, and who may read them.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use super::{Check, Group, Installation, check::Subject};
use crate::config::Problem;

static SETTINGS: Subject = Subject::new("settings", Group::Configuration, "Settings");
static ENVIRONMENT: Subject = Subject::new("production_environment", Group::Configuration, "Environment");
static ENV_FILE: Subject = Subject::new("env_file_permissions", Group::Configuration, "Permissions of .env");

pub(super) async fn examine(installation: &Installation) -> Vec<Check> {
    let mut checks = vec![settings(installation)];
    checks.extend(installation.problems.iter().map(refused));
    if installation.production {
        checks.push(environment(installation));
        if let Ok(Some(path)) = &installation.env_file {
            let path = path.clone();
            checks.push(ENV_FILE.on_disk(move |subject| permissions(subject, &path)).await);
        }
    }
    checks
}

fn settings(installation: &Installation) -> Check {
    match (&installation.env_file, installation.problems.len()) {
        (Err(error), _) => SETTINGS.failed(
            format!("{error:#}; what follows it was not read"),
            "Write every line of .env as KEY=value, values with spaces in quotes",
        ),
        (Ok(_), 1..) => {
            SETTINGS.skipped("some are refused, the rest is examined with defaults in their place")
        }
        (Ok(Some(path)), 0) => SETTINGS.ok(format!("all accepted, {} included", path.display())),
        (Ok(None), 0) => SETTINGS.ok("all accepted; there is no .env file"),
    }
}

/// A problem says what is wrong and, mostly, behind a semicolon what would be right.
fn refused(problem: &Problem) -> Check {
    let id = format!("settings_{}", problem.key.to_lowercase());
    let subject = Subject::of(id, Group::Configuration, problem.key.to_string());
    match problem.message.rsplit_once("; ") {
        Some((wrong, right)) => subject.failed(wrong, format!("{}: {right}", problem.key)),
        None => subject.failed(&problem.message, format!("Correct {} in .env and restart", problem.key)),
    }
}

fn environment(installation: &Installation) -> Check {
    if installation.config.is_production() {
        ENVIRONMENT.ok("production")
    } else {
        ENVIRONMENT.failed("development: what is only fit for a laptop is accepted", "APP_ENV=production")
    }
}

fn permissions(subject: &Subject, path: &PathBuf) -> Check {
    let fix = format!("chmod 600 {}", path.display());
    match fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777) {
        Ok(mode) if mode & 0o077 == 0 => subject.ok(format!("{mode:04o}")),
        Ok(mode) => subject.wrong(mode & 0o007 != 0, format!("{mode:04o}: others may read its secrets"), fix),
        Err(error) => subject.failed(error.to_string(), fix),
    }
}
