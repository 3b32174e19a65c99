use std::path::PathBuf;

use monkeyci_api::backup::{self, BackupError, Contents};
use monkeyci_api::database;

use crate::error::{CliError, Exit};

/// Save what a server keeps to one file, while it runs
///
/// The database is of one moment; logs and artifacts are read after it. Without the master key no secret opens: keep a copy
/// of it elsewhere, or say `--with-key` and guard the file as you guard secrets.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// Where to, as backup.tar.zst
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The server's folder
    #[arg(long, value_name = "DIR", default_value = "monkeyci-server", env = "MONKEYCI_SERVER_STATE")]
    state: PathBuf,
    /// With the master key, which opens every secret
    #[arg(long)]
    with_key: bool,
    /// Without logs and artifacts
    #[arg(long)]
    without_files: bool,
}

/// Put what `backup` saved into an empty folder, for a server there
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// What was saved
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder, empty or not there yet
    #[arg(long, value_name = "DIR", default_value = "monkeyci-server", env = "MONKEYCI_SERVER_STATE")]
    state: PathBuf,
}

/// Saves what a server keeps.
pub fn backup(args: &BackupArgs) -> Result<Exit, CliError> {
    let contents = Contents { key: args.with_key, files: !args.without_files };
    backup::backup(&args.state, &args.file, contents).map_err(|error| error_of(&error))?;
    let mut said = format!("Saved {} to {}\n", args.state.display(), args.file.display());
    if let Ok(Some(name)) = database::known(&args.state) {
        said.push_str(&format!(
            "Its builds are in {name} and not in this file: keep a pg_dump that is older than it\n"
        ));
    }
    super::print(&said)
}

/// Restores what was saved.
pub fn restore(args: &RestoreArgs) -> Result<Exit, CliError> {
    let has_key = backup::restore(&args.file, &args.state).map_err(|error| error_of(&error))?;
    let mut said = format!("Restored {}\n", args.state.display());
    if !has_key {
        let key = args.state.join(backup::KEY);
        said.push_str(&format!("The master key is not in it: put it at {} before a server starts\n", key.display()));
    }
    super::print(&said)
}

fn error_of(error: &BackupError) -> CliError {
    match error {
        BackupError::Store(_) => CliError::ours(error.to_string()),
        _ => CliError::usage(error.to_string()),
    }
}
