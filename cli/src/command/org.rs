use monkeyci_client::ClientError;
use monkeyci_client::rest::{NewMember, Org, OrgBody, Role};
use monkeyci_core::model::OrgId;

use super::token::role;
use crate::error::{CliError, Exit};
use crate::remote::{OutputArgs, ServerArgs};
use crate::runtime::Runtime;
use crate::ui::{table, when};

/// Organisations of the server, and who belongs to them
#[derive(Debug, clap::Args)]
pub struct OrgArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List those that you may see
    List {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Add one
    Add {
        /// Its id
        #[arg(value_name = "ORG")]
        org: OrgId,
        /// Its name, for people
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Print everything that is set up in one, as JSON and without secrets
    Export {
        /// The organisation
        #[arg(value_name = "ORG")]
        org: OrgId,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// List who belongs to one
    Members {
        /// The organisation
        #[arg(value_name = "ORG")]
        org: OrgId,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Give somebody a role in one: viewer, developer, maintainer or owner
    Grant {
        /// The organisation
        #[arg(value_name = "ORG")]
        org: OrgId,
        /// Their name on the server
        #[arg(value_name = "NAME")]
        name: String,
        /// What they may do
        #[arg(value_name = "ROLE", value_parser = role)]
        role: Role,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Take somebody's role away
    Revoke {
        /// The organisation
        #[arg(value_name = "ORG")]
        org: OrgId,
        /// Their name on the server
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// Lists or changes organisations and their members.
pub fn run(args: &OrgArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { output } => list(output).await,
            Command::Add { org, name, output } => {
                let client = output.connect()?.client;
                match client.org(org).get().await {
                    Err(ClientError::NotFound(_)) => {}
                    Err(error) => return Err(error.into()),
                    Ok(_) => return Err(CliError::failed(format!("`{org}` is there already"))),
                }
                let made = client.org(org).put(&OrgBody { name: name.clone(), ..OrgBody::default() }).await?;
                output.print(&made, |_| format!("Added `{org}`\n"))
            }
            Command::Export { org, server } => {
                let export = server.connect()?.client.org(org).export().await?;
                let text = serde_json::to_string_pretty(&export).map_err(|error| CliError::ours(error.to_string()))?;
                super::print(&(text + "\n"))
            }
            Command::Members { org, output } => members(org, output).await,
            Command::Grant { org, name, role, output } => {
                let member = output.connect()?.client.org(org).member(name).put(&NewMember { role: *role }).await?;
                output.print(&member, |_| format!("`{name}` is {} of `{org}`\n", role.as_str()))
            }
            Command::Revoke { org, name, output } => {
                output.connect()?.client.org(org).member(name).delete().await?;
                super::print(&format!("`{name}` has no role in `{org}` any more\n"))
            }
        }
    })
}

async fn list(output: &OutputArgs) -> Result<Exit, CliError> {
    let orgs = output.connect()?.client.orgs().all().await?;
    output.print(&orgs, |style| {
        let now = when::now();
        let row = |org: &Org| [org.id.to_string(), org.name.clone(), when::about(org.created, now)];
        let rows: Vec<_> = orgs.iter().map(row).collect();
        table::list("No organisations", ["ORG", "NAME", "MADE"], &rows, style)
    })
}

async fn members(org: &OrgId, output: &OutputArgs) -> Result<Exit, CliError> {
    let members = output.connect()?.client.org(org).members().all().await?;
    output.print(&members, |style| {
        let now = when::now();
        let rows: Vec<_> = members
            .iter()
            .map(|member| [member.name.clone(), member.role.as_str().to_owned(), when::about(member.since, now)])
            .collect();
        table::list("No members", ["NAME", "ROLE", "SINCE"], &rows, style)
    })
}
