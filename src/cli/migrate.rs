//! `migrate`: the database schema, by hand.

use clap::Subcommand;

use crate::{config::Config, store::database};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Apply every pending step (`serve` does this as well)
    Up,
    /// Undo the latest steps; their data is lost
    Down {
        /// How many steps
        #[arg(default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// List the steps and whether they are applied
    Status,
}

pub(super) async fn run(command: Command, config: Config) -> anyhow::Result<()> {
    let url = &config.database_url;
    let db = database::connect(url, 1).await?;
    match command {
        Command::Up => println!("{} step(s) applied to {url}", database::migrate(url).await?),
        Command::Down { steps } => {
            println!("{} step(s) undone in {url}", database::roll_back(url, steps).await?)
        }
        Command::Status => {
            for (name, applied) in database::migration_status(&db).await? {
                println!("{}  {name}", if applied { "applied" } else { "pending" });
            }
        }
    }
    Ok(())
}
