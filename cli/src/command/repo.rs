use std::collections::BTreeMap;

use monkeyci_client::ClientError;
use monkeyci_client::rest::repo::Visibility;
use monkeyci_client::rest::{Repo, RepoBody};
use monkeyci_core::model::OrgId;

use crate::error::{CliError, Exit};
use crate::param;
use crate::remote::{OutputArgs, RepoName, origin};
use crate::runtime::Runtime;
use crate::ui::style::{Style, Tone};
use crate::ui::{sentence, table, when};

/// Repositories that the server builds
#[derive(Debug, clap::Args)]
pub struct RepoArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them, with how their newest builds stand
    List {
        /// Those of an organisation [default: of all that you may see]
        #[arg(value_name = "ORG")]
        org: Option<OrgId>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Add one
    Add(AddArgs),
    /// Change one; what is not said stays
    Set(SetArgs),
    /// Show one
    Show {
        /// The repository, as in `acme/web` [default: the one of this checkout]
        #[arg(value_name = "REPO")]
        repo: Option<RepoName>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Remove one; its builds stay
    Remove {
        /// The repository, as in `acme/web`
        #[arg(value_name = "REPO")]
        repo: RepoName,
        #[command(flatten)]
        output: OutputArgs,
    },
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// The repository, as in `acme/web`
    #[arg(value_name = "REPO")]
    repo: RepoName,
    /// Where it is cloned from [default: where this checkout was]
    #[arg(value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// The repository, as in `acme/web` [default: the one of this checkout]
    #[arg(value_name = "REPO")]
    repo: Option<RepoName>,
    /// Where it is cloned from
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What may be said of a repository.
#[derive(Debug, clap::Args)]
struct SettingsArgs {
    /// The branch that is built when nothing else is said
    #[arg(short, long, value_name = "NAME")]
    branch: Option<String>,
    /// Let everybody see it
    #[arg(long, conflicts_with = "private")]
    public: bool,
    /// Let the members of its organisation see it, and nobody else
    #[arg(long)]
    private: bool,
    /// Label it (repeatable)
    #[arg(long, value_name = "NAME=VALUE")]
    label: Vec<String>,
    /// Whether a newer build of a branch cancels those before it
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    cancel_superseded: Option<bool>,
    /// Whether nobody may open shells in its jobs
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    no_shells: Option<bool>,
    /// Look for new commits every so many seconds; 0 for never
    #[arg(long, value_name = "SECONDS")]
    poll: Option<u64>,
}

impl SettingsArgs {
    /// Says of a repository what was said.
    fn apply(&self, body: &mut RepoBody) -> Result<(), CliError> {
        if let Some(branch) = &self.branch {
            body.default_branch.clone_from(branch);
        }
        if self.public {
            body.visibility = Visibility::Public;
        }
        if self.private {
            body.visibility = Visibility::Private;
        }
        body.labels.extend(labels(&self.label)?);
        body.cancel_superseded = self.cancel_superseded.unwrap_or(body.cancel_superseded);
        body.no_shells = self.no_shells.unwrap_or(body.no_shells);
        if let Some(poll) = self.poll {
            body.poll = Some(poll).filter(|poll| *poll > 0);
        }
        Ok(())
    }
}

/// Lists, adds, changes, shows or removes repositories.
pub fn run(args: &RepoArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        match &args.command {
            Command::List { org, output } => list(org.as_ref(), output).await,
            Command::Add(args) => add(args).await,
            Command::Set(args) => set(args).await,
            Command::Show { repo, output } => {
                let repo = output.connect()?.repo(repo.as_ref()).await?.get().await?;
                output.print(&repo, |style| draw(&repo, style))
            }
            Command::Remove { repo, output } => {
                output.connect()?.at(repo).delete().await?;
                super::print(&format!("Removed `{repo}`\n"))
            }
        }
    })
}

async fn list(org: Option<&OrgId>, output: &OutputArgs) -> Result<Exit, CliError> {
    let client = output.connect()?.client;
    let orgs = match org {
        Some(org) => vec![org.clone()],
        None => client.orgs().all().await?.into_iter().map(|org| org.id).collect(),
    };
    let mut repos = Vec::new();
    for org in &orgs {
        repos.extend(client.org(org).repos().all().await?);
    }
    output.print(&repos, |style| {
        let now = when::now();
        let row = |repo: &Repo| {
            let name = format!("{}/{}", repo.org, repo.id);
            let latest = repo.latest.as_ref();
            let status = latest.map(|build| build.status.to_string()).unwrap_or_default();
            let begun = latest.map(|build| when::about(build.created, now)).unwrap_or_default();
            [name, status, begun, repo.body.url.clone()]
        };
        let rows: Vec<_> = repos.iter().map(row).collect();
        if rows.is_empty() {
            return "No repositories\n".into();
        }
        table::draw_in(["REPO", "NEWEST", "BEGUN", "FROM"], &rows, style, |at, column| match column {
            1 => repos[at].latest.as_ref().map(|build| sentence::tone(build.status)),
            3 => Some(Tone::Quiet),
            _ => None,
        })
    })
}

async fn add(args: &AddArgs) -> Result<Exit, CliError> {
    let here = args.url.is_none().then(|| origin(&std::env::current_dir().ok()?)).flatten();
    let unknown = || {
        CliError::usage("it is not said where the repository is cloned from")
            .hint(format!("`monkeyci repo add {} https://example.com/{}.git`", args.repo, args.repo))
    };
    let mut body = RepoBody {
        default_branch: here.as_ref().and_then(|git| git.main_branch.clone()).unwrap_or_else(|| "main".into()),
        url: args.url.clone().or_else(|| here?.url).ok_or_else(unknown)?,
        visibility: Visibility::Private,
        labels: BTreeMap::new(),
        cancel_superseded: false,
        no_shells: false,
        poll: None,
        report: None,
    };
    args.settings.apply(&mut body)?;
    let repo = args.output.connect()?.at(&args.repo);
    match repo.get().await {
        Err(ClientError::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
        // To add it once more would take from it what is not said again.
        Ok(_) => {
            return Err(CliError::failed(format!("`{}` is there already", args.repo))
                .hint(format!("`monkeyci repo set {}` changes it", args.repo)));
        }
    }
    let repo = repo.put(&body).await?;
    args.output.print(&repo, |_| format!("`{}` is built from {}\n", args.repo, super::safe(&repo.body.url)))
}

async fn set(args: &SetArgs) -> Result<Exit, CliError> {
    let repo = args.output.connect()?.repo(args.repo.as_ref()).await?;
    let before = repo.get().await?;
    let mut body = before.body;
    if let Some(url) = &args.url {
        body.url.clone_from(url);
    }
    args.settings.apply(&mut body)?;
    let after = repo.put_if(&body, before.revision).await?;
    args.output.print(&after, |style| draw(&after, style))
}

fn labels(pairs: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    param::read(&[] as &[&str], pairs).map_err(|_| CliError::usage("a label is not of the form `NAME=VALUE`"))
}

fn draw(repo: &Repo, style: Style) -> String {
    let body = &repo.body;
    let mut text = style.paint(Tone::Strong, &format!("{}/{}", repo.org, repo.id)) + "\n";
    let mut fact = |name: &str, value: String| text.push_str(&format!("  {name:<16} {}\n", super::safe(&value)));
    fact("cloned from", body.url.clone());
    fact("default branch", body.default_branch.clone());
    fact("seen by", if body.visibility == Visibility::Public { "everybody" } else { "its members" }.into());
    if let Some(poll) = body.poll {
        fact("looked at", format!("every {poll} s"));
    }
    if body.cancel_superseded {
        fact("newer builds", "cancel those before them".into());
    }
    if body.no_shells {
        fact("shells", "none in its jobs".into());
    }
    for (name, value) in &body.labels {
        fact("label", format!("{name}={value}"));
    }
    if !repo.branches.is_empty() {
        let now = when::now();
        let branches: Vec<_> = repo.branches.iter().collect();
        let rows: Vec<_> = branches
            .iter()
            .map(|(name, newest)| {
                let begun = when::about(newest.created, now);
                [(*name).clone(), newest.number.to_string(), newest.status.to_string(), begun]
            })
            .collect();
        text.push('\n');
        text.push_str(&table::draw_in(["BRANCH", "BUILD", "STATUS", "BEGUN"], &rows, style, |at, column| {
            (column == 2).then(|| sentence::tone(branches[at].1.status))
        }));
    }
    text
}
