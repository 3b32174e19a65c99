use std::collections::BTreeMap;

use monkeyci_client::rest::{EffectiveParam, LabelFilters, Param, ParamBody, ParamSet, ParamSetBody};
use monkeyci_client::{ClientError, Object, Pages};
use monkeyci_core::model::OrgId;

use crate::error::{CliError, Exit};
use crate::labels;
use crate::remote::{AtArgs, Connection, OrgArgs, OutputArgs, RepoName};
use crate::runtime::Runtime;
use crate::secret;
use crate::ui::{table, when};

/// Params that builds of the server get
#[derive(Debug, clap::Args)]
pub struct ParamsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them; of secret ones, a fingerprint of the value
    List {
        #[command(flatten)]
        owner: OwnerArgs,
    },
    /// Set one: to what is piped in, or else asked for
    Set(SetArgs),
    /// Remove one
    Unset {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        owner: OwnerArgs,
    },
    /// List what builds of a repository get, and where it comes from
    Effective {
        #[command(flatten)]
        at: AtArgs,
    },
    /// List the sets of an organisation
    Sets {
        #[command(flatten)]
        org: OrgArgs,
    },
    /// Add a set, or say anew which repositories get it
    AddSet(SetOfArgs),
    /// Remove a set with its params
    RemoveSet {
        /// Its name
        #[arg(value_name = "SET")]
        set: String,
        #[command(flatten)]
        org: OrgArgs,
    },
}

#[derive(Debug, clap::Args)]
struct SetOfArgs {
    /// Its name
    #[arg(value_name = "SET")]
    set: String,
    /// For repositories with all of these labels (repeatable: those that fit one of them) [default: for all]
    #[arg(short, long, value_name = "NAME=VALUE,…", value_parser = labels::filter)]
    labels: Vec<BTreeMap<String, String>>,
    /// Say what it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    org: OrgArgs,
}

/// Whose params are meant.
#[derive(Debug, clap::Args)]
struct OwnerArgs {
    /// Of this repository, as in `acme/web` [default: the one of this checkout]
    #[arg(short, long, value_name = "REPO")]
    repo: Option<RepoName>,
    /// Of all repositories of an organisation
    #[arg(short, long, value_name = "ORG", conflicts_with = "repo")]
    org: Option<OrgId>,
    /// Of this set of the organisation
    #[arg(long, value_name = "SET", requires = "org")]
    set: Option<String>,
    /// Of this environment of the repository
    #[arg(long, value_name = "NAME", conflicts_with = "org")]
    environment: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// The value. Not for secrets: others on this machine can read it there
    #[arg(long, value_name = "TEXT", conflicts_with = "secret", allow_hyphen_values = true)]
    value: Option<String>,
    /// Its value goes in and never comes out
    #[arg(long)]
    secret: bool,
    /// Say what it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    owner: OwnerArgs,
}

/// Lists, sets or removes params.
pub fn run(args: &ParamsArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { owner } => list(owner).await,
            Command::Set(args) => set(args).await,
            Command::Unset { name, owner } => {
                let server = owner.output.connect()?;
                owner.param(&server, name).await?.delete().await?;
                super::print(&format!("Removed `{name}`\n"))
            }
            Command::Effective { at } => effective(at).await,
            Command::Sets { org } => sets(org).await,
            Command::AddSet(args) => {
                let filters = LabelFilters(args.labels.clone());
                let body = ParamSetBody { label_filters: filters, description: args.description.clone() };
                let set = args.org.find()?.param_set(&args.set).put(&body).await?;
                args.org.output.print(&set, |_| format!("Set up `{}`\n", args.set))
            }
            Command::RemoveSet { set, org } => {
                org.find()?.param_set(set).delete().await?;
                super::print(&format!("Removed `{set}`\n"))
            }
        }
    })
}

async fn list(owner: &OwnerArgs) -> Result<Exit, CliError> {
    let server = owner.output.connect()?;
    let params = owner.params(&server).await?.all().await?;
    owner.output.print(&params, |style| {
        let now = when::now();
        let rows: Vec<_> = params.iter().map(|param| row(param, now)).collect();
        table::list("No params", ["NAME", "VALUE", "CHANGED", ""], &rows, style)
    })
}

fn row(param: &Param, now: i64) -> [String; 4] {
    let value = match (&param.value, &param.fingerprint) {
        (Some(value), _) => value.clone(),
        (None, Some(fingerprint)) => format!("secret {}", fingerprint.chars().take(12).collect::<String>()),
        (None, None) => "secret".into(),
    };
    [param.name.clone(), value, when::about(param.updated, now), param.description.clone().unwrap_or_default()]
}

async fn effective(at: &AtArgs) -> Result<Exit, CliError> {
    let params = at.repo().await?.effective_params().all().await?;
    at.output.print(&params, |style| {
        let now = when::now();
        let line = |found: &EffectiveParam| {
            let [name, value, ..] = row(&found.param, now);
            [name, value, found.from.clone()]
        };
        let rows: Vec<_> = params.iter().map(line).collect();
        table::list("No params", ["NAME", "VALUE", "FROM"], &rows, style)
    })
}

async fn sets(org: &OrgArgs) -> Result<Exit, CliError> {
    let sets = org.find()?.param_sets().all().await?;
    org.output.print(&sets, |style| {
        let line = |set: &ParamSet| {
            let description = set.body.description.clone().unwrap_or_default();
            [set.name.clone(), labels::shown(&set.body.label_filters), description]
        };
        let rows: Vec<_> = sets.iter().map(line).collect();
        table::list("No sets", ["SET", "REPOSITORIES", ""], &rows, style)
    })
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    // Before anything is asked of the user.
    let server = args.owner.output.connect()?;
    let param = args.owner.param(&server, &args.name).await?;
    let value = match &args.value {
        Some(value) => value.clone(),
        None => match secret::typed(&args.name) {
            Some(value) => value,
            None => secret::piped()?,
        },
    };
    // What was secret stays so, and what was said of it.
    let before = match param.get().await {
        Ok(before) => Some(before),
        Err(ClientError::NotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let secret = args.secret || before.as_ref().is_some_and(|before| before.secret);
    let description = args.description.clone().or_else(|| before.and_then(|before| before.description));
    let body = ParamBody { value: Some(value), secret, description };
    let set = param.put(&body).await?;
    args.owner.output.print(&set, |_| format!("Set `{}`\n", args.name))
}

impl OwnerArgs {
    async fn params(&self, server: &Connection) -> Result<Pages<Param>, CliError> {
        match (&self.org, &self.set) {
            (Some(org), Some(set)) => Ok(server.client.org(org).param_set(set).params()),
            (Some(org), None) => Ok(server.client.org(org).params()),
            (None, _) => {
                let repo = server.repo(self.repo.as_ref()).await?;
                Ok(match &self.environment {
                    Some(environment) => repo.environment(environment).params(),
                    None => repo.params(),
                })
            }
        }
    }

    async fn param(&self, server: &Connection, name: &str) -> Result<Object<Param, ParamBody>, CliError> {
        match (&self.org, &self.set) {
            (Some(org), Some(set)) => Ok(server.client.org(org).param_set(set).param(name)),
            (Some(org), None) => Ok(server.client.org(org).param(name)),
            (None, _) => {
                let repo = server.repo(self.repo.as_ref()).await?;
                Ok(match &self.environment {
                    Some(environment) => repo.environment(environment).param(name),
                    None => repo.param(name),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_by_its_fingerprint() {
        let param = |value: Option<&str>| Param {
            name: "TOKEN".into(),
            secret: value.is_none(),
            value: value.map(str::to_owned),
            version: 2,
            fingerprint: value.is_none().then(|| "0123456789abcdef".into()),
            description: None,
            updated: 0,
            revision: 0,
        };
        assert_eq!(row(&param(Some("eu")), 5000), ["TOKEN", "eu", "5 s ago", ""]);
        assert_eq!(row(&param(None), 5000)[1], "secret 0123456789ab");
    }
}
