use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use monkeyci_client::rest::{LabelFilters, Pipeline, PipelineBody};
use monkeyci_core::model::RepoId;

use crate::error::{CliError, Exit};
use crate::labels;
use crate::remote::{NameArgs, OrgArgs};
use crate::runtime::Runtime;
use crate::ui::{table, when};

/// Pipelines of the server, for repositories that have no script of their own
#[derive(Debug, clap::Args)]
pub struct PipelineArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them
    List {
        #[command(flatten)]
        org: OrgArgs,
    },
    /// Print the script of one
    Show(NameArgs),
    /// Set one
    Set(SetArgs),
    /// Remove one
    Remove(NameArgs),
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// Its script, as in a `build.json`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// For this repository
    #[arg(short, long, value_name = "REPO", conflicts_with = "labels")]
    repo: Option<RepoId>,
    /// For repositories with all of these labels (repeatable: those that fit one of them) [default: for all]
    #[arg(short, long, value_name = "NAME=VALUE,…", value_parser = labels::filter)]
    labels: Vec<BTreeMap<String, String>>,
    /// Say what it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    org: OrgArgs,
}

/// Lists, shows, sets or removes pipelines.
pub fn run(args: &PipelineArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { org } => list(org).await,
            Command::Show(NameArgs { name, org }) => {
                let found = org.find()?.pipeline(name).get().await?;
                org.output.print(&found, |_| format!("{:#}\n", found.body.script))
            }
            Command::Set(args) => set(args).await,
            Command::Remove(NameArgs { name, org }) => {
                org.find()?.pipeline(name).delete().await?;
                super::print(&format!("Removed `{name}`\n"))
            }
        }
    })
}

async fn list(org: &OrgArgs) -> Result<Exit, CliError> {
    let pipelines = org.find()?.pipelines().all().await?;
    org.output.print(&pipelines, |style| {
        let now = when::now();
        let line = |found: &Pipeline| {
            let body = &found.body;
            let fits = body.repo.as_ref().map_or_else(|| labels::shown(&body.label_filters), ToString::to_string);
            let description = body.description.clone().unwrap_or_default();
            [format!("{}@{}", found.name, found.revision), fits, when::about(found.updated, now), description]
        };
        let rows: Vec<_> = pipelines.iter().map(line).collect();
        table::list("No pipelines", ["PIPELINE", "REPOSITORIES", "CHANGED", ""], &rows, style)
    })
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    let body = PipelineBody {
        repo: args.repo.clone(),
        label_filters: LabelFilters(args.labels.clone()),
        description: args.description.clone(),
        script: script(&args.file)?,
    };
    let set = args.org.find()?.pipeline(&args.name).put(&body).await?;
    args.org.output.print(&set, |_| format!("Set `{}@{}`\n", set.name, set.revision))
}

fn script(path: &Path) -> Result<serde_json::Value, CliError> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| CliError::usage(format!("`{shown}`: {error}")))?;
    serde_json::from_str(&text).map_err(|error| CliError::usage(format!("`{shown}` is no JSON: {error}")))
}
