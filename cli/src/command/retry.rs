use monkeyci_core::model::{BuildId, JobId};

use crate::error::{CliError, Exit};
use crate::remote::{BuildName, OutputArgs, watch};
use crate::runtime::Runtime;
use crate::stored::{self, StoreArgs, Stored};
use crate::ui;

/// Do a build of the server again, as a new one, and watch it
///
/// Ctrl-C ends the watching; the build goes on. Ends with the code that `monkeyci build` would. A build of a store is left for
/// the next controller, and not watched.
#[derive(Debug, clap::Args)]
pub struct RetryArgs {
    /// The build, as in `acme/web/42` or `42` [default: the newest of this checkout's repository]
    #[arg(value_name = "BUILD")]
    build: Option<BuildName>,
    /// Take over the results of jobs that ended well, and run the others
    #[arg(long)]
    failed: bool,
    /// Run one job, and what comes after it; take over how all others ended
    #[arg(long, value_name = "JOB", conflicts_with_all = ["failed", "hold"])]
    job: Option<JobId>,
    /// Hold the place of a job that fails for N minutes, for `monkeyci debug`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    hold: Option<u32>,
    /// Do not watch it: say its name and end
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Begins a build anew and shows it.
pub fn run(args: &RetryArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        if let Some(stored) = args.store.open().await? {
            return again(args, &stored).await;
        }
        let server = args.output.connect()?;
        let (_, build) = server.build(args.build.as_ref()).await?;
        let begun = match &args.job {
            Some(job) => build.retry_job(job).await?,
            None => build.retry_holding(args.failed, args.hold).await?,
        };
        let id = BuildId::new(begun.build.org.clone(), begun.build.repo.clone(), begun.build.number);
        if args.no_wait {
            return args.output.print(&begun, |_| format!("Build {}: {}\n", super::short(&id), server.page(&id)));
        }
        let repo = server.client.org(&id.org).repo(&id.repo);
        let mut view = ui::view(args.output.json, false);
        watch(&id, repo.build(id.number), &mut *view).await
    })
}

/// The same of a store.
async fn again(args: &RetryArgs, stored: &Stored) -> Result<Exit, CliError> {
    if args.hold.is_some() {
        return Err(
            CliError::usage("without a server nobody is let into the place of a job").hint("leave out `--hold`")
        );
    }
    let row = stored.build(args.build.as_ref()).await?;
    let id = stored::retry(stored, &row, args.failed, args.job.clone()).await?;
    let left = serde_json::json!({ "build": id });
    args.output.print(&left, |_| format!("Build {} waits\n{}", super::short(&id), stored::take(stored)))
}
