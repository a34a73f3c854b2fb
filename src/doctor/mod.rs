//! `fastgpt-platform doctor`: what is wrong with an installation, and what mends it.
//!
//! Looks from outside, as an operator would: at settings, stores, the running server, the address that people use, the
//! machine. Changes nothing. Every check has five seconds, and none waits for more than one other: a report is there
//! in less than fifteen seconds, whatever hangs. Evidence never holds a secret.

mod backups;
mod breach;
mod check;
mod clock;
mod configuration;
mod console;
mod cors;
mod database;
mod identity_providers;
mod mail;
mod page;
mod passkeys;
mod proxy;
mod redis;
mod report;
mod security;
mod server;
mod site;
mod system;
mod tls;
mod websocket;

use std::path::PathBuf;

pub use check::{Check, Group, Status};
pub use report::Report;

use crate::{
    auth::Operator,
    clock::Clock,
    config::{Config, Problem, Vars},
};

/// What is examined.
#[derive(Debug)]
pub struct Installation {
    config: Config,
    problems: Vec<Problem>,
    /// The `.env` that completed the environment, or why it could not be read.
    env_file: anyhow::Result<Option<PathBuf>>,
    /// Whether the rules of production count.
    production: bool,
    clock: Clock,
}

impl Installation {
    /// The installation of these settings; with `production` the rules of production count, whatever they say.
    #[must_use]
    pub fn new(
        vars: &Vars,
        env_file: anyhow::Result<Option<PathBuf>>,
        production: bool,
        clock: Clock,
    ) -> Self {
        let (config, mut problems) = Config::inspect(vars);
        if production && !config.is_production() {
            let mut vars = vars.clone();
            vars.insert("APP_ENV".into(), "production".into());
            problems = Config::inspect(&vars).1;
        }
        Self { production: production || config.is_production(), config, problems, env_file, clock }
    }

    /// The first of `keys` whose value cannot be used: what it would lead to is not known.
    fn unusable(&self, keys: &[&str]) -> Option<String> {
        let problem = self.problems.iter().find(|problem| keys.contains(&&*problem.key))?;
        Some(format!("{} cannot be used as it is", problem.key))
    }
}

/// Looks at everything that can be looked at.
///
/// # Errors
/// This machine cannot even ask: its own trusted certificates cannot be read.
pub async fn examine(installation: &Installation, operator: &Operator) -> anyhow::Result<Report> {
    let client = page::client()?;
    let (configuration, database, redis, server, mail, providers, site, security, breach, system, backups) = tokio::join!(
        configuration::examine(installation),
        database::examine(installation, operator),
        redis::examine(installation),
        server::examine(installation, &client),
        mail::examine(installation),
        identity_providers::examine(installation),
        site::examine(installation, &client),
        async { security::examine(installation) },
        breach::examine(installation),
        system::examine(installation),
        backups::examine(installation),
    );
    let clocks =
        [("database", database.time_ahead), ("Redis", redis.time_ahead), ("SITE_URL", site.time_ahead)];
    let mut checks = [
        configuration,
        database.checks,
        redis.checks,
        vec![clock::compare(&clocks)],
        server,
        mail,
        providers,
        site.checks,
        security,
        breach,
        system,
        backups,
    ]
    .concat();
    checks.sort_by_key(|check| check.group);
    Ok(Report::new(installation.production, checks))
}

/// What a look at something with a clock of its own gives.
struct Finding {
    checks: Vec<Check>,
    /// How far its clock is ahead of this machine's.
    time_ahead: Option<chrono::TimeDelta>,
}
