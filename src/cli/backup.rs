//! `backup`: archives of the database and the generated secrets.

use std::path::PathBuf;

use chrono::{DateTime, NaiveTime, Utc};
use clap::Args;

use crate::{
    backup::{
        folder::{Folder, State},
        progress::size,
        schedule,
        take::take,
    },
    clock::Clock,
    config::Config,
};

#[derive(Args)]
pub(super) struct Options {
    /// Folder of the archives [default: BACKUP_DIR]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Stay, and back up every day at this time of UTC; at once where that is overdue
    #[arg(long, value_name = "HH:MM", value_parser = parse_time, conflicts_with = "list")]
    daily_at: Option<NaiveTime>,
    /// List the archives: age, size, and whether the SHA-256 beside each is right
    #[arg(long)]
    list: bool,
}

fn parse_time(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| "write a time of day such as 03:15".to_owned())
}

pub(super) async fn run(options: Options, config: Config) -> anyhow::Result<()> {
    let clock = Clock::system();
    let folder = Folder::new(options.to.unwrap_or_else(|| config.backup.folder.clone()));
    if options.list {
        return list(&folder, clock.now());
    }
    let stopped = super::stop_signal()?;
    if let Some(time) = options.daily_at {
        tokio::select! {
            () = schedule::every_day(&config, &clock, &folder, time) => {}
            () = stopped => {}
        }
        return Ok(());
    }
    let taken = tokio::select! {
        taken = take(&config, &clock, &folder) => taken?,
        () = stopped => anyhow::bail!("stopped; no archive was written"),
    };
    println!("{}  {}  in {:.1} s", taken.path.display(), size(taken.bytes), taken.took.as_secs_f64());
    for name in taken.removed {
        println!("removed {name}");
    }
    Ok(())
}

fn list(folder: &Folder, now: DateTime<Utc>) -> anyhow::Result<()> {
    let archives = folder.list()?;
    for archive in &archives {
        let state = match archive.state {
            State::Whole => "ok",
            State::Damaged => "DAMAGED",
            State::Unknown => "no sum",
        };
        let (age, size) = (age(now - archive.created_at), size(archive.bytes));
        println!("{}  {age:>8}  {size:>10}  {state}", archive.name);
    }
    let damaged = archives.iter().filter(|archive| archive.state == State::Damaged).count();
    anyhow::ensure!(damaged == 0, "{damaged} archive(s) are not what was written");
    Ok(())
}

fn age(age: chrono::TimeDelta) -> String {
    match age.num_minutes() {
        minutes if minutes < 120 => format!("{} min", minutes.max(0)),
        minutes if minutes < 48 * 60 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / (24 * 60)),
    }
}
