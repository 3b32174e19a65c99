use monkeyci_client::rest::{Trigger, TriggerBody};
use monkeyci_core::model::{BuildStatus, RepoId};

use crate::error::{CliError, Exit};
use crate::param;
use crate::remote::AtArgs;
use crate::runtime::Runtime;
use crate::ui::table;

/// Builds of a repository that follow builds of another
#[derive(Debug, clap::Args)]
pub struct TriggerArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them
    List {
        #[command(flatten)]
        at: AtArgs,
    },
    /// Set one
    Set(SetArgs),
    /// Remove one
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        at: AtArgs,
    },
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// The other repository, of the same organisation
    #[arg(value_name = "OTHER")]
    other: RepoId,
    /// How the other build has to end (repeatable): success, failure, error or canceled [default: success]
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Vec<BuildStatus>,
    /// The branch that the other build is of, or a glob (repeatable) [default: the other repository's default branch]
    #[arg(long = "ref", value_name = "GLOB")]
    refs: Vec<String>,
    /// The branch that is built [default: the repository's default branch]
    #[arg(short, long, value_name = "NAME")]
    branch: Option<String>,
    /// Give its builds a parameter (repeatable)
    #[arg(short, long, value_name = "NAME=VALUE")]
    param: Vec<String>,
    /// Give its builds a parameter of the other build (repeatable)
    #[arg(long, value_name = "NAME")]
    pass_param: Vec<String>,
    /// Keep it without builds
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    at: AtArgs,
}

/// Lists, sets or removes triggers.
pub fn run(args: &TriggerArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { at } => list(at).await,
            Command::Set(args) => set(args).await,
            Command::Remove { name, at } => {
                at.repo().await?.trigger(name).delete().await?;
                super::print(&format!("Removed `{name}`\n"))
            }
        }
    })
}

async fn list(at: &AtArgs) -> Result<Exit, CliError> {
    let triggers = at.repo().await?.triggers().all().await?;
    at.output.print(&triggers, |style| {
        let rows: Vec<_> = triggers.iter().map(row).collect();
        table::list("No triggers", ["NAME", "AFTER", "OF", "ENDED", "BUILDS"], &rows, style)
    })
}

fn row(Trigger { name, body, .. }: &Trigger) -> [String; 5] {
    let refs = if body.refs.is_empty() { "default branch".into() } else { body.refs.join(", ") };
    let statuses: Vec<_> = body.statuses.iter().map(|status| status.as_str()).collect();
    let builds = match &body.branch {
        _ if !body.enabled => "disabled".into(),
        Some(branch) => branch.clone(),
        None => "default branch".into(),
    };
    [name.clone(), body.repo.to_string(), refs, statuses.join(", "), builds]
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    let statuses = if args.status.is_empty() { vec![BuildStatus::Success] } else { args.status.clone() };
    let body = TriggerBody {
        repo: args.other.clone(),
        statuses,
        refs: args.refs.clone(),
        branch: args.branch.clone(),
        params: param::read(&[] as &[&str], &args.param)?,
        pass_params: args.pass_param.clone(),
        enabled: !args.disabled,
    };
    let set = args.at.repo().await?.trigger(&args.name).put(&body).await?;
    args.at.output.print(&set, |_| format!("Set `{}`\n", args.name))
}

fn status(text: &str) -> Result<BuildStatus, String> {
    let ends = [BuildStatus::Success, BuildStatus::Failure, BuildStatus::Error, BuildStatus::Canceled];
    let found = ends.into_iter().find(|status| status.as_str() == text);
    found.ok_or_else(|| "a build ends as `success`, `failure`, `error` or `canceled`".into())
}
