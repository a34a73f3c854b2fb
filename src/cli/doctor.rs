//! `doctor`: what is wrong, and what mends it.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use clap::Args;

use crate::{
    auth::Operator,
    clock::Clock,
    config,
    doctor::{Installation, examine},
};

#[derive(Args)]
pub(super) struct Options {
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Judge by the rules of production, whatever APP_ENV says
    #[arg(long)]
    production: bool,
}

/// Prints the report; the exit code is 1 when something failed.
pub(super) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let (vars, env_file) = config::environment();
    let installation = Installation::new(&vars, env_file, options.production, Clock::system());
    let report = examine(&installation, &Operator::at_the_command_line()).await?;
    let mut out = std::io::stdout();
    if options.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        write!(out, "{}", report.to_text(out.is_terminal()))?;
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
