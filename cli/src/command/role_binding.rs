use std::collections::BTreeMap;

use monkeyci_client::rest::{LabelFilters, Role, RoleBinding, RoleBindingBody};
use monkeyci_core::model::RepoId;

use super::token::role;
use crate::error::{CliError, Exit};
use crate::labels;
use crate::remote::{NameArgs, OrgArgs};
use crate::runtime::Runtime;
use crate::ui::table;

/// Members who may do more in some repositories than in their organisation, as a team
#[derive(Debug, clap::Args)]
pub struct RoleBindingArgs {
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
    /// Let some members do more in some repositories, or say anew who, what and where
    Set(SetArgs),
    /// Let them do there what they may in the organisation
    Remove(NameArgs),
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// What they may do there: developer or maintainer
    #[arg(value_name = "ROLE", value_parser = role)]
    role: Role,
    /// Who (repeatable): a member of the organisation, or a service account, as `acme/deployer`
    #[arg(short, long = "member", value_name = "NAME", required = true)]
    members: Vec<String>,
    /// Where (repeatable): a repository of the organisation
    #[arg(short, long = "repo", value_name = "REPO", required_unless_present = "labels", conflicts_with = "labels")]
    repos: Vec<RepoId>,
    /// In repositories with all of these labels, now and later (repeatable: in those that fit one of them)
    #[arg(short, long, value_name = "NAME=VALUE,…", value_parser = labels::filter)]
    labels: Vec<BTreeMap<String, String>>,
    /// Say what it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    org: OrgArgs,
}

/// Lists, sets or removes roles in some repositories.
pub fn run(args: &RoleBindingArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { org } => list(org).await,
            Command::Set(args) => set(args).await,
            Command::Remove(NameArgs { name, org }) => {
                org.find()?.role_binding(name).delete().await?;
                super::print(&format!("Removed `{name}`\n"))
            }
        }
    })
}

async fn list(org: &OrgArgs) -> Result<Exit, CliError> {
    let found = org.find()?.role_bindings().all().await?;
    org.output.print(&found, |style| {
        let rows: Vec<_> = found.iter().map(row).collect();
        let none = "Everybody may do in each repository what they may in the organisation";
        table::list(none, ["NAME", "ROLE", "MEMBERS", "REPOSITORIES", ""], &rows, style)
    })
}

fn row(RoleBinding { name, body, .. }: &RoleBinding) -> [String; 5] {
    let members = body.members.iter().cloned().collect::<Vec<_>>().join(" ");
    let repos = match body.label_filters.is_empty() {
        true => body.repos.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        false => labels::shown(&body.label_filters),
    };
    [name.clone(), body.role.as_str().to_owned(), members, repos, body.description.clone().unwrap_or_default()]
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    let body = RoleBindingBody {
        role: args.role,
        members: args.members.iter().cloned().collect(),
        repos: args.repos.iter().cloned().collect(),
        label_filters: LabelFilters(args.labels.clone()),
        description: args.description.clone(),
    };
    let set = args.org.find()?.role_binding(&args.name).put(&body).await?;
    args.org.output.print(&set, |_| format!("Set `{}`\n", args.name))
}
