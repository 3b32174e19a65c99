//! Which server is asked, and as whom.

use std::io::IsTerminal as _;

use monkeyci_client::{BuildRef, Client, OrgRef, RepoRef};
use monkeyci_core::model::{BuildId, BuildStatus, OrgId};
use monkeyci_grammar::Which;

use super::{BuildName, Known, RepoName, here};
use crate::command::{self, style_of};
use crate::error::{CliError, Exit};
use crate::ui::style::Style;

/// Which server is asked.
#[derive(Debug, clap::Args)]
pub struct ServerArgs {
    /// The server [default: the one that you have logged in to last]
    #[arg(long, env = "MONKEYCI_SERVER", value_name = "URL", hide_env_values = true)]
    pub server: Option<String>,
}

/// Which server is asked, and how it is told.
#[derive(Debug, clap::Args)]
pub struct OutputArgs {
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// Which organisation is meant, where something in it is named.
#[derive(Debug, clap::Args)]
pub struct OrgArgs {
    /// The organisation
    #[arg(short, long, value_name = "ORG")]
    pub org: OrgId,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Which thing of an organisation is meant.
#[derive(Debug, clap::Args)]
pub struct NameArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    pub name: String,
    #[command(flatten)]
    pub org: OrgArgs,
}

/// Which repository is meant, where something else is named.
#[derive(Debug, clap::Args)]
pub struct AtArgs {
    /// The repository, as in `acme/web` [default: the one of this checkout]
    #[arg(short, long, value_name = "REPO")]
    pub repo: Option<RepoName>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// A server, and who we are there.
pub struct Connection {
    /// Asks it.
    pub client: Client,
}

impl OrgArgs {
    /// The organisation, to be asked.
    pub fn find(&self) -> Result<OrgRef, CliError> {
        Ok(self.output.connect()?.client.org(&self.org))
    }
}

impl ServerArgs {
    /// Finds the server and the token. Nothing is asked yet.
    pub fn connect(&self) -> Result<Connection, CliError> {
        let known = Known::of_user().and_then(|known| known.read());
        let token = std::env::var("MONKEYCI_TOKEN").ok().filter(|token| !token.is_empty());
        let Some(server) = self.server.clone().filter(|server| !server.is_empty()) else {
            let known = known?;
            let none = || {
                CliError::usage("no server is named").hint("`monkeyci login https://ci.example.com`, or `--server URL`")
            };
            let server = known.default.clone().ok_or_else(none)?;
            let token = token.or_else(|| Some(known.servers.get(&server)?.token.clone()));
            return Ok(Connection { client: Client::new(&server, token.as_deref())? });
        };
        // As it is written in the file.
        let server = Client::new(&server, None)?.url().to_owned();
        let token = match token {
            Some(token) => Some(token),
            None => known?.servers.get(&server).map(|login| login.token.clone()),
        };
        Ok(Connection { client: Client::new(&server, token.as_deref())? })
    }
}

impl OutputArgs {
    /// Finds the server and the token. Nothing is asked yet.
    pub fn connect(&self) -> Result<Connection, CliError> {
        self.server.connect()
    }

    /// Prints what was had: as JSON, or as `text` draws it.
    pub fn print(&self, value: &impl serde::Serialize, text: impl FnOnce(Style) -> String) -> Result<Exit, CliError> {
        let text = if self.json {
            serde_json::to_string_pretty(value).map_err(|error| CliError::ours(error.to_string()))? + "\n"
        } else {
            text(style_of(std::io::stdout().is_terminal()))
        };
        command::print(&text)
    }
}

impl AtArgs {
    /// The repository, to be asked.
    pub async fn repo(&self) -> Result<RepoRef, CliError> {
        self.output.connect()?.repo(self.repo.as_ref()).await
    }
}

impl Connection {
    /// The repository that is named, or the one at hand.
    pub async fn repo_name(&self, named: Option<&RepoName>) -> Result<RepoName, CliError> {
        match named {
            Some(name) => Ok(name.clone()),
            None => here::repo(&self.client).await,
        }
    }

    /// The same, to be asked.
    pub async fn repo(&self, named: Option<&RepoName>) -> Result<RepoRef, CliError> {
        Ok(self.at(&self.repo_name(named).await?))
    }

    /// A repository, to be asked.
    pub fn at(&self, name: &RepoName) -> RepoRef {
        self.client.org(&name.org).repo(&name.repo)
    }

    /// The build that is named; else the newest, of the repository that is named or of the one at hand.
    pub async fn build(&self, named: Option<&BuildName>) -> Result<(BuildId, BuildRef), CliError> {
        if let Some(other) =
            named.and_then(|named| named.server.as_deref()).filter(|server| *server != self.client.url())
        {
            let asked = self.client.url();
            return Err(CliError::usage(format!("that build is of `{other}`, and `{asked}` is asked"))
                .hint(format!("`--server {other}`")));
        }
        let repo = self.repo_name(named.and_then(|named| named.repo.as_ref())).await?;
        let newest = match named.map_or(Which::Last, |named| named.which) {
            Which::Number(number) => Ok(number),
            Which::Last => Err(None),
            Which::LastFailed => Err(Some(BuildStatus::Failure)),
        };
        let number = match newest {
            Ok(number) => number,
            Err(status) => {
                let newest = self.at(&repo).builds(status, None).first(1).await?;
                let none = || match status {
                    None => {
                        CliError::usage(format!("`{repo}` has no build yet")).hint(format!("`monkeyci run {repo}`"))
                    }
                    Some(_) => CliError::usage(format!("no build of `{repo}` has failed")),
                };
                newest.first().ok_or_else(none)?.number
            }
        };
        let build = self.at(&repo).build(number);
        Ok((BuildId::new(repo.org, repo.repo, number), build))
    }

    /// Where a build is on the server's page.
    pub fn page(&self, build: &BuildId) -> String {
        format!("{}/o/{}/r/{}/b/{}", self.client.url(), build.org, build.repo, build.number)
    }
}
