use std::collections::BTreeMap;

use monkeyci_client::ClientError;
use monkeyci_client::rest::{LabelFilters, RegistryCredential, RegistryCredentialBody};

use crate::error::{CliError, Exit};
use crate::labels;
use crate::remote::{NameArgs, OrgArgs};
use crate::runtime::Runtime;
use crate::secret;
use crate::ui::table;

/// Who builds of the server are at private registries, where their images are pulled
#[derive(Debug, clap::Args)]
pub struct RegistryArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them; of passwords, a fingerprint
    List {
        #[command(flatten)]
        org: OrgArgs,
    },
    /// Set credentials: the password is what is piped in, or else asked for
    Set(SetArgs),
    /// Remove credentials
    Remove(NameArgs),
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// Their name
    #[arg(value_name = "NAME")]
    name: String,
    /// The registry, as in `ghcr.io` or `registry.example.com:5000`; `docker.io` for images without a host
    #[arg(value_name = "HOST")]
    host: String,
    /// The user
    #[arg(short, long, value_name = "USER")]
    username: String,
    /// Leave the password as it is
    #[arg(long)]
    keep_password: bool,
    /// For repositories with all of these labels (repeatable: those that fit one of them) [default: for all]
    #[arg(short, long, value_name = "NAME=VALUE,…", value_parser = labels::filter)]
    labels: Vec<BTreeMap<String, String>>,
    /// Say what they are for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    org: OrgArgs,
}

/// Lists, sets or removes credentials of registries.
pub fn run(args: &RegistryArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { org } => list(org).await,
            Command::Set(args) => set(args).await,
            Command::Remove(NameArgs { name, org }) => {
                org.find()?.registry_credential(name).delete().await?;
                super::print(&format!("Removed `{name}`\n"))
            }
        }
    })
}

async fn list(org: &OrgArgs) -> Result<Exit, CliError> {
    let found = org.find()?.registry_credentials().all().await?;
    org.output.print(&found, |style| {
        let line = |found: &RegistryCredential| {
            let (description, repos) =
                (found.description.clone().unwrap_or_default(), labels::shown(&found.label_filters));
            [
                found.name.clone(),
                found.host.clone(),
                found.username.clone(),
                found.fingerprint.clone(),
                repos,
                description,
            ]
        };
        let rows: Vec<_> = found.iter().map(line).collect();
        table::list("No registries", ["NAME", "HOST", "USER", "PASSWORD", "REPOSITORIES", ""], &rows, style)
    })
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    let credential = args.org.find()?.registry_credential(&args.name);
    let password = match args.keep_password {
        true => None,
        false => Some(match secret::typed("password") {
            Some(typed) => typed,
            None => secret::piped()?,
        }),
    };
    let before = match credential.get().await {
        Ok(before) => before.description,
        Err(ClientError::NotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let body = RegistryCredentialBody {
        host: args.host.clone(),
        username: args.username.clone(),
        password,
        label_filters: LabelFilters(args.labels.clone()),
        description: args.description.clone().or(before),
    };
    let set = credential.put(&body).await?;
    args.org.output.print(&set, |_| {
        format!("Images of `{}` are pulled as `{}`\n", super::safe(&set.host), super::safe(&set.username))
    })
}
