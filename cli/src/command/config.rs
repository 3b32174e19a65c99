use std::path::PathBuf;

use monkeyci_api::Config;

use crate::error::{CliError, Exit};

/// The configuration of a server: what may stand in it, and whether one is right
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print every key with what it means and its default, as a file to begin with
    Show,
    /// Look for mistakes in a file, before a server is started with it
    Check {
        /// The configuration
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Shows what may stand in a configuration, or checks one.
pub fn run(args: &ConfigArgs) -> Result<Exit, CliError> {
    match &args.command {
        Command::Show => super::print(monkeyci_api::reference()),
        Command::Check { file } => {
            Config::read(file).map_err(|error| CliError::usage(error.to_string()))?;
            super::print(&format!("{} can be used\n", file.display()))
        }
    }
}
