use monkeyci_client::rest::{NewRegistration, NewWorker, Worker};
use monkeyci_core::model::OrgId;

use crate::error::{CliError, Exit};
use crate::remote::OutputArgs;
use crate::runtime::Runtime;
use crate::ui::{table, when};

/// Workers of the server, on other machines
///
/// `monkeyci worker` runs one. Only who runs the server may look after them.
#[derive(Debug, clap::Args)]
pub struct WorkersArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them, with what they run
    List {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Add one, and print its token this once
    Add {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Run jobs of this organisation only
        #[arg(long, value_name = "ORG")]
        org: Option<OrgId>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Make a code by which machines register as workers by themselves, and print it this once
    Invite {
        /// Run jobs of this organisation only
        #[arg(long, value_name = "ORG")]
        org: Option<OrgId>,
        /// Good for so long, for any number of workers
        #[arg(long, value_name = "MINUTES", default_value = "60", value_parser = clap::value_parser!(u32).range(1..=10_080))]
        minutes: u32,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Make such a code good for nothing; workers that have registered stay
    Uninvite {
        /// Its id, as `--json` tells it
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Let one end the jobs that it has, and take no more
    Drain(Named),
    /// Let one take jobs again
    Resume(Named),
    /// Remove one; what it runs is lost, and tried again elsewhere
    Remove(Named),
}

#[derive(Debug, clap::Args)]
struct Named {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    output: OutputArgs,
}

/// Lists, adds, drains or removes workers.
pub fn run(args: &WorkersArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { output } => list(output).await,
            Command::Add { name, org, output } => {
                let wanted = NewWorker { name: name.clone(), org: org.clone() };
                let made = output.connect()?.client.make_worker(&wanted).await?;
                // Alone on standard output, so that it can be piped to where it is needed.
                output.print(&made, |_| format!("{}\n", super::safe(&made.secret)))
            }
            Command::Invite { org, minutes, output } => {
                let wanted = NewRegistration { org: org.clone(), minutes: *minutes };
                let made = output.connect()?.client.make_registration(&wanted).await?;
                output.print(&made, |_| format!("{}\n", super::safe(&made.code)))
            }
            Command::Uninvite { id, output } => {
                output.connect()?.client.registration(id).revoke().await?;
                super::print("The code is good for nothing any more\n")
            }
            Command::Drain(Named { name, output }) => {
                let worker = output.connect()?.client.worker(name).pause().await?;
                output.print(&worker, |_| match worker.running.len() {
                    0 => format!("`{name}` takes no more jobs, and runs none\n"),
                    some => format!("`{name}` takes no more jobs; {some} still run\n"),
                })
            }
            Command::Resume(Named { name, output }) => {
                let worker = output.connect()?.client.worker(name).resume().await?;
                output.print(&worker, |_| format!("`{name}` takes jobs again\n"))
            }
            Command::Remove(Named { name, output }) => {
                output.connect()?.client.worker(name).delete().await?;
                super::print(&format!("Removed `{name}`\n"))
            }
        }
    })
}

async fn list(output: &OutputArgs) -> Result<Exit, CliError> {
    let workers = output.connect()?.client.workers().all().await?;
    output.print(&workers, |style| {
        let now = when::now();
        let rows: Vec<_> = workers.iter().map(|worker| row(worker, now)).collect();
        table::list("No workers", ["NAME", "SEEN", "VERSION", "RUNS", "LABELS", "NOW"], &rows, style)
    })
}

fn row(worker: &Worker, now: i64) -> [String; 6] {
    let facts = worker.facts.clone().unwrap_or_default();
    let seen = worker.seen.map_or_else(|| "never".into(), |seen| when::about(seen, now));
    let archs: Vec<_> = facts.archs.iter().map(|arch| arch.oci_name()).collect();
    let kinds = [(facts.images, "images"), (facts.processes, "processes")];
    let kinds: Vec<_> = kinds.iter().filter(|(has, _)| *has).map(|(_, kind)| *kind).chain(archs).collect();
    let labels: Vec<_> = facts.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let running: Vec<_> =
        worker.running.iter().map(|job| format!("{} {}", super::short(&job.build), job.job)).collect();
    let state = match (worker.paused, running.is_empty()) {
        (true, true) => "drained".into(),
        (true, false) => format!("drains: {}", running.join(", ")),
        (false, _) => running.join(", "),
    };
    [worker.name.clone(), seen, facts.version, kinds.join(" "), labels.join(" "), state]
}
