use std::io::IsTerminal as _;
use std::path::PathBuf;

use monkeyci_api::Config;
use monkeyci_api::doctor::{Finding, Health, examine};

use crate::error::{CliError, Exit};
use crate::ui::style::Tone;
use crate::ui::table;

/// Look at what a server stands on: configuration, disk, database, keys, git, containers, addresses
///
/// The server may run meanwhile. A database that none uses is opened as a server would, which makes its tables or brings
/// them up to date; nothing else is changed. The exit code is 1 where something keeps the server from working.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// The configuration of the server
    #[arg(short, long, value_name = "FILE", env = "MONKEYCI_SERVER_CONFIG")]
    config: Option<PathBuf>,
    /// The folder that it keeps everything in [default: monkeyci-server]
    #[arg(long, value_name = "DIR", env = "MONKEYCI_SERVER_STATE")]
    state: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Looks, and tells what was found.
pub fn run(args: &DoctorArgs) -> Result<Exit, CliError> {
    let mut config = match &args.config {
        Some(path) => Config::read(path).map_err(|error| CliError::usage(error.to_string()))?,
        None => Config::default(),
    };
    if let Some(state) = &args.state {
        config.state.clone_from(state);
    }
    let found = super::runtime()?.block_on(examine(&config));
    let is_bad = found.iter().any(|finding| finding.health == Health::Bad);
    if args.json {
        let text = serde_json::to_string_pretty(&found).expect("findings are JSON");
        super::print(&format!("{text}\n"))?;
    } else {
        super::print(&drawn(&found))?;
    }
    Ok(if is_bad { Exit::Failed } else { Exit::Success })
}

fn drawn(found: &[Finding]) -> String {
    let rows: Vec<_> = found
        .iter()
        .map(|finding| {
            let health = match finding.health {
                Health::Good => "good",
                Health::Doubtful => "doubtful",
                Health::Bad => "bad",
            };
            [finding.what.to_owned(), health.to_owned(), finding.told.clone()]
        })
        .collect();
    let tone = |row: usize, column: usize| match found[row].health {
        Health::Bad if column == 1 => Some(Tone::Bad),
        Health::Doubtful if column == 1 => Some(Tone::Waiting),
        Health::Good if column == 1 => Some(Tone::Good),
        _ => None,
    };
    table::draw_in(["WHAT", "HEALTH", "SEEN"], &rows, super::style_of(std::io::stdout().is_terminal()), tone)
}
