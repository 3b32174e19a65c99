use monkeyci_client::rest::{Deployment, Environment, EnvironmentBody, Role};

use super::token::role;
use crate::error::{CliError, Exit};
use crate::remote::AtArgs;
use crate::runtime::Runtime;
use crate::ui::{table, when};

/// Deployments that are shown of an environment.
const SHOWN: usize = 10;

/// Environments that jobs work on, and what protects them
#[derive(Debug, clap::Args)]
pub struct EnvironmentArgs {
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
    /// Show one, and its newest deployments
    Show {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        at: AtArgs,
    },
    /// Set one up, or say anew what protects it
    Set(SetArgs),
    /// Remove one with its params
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
    /// Somebody who may approve its jobs (repeatable) [default: its jobs wait for nobody]
    #[arg(long, value_name = "PERSON")]
    approver: Vec<String>,
    /// Who has this role may approve them as well: developer, maintainer or owner
    #[arg(long, value_name = "ROLE", value_parser = role)]
    approver_role: Option<Role>,
    /// Have its jobs approved by somebody else than who caused the build
    #[arg(long)]
    prevent_self: bool,
    /// A branch whose builds may have jobs of it, or a glob (repeatable) [default: all refs]
    #[arg(long = "ref", value_name = "GLOB")]
    refs: Vec<String>,
    /// Let several jobs hold it at the same time
    #[arg(long)]
    shared: bool,
    /// Say what it is
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    at: AtArgs,
}

/// Lists, shows, sets up or removes environments.
pub fn run(args: &EnvironmentArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { at } => list(at).await,
            Command::Show { name, at } => show(name, at).await,
            Command::Set(args) => set(args).await,
            Command::Remove { name, at } => {
                at.repo().await?.environment(name).delete().await?;
                super::print(&format!("Removed `{name}`\n"))
            }
        }
    })
}

async fn list(at: &AtArgs) -> Result<Exit, CliError> {
    let environments = at.repo().await?.environments().all().await?;
    at.output.print(&environments, |style| {
        let rows: Vec<_> = environments.iter().map(row).collect();
        table::list("No environments", ["NAME", "REFS", "APPROVED BY", "JOBS AT A TIME"], &rows, style)
    })
}

fn row(Environment { name, body, .. }: &Environment) -> [String; 4] {
    let refs = if body.refs.is_empty() { "all".into() } else { body.refs.join(", ") };
    let role = body.approver_role.iter().map(|role| format!("role {}", role.as_str()));
    let approvers: Vec<_> = body.approvers.iter().cloned().chain(role).collect();
    let another = if body.prevent_self { ", never who caused the build" } else { "" };
    let approvers = if approvers.is_empty() { "nobody needs to".into() } else { approvers.join(", ") + another };
    [name.clone(), refs, approvers, if body.exclusive { "one".into() } else { "any".into() }]
}

async fn show(name: &str, at: &AtArgs) -> Result<Exit, CliError> {
    let environment = at.repo().await?.environment(name);
    let (found, newest) = (environment.get().await?, environment.deployments().first(SHOWN).await?);
    at.output.print(&(&found, &newest), |style| {
        let [name, refs, approvers, at_a_time] = row(&found);
        let description = found.body.description.iter().map(|text| format!(": {text}")).collect::<String>();
        let head =
            format!("{name}{description}\nrefs: {refs}\napproved by: {approvers}\njobs at a time: {at_a_time}\n\n");
        let now = when::now();
        let rows: Vec<_> = newest.iter().map(|deployment| deployed(deployment, now)).collect();
        head + &table::list("No deployments", ["BUILD", "JOB", "STATUS", "REF", "APPROVED BY", ""], &rows, style)
    })
}

fn deployed(deployment: &Deployment, now: i64) -> [String; 6] {
    [
        deployment.number.to_string(),
        deployment.job.to_string(),
        deployment.status.as_str().to_owned(),
        deployment.reference.clone().unwrap_or_default(),
        deployment.approver.clone().unwrap_or_default(),
        when::about(deployment.ended.or(deployment.started).unwrap_or(deployment.created), now),
    ]
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    let body = EnvironmentBody {
        approvers: args.approver.clone(),
        approver_role: args.approver_role,
        prevent_self: args.prevent_self,
        refs: args.refs.clone(),
        exclusive: !args.shared,
        description: args.description.clone(),
    };
    let set = args.at.repo().await?.environment(&args.name).put(&body).await?;
    args.at.output.print(&set, |_| format!("Set up `{}`\n", args.name))
}
