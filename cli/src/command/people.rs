use monkeyci_client::rest::Person;

use crate::error::{CliError, Exit};
use crate::remote::OutputArgs;
use crate::runtime::Runtime;
use crate::ui::{table, when};

/// Everybody who is known to the server
///
/// Only who runs the server may look after them.
#[derive(Debug, clap::Args)]
pub struct PeopleArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them
    List {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Let somebody in no more; their sessions and tokens end at once
    Disable(Named),
    /// Let somebody in again; they sign in anew
    Enable(Named),
}

#[derive(Debug, clap::Args)]
struct Named {
    /// Their name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    output: OutputArgs,
}

/// Lists, disables or enables people.
pub fn run(args: &PeopleArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { output } => list(output).await,
            Command::Disable(Named { name, output }) => {
                let person = output.connect()?.client.person(name).disable().await?;
                output.print(&person, |_| format!("`{name}` is let in no more\n"))
            }
            Command::Enable(Named { name, output }) => {
                let person = output.connect()?.client.person(name).enable().await?;
                output.print(&person, |_| format!("`{name}` is let in again, and signs in anew\n"))
            }
        }
    })
}

async fn list(output: &OutputArgs) -> Result<Exit, CliError> {
    let people = output.connect()?.client.people().all().await?;
    output.print(&people, |style| {
        let now = when::now();
        let row = |person: &Person| {
            let words = [(person.admin, "runs the server"), (person.disabled, "disabled")];
            let words: Vec<_> = words.iter().filter(|(is_so, _)| *is_so).map(|(_, word)| *word).collect();
            [person.name.clone(), when::about(person.created, now), words.join(", ")]
        };
        let rows: Vec<_> = people.iter().map(row).collect();
        table::list("Nobody", ["NAME", "SINCE", ""], &rows, style)
    })
}
