//! The commands of the binary.

mod admin;
mod backup;
mod doctor;
mod healthcheck;
mod migrate;
mod restore;
mod serve;
mod supervisor;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, config::Config, gateway::Gateway, store::database, telemetry};

/// FastGPT third-party platform: accounts, sessions, administration and a console in front of FastGPT.
///
/// Everything is configured by environment variables or a `.env` file in the working folder; `.env.example`
/// lists them all. With none at all the server keeps SQLite and its secrets in ./data and listens on port 5000.
#[derive(Parser)]
#[command(name = "fastgpt-platform", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server (what happens without a command)
    Serve,
    /// Bring the database up to date, or back
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Print the GraphQL schema in SDL
    Schema,
    /// Create and repair accounts without signing in
    #[command(subcommand)]
    Admin(admin::Command),
    /// Back up the database and the generated secrets, while the server runs
    ///
    /// How many archives are kept is configured by BACKUP_KEEP_DAILY and BACKUP_KEEP_WEEKLY. They are encrypted for the
    /// age keys in BACKUP_AGE_RECIPIENTS; without any they hold secrets in clear, and only their owner can read them.
    Backup(backup::Options),
    /// Replace the database by that of a backup; the server must be stopped
    ///
    /// All of the archive is checked before anything is changed, and then all of it is restored or nothing. Everyone
    /// signs in again, since a session that was ended after the backup would otherwise live again.
    Restore(restore::Options),
    /// Ask the running server on this machine for its health; exits 0 when it is ready, 1 when not
    Healthcheck(healthcheck::Options),
    /// Examine the installation: what is wrong, and the command or setting that mends it; changes nothing
    Doctor(doctor::Options),
}

/// Parses the command line and runs the command.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match start(cli.command.unwrap_or(Command::Serve)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("fastgpt-platform: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let outcome = runtime.block_on(run(command));
    // A name server or a disk that hangs would else keep the process for as long as it likes.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Schema => print!("{}", crate::graphql::schema().sdl()),
        Command::Healthcheck(options) => healthcheck::run(options).await?,
        Command::Doctor(options) => return doctor::run(options).await,
        Command::Serve => with_telemetry(serve::run).await?,
        Command::Migrate(command) => with_telemetry(|config| migrate::run(command, config)).await?,
        Command::Admin(command) => with_telemetry(|config| admin::run(command, config)).await?,
        Command::Backup(options) => with_telemetry(|config| backup::run(options, config)).await?,
        Command::Restore(options) => with_telemetry(|config| restore::run(options, config)).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn with_telemetry<F: Future<Output = anyhow::Result<()>>>(
    run: impl FnOnce(Config) -> F,
) -> anyhow::Result<()> {
    let config = Config::load()?;
    let telemetry = telemetry::init(&config)?;
    let outcome = run(config).await;
    telemetry.finish().await;
    outcome
}

/// Connects for a command that is no server: the schema must be there, Redis is told of changes.
async fn connect(config: Config) -> anyhow::Result<Gateway> {
    let gateway = Gateway::connect(config, Clock::system(), CancellationToken::new()).await?;
    database::migrate(&gateway.config.database_url).await?;
    Ok(gateway)
}

/// Ends when this process is asked to end: by SIGTERM or SIGINT, from this call on.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
