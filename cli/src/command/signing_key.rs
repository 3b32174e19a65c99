use monkeyci_client::rest::{Rotate, SigningKey};

use crate::error::{CliError, Exit};
use crate::remote::OutputArgs;
use crate::runtime::Runtime;
use crate::ui::{table, when};

/// Keys by which the server signs ID tokens of jobs
///
/// They follow each other by themselves, every 90 days. Only who runs the server may look after them.
#[derive(Debug, clap::Args)]
pub struct SigningKeyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them, the newest first
    List {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Make a new one, which signs in an hour
    Rotate {
        /// It signs now, and what those before have signed is good for nothing: where one has leaked
        #[arg(long)]
        at_once: bool,
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// Lists or rotates them.
pub fn run(args: &SigningKeyArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { output } => {
                let keys = output.connect()?.client.signing_keys().all().await?;
                output.print(&keys, |style| {
                    let now = when::now();
                    let rows: Vec<_> = keys.iter().map(|key| row(key, now)).collect();
                    table::list("No keys", ["ID", "MADE", "SIGNS", "ENDS"], &rows, style)
                })
            }
            Command::Rotate { at_once, output } => {
                let key = output.connect()?.client.rotate_signing_key(Rotate { at_once: *at_once }).await?;
                let signs = if *at_once { "now, and those before are good for nothing" } else { "in an hour" };
                output.print(&key, |_| format!("`{}` signs {signs}\n", key.id))
            }
        }
    })
}

fn row(key: &SigningKey, now: i64) -> [String; 4] {
    let ends = key.ends.map_or_else(|| "once another follows".into(), |ends| when::about(ends, now));
    [key.id.clone(), when::about(key.created, now), when::about(key.signs, now), ends]
}
