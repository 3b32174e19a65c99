use monkeyci_client::rest::NewBuild;
use monkeyci_core::model::BuildId;

use crate::error::{CliError, Exit};
use crate::param;
use crate::remote::{OutputArgs, RepoName, watch};
use crate::ui;

/// Have the server run a build, and watch it
///
/// Ctrl-C ends the watching; the build goes on. Ends with the code that `monkeyci build` would.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The repository, as in `acme/web` [default: the one of this checkout]
    #[arg(value_name = "REPO")]
    repo: Option<RepoName>,
    /// The branch [default: the repository's default branch]
    #[arg(short, long, value_name = "NAME", conflicts_with = "tag")]
    branch: Option<String>,
    /// A tag, instead of a branch
    #[arg(short, long, value_name = "NAME")]
    tag: Option<String>,
    /// The commit [default: the newest]
    #[arg(long, value_name = "SHA")]
    commit_id: Option<String>,
    /// Give the build a parameter, in place of the repository's (repeatable)
    #[arg(short, long, value_name = "NAME=VALUE")]
    param: Vec<String>,
    /// Do not watch it: say its name and end
    #[arg(long)]
    no_wait: bool,
    /// Show only what went wrong, and the end
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Begins a build and shows it.
pub fn run(args: &RunArgs) -> Result<Exit, CliError> {
    let wanted = NewBuild {
        branch: args.branch.clone(),
        tag: args.tag.clone(),
        commit: args.commit_id.clone(),
        params: param::read(&[] as &[&str], &args.param)?,
    };
    super::runtime()?.block_on(begin(args, &wanted))
}

async fn begin(args: &RunArgs, wanted: &NewBuild) -> Result<Exit, CliError> {
    let server = args.output.connect()?;
    let repo = server.repo(args.repo.as_ref()).await?;
    let begun = repo.start(wanted).await?;
    let id = BuildId::new(begun.build.org.clone(), begun.build.repo.clone(), begun.build.number);
    if args.no_wait {
        return args.output.print(&begun, |_| format!("Build {}: {}\n", super::short(&id), server.page(&id)));
    }
    let mut view = ui::view(args.output.json, args.quiet);
    if !args.output.json && !args.quiet {
        view.note(&server.page(&id));
    }
    watch(&id, repo.build(id.number), &mut *view).await
}
