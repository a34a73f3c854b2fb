//! `restore`: the database of an archive in place of the present one.

use std::path::PathBuf;

use clap::Args;

use crate::{
    auth::Operator,
    backup::{
        progress::size,
        restore::{self, Checkup, Replaced, Restored},
    },
    clock::Clock,
    config::Config,
};

#[derive(Args)]
pub(super) struct Options {
    /// The archive, as `backup` wrote it
    archive: PathBuf,
    /// File with the age key of an encrypted archive
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Replace what is there, accounts and other tables; it is backed up to BACKUP_DIR first
    #[arg(long)]
    replace: bool,
    /// Let sessions go on that were active in the backup
    #[arg(long)]
    keep_sessions: bool,
    /// Only check the archive; nothing is changed
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(options: Options, config: Config) -> anyhow::Result<()> {
    let archive = &options.archive;
    if options.check {
        let checkup = restore::check(archive, options.identity.as_deref()).await?;
        show(&checkup);
        println!("{} is whole and can be restored: {}", archive.display(), size(checkup.bytes));
        return Ok(());
    }
    let (clock, operator) = (Clock::system(), Operator::at_the_command_line());
    let choice = restore::Options {
        identity: options.identity,
        replace: options.replace,
        keep_sessions: options.keep_sessions,
    };
    let restored = restore::restore(&config, &clock, &operator, archive, &choice).await?;
    show(&restored.checkup);
    summarise(&config, &restored);
    Ok(())
}

fn show(checkup: &Checkup) {
    if !checkup.had_sum {
        eprintln!(
            "warning: there is no .sha256 beside the archive, so nothing says that it is the one that was written"
        );
    }
    println!("made {}", checkup.created_at.format("%Y-%m-%d %H:%M:%S UTC"));
}

fn summarise(config: &Config, restored: &Restored) {
    println!("restored {} account(s) to {}", restored.accounts, config.database_url);
    println!("{} session(s) ended, {} migration(s) applied", restored.sessions_ended, restored.migrations);
    for path in &restored.secrets {
        println!("{} is now that of the backup", path.display());
    }
    match &restored.replaced {
        Some(Replaced::BackedUp(path)) => println!("what was there before is in {}", path.display()),
        Some(Replaced::SetAside(path)) => println!("the damaged database is now {}", path.display()),
        None => {}
    }
}
