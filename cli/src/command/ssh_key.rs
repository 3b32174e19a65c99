use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use monkeyci_client::ClientError;
use monkeyci_client::rest::{LabelFilters, SshKey, SshKeyBody};

use crate::error::{CliError, Exit};
use crate::labels;
use crate::remote::{NameArgs, OrgArgs};
use crate::runtime::Runtime;
use crate::ui::table;

/// Keys by which the server reads repositories over SSH
#[derive(Debug, clap::Args)]
pub struct SshKeyArgs {
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
    /// Add one, or say anew what it is for; prints the public part, for the forge
    Set(SetArgs),
    /// Remove one
    Remove(NameArgs),
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// A file with the private key, in OpenSSH's format and without passphrase [default: the server makes a new key]
    #[arg(long, value_name = "FILE")]
    private_key: Option<PathBuf>,
    /// A file of hosts that it may be used on, as `ssh-keyscan` prints them, beside those of the well-known forges
    #[arg(long, value_name = "FILE")]
    known_hosts: Option<PathBuf>,
    /// For repositories with all of these labels (repeatable: those that fit one of them) [default: for all]
    #[arg(short, long, value_name = "NAME=VALUE,…", value_parser = labels::filter)]
    labels: Vec<BTreeMap<String, String>>,
    /// Say what it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    org: OrgArgs,
}

/// Lists, sets or removes keys.
pub fn run(args: &SshKeyArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { org } => list(org).await,
            Command::Set(args) => set(args).await,
            Command::Remove(NameArgs { name, org }) => {
                org.find()?.ssh_key(name).delete().await?;
                super::print(&format!("Removed `{name}`\n"))
            }
        }
    })
}

async fn list(org: &OrgArgs) -> Result<Exit, CliError> {
    let keys = org.find()?.ssh_keys().all().await?;
    org.output.print(&keys, |style| {
        let line = |key: &SshKey| {
            let description = key.description.clone().unwrap_or_default();
            [key.name.clone(), key.fingerprint.clone(), labels::shown(&key.label_filters), description]
        };
        let rows: Vec<_> = keys.iter().map(line).collect();
        table::list("No SSH keys", ["NAME", "FINGERPRINT", "REPOSITORIES", ""], &rows, style)
    })
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    let read = |path: &Option<PathBuf>| path.as_deref().map(file).transpose();
    let (private_key, known_hosts) = (read(&args.private_key)?, read(&args.known_hosts)?);
    let key = args.org.find()?.ssh_key(&args.name);
    let before = match key.get().await {
        Ok(before) => Some(before),
        Err(ClientError::NotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let (hosts, description) = before.map(|before| (before.known_hosts, before.description)).unwrap_or_default();
    let body = SshKeyBody {
        private_key,
        label_filters: LabelFilters(args.labels.clone()),
        known_hosts: known_hosts.or(hosts),
        description: args.description.clone().or(description),
    };
    let set = key.put(&body).await?;
    args.org.output.print(&set, |_| format!("{}\n", set.public_key))
}

fn file(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|error| CliError::usage(format!("`{}`: {error}", path.display())))
}
