use monkeyci_client::JobRef;
use monkeyci_core::model::{BuildId, JobId};

use crate::error::{CliError, Exit};
use crate::remote::{BuildName, OutputArgs};
use crate::runtime::Runtime;
use crate::stored::{self, StoreArgs, Stored};

/// Let a job go on that waits for approval
#[derive(Debug, clap::Args)]
pub struct ApproveArgs {
    #[command(flatten)]
    decision: DecisionArgs,
}

/// Cancel a job that waits for approval
#[derive(Debug, clap::Args)]
pub struct RejectArgs {
    #[command(flatten)]
    decision: DecisionArgs,
}

/// Let the script of a fork run at this very commit, in a new build
#[derive(Debug, clap::Args)]
pub struct ApproveScriptArgs {
    /// The build of the fork, as in `acme/web/42` or `42`
    #[arg(value_name = "BUILD")]
    build: BuildName,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
struct DecisionArgs {
    /// The build, as in `acme/web/42` or `42`
    #[arg(value_name = "BUILD")]
    build: BuildName,
    /// The job that waits
    #[arg(value_name = "JOB")]
    job: JobId,
    /// Say why
    #[arg(short, long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Approves a job.
pub fn approve(args: &ApproveArgs) -> Result<Exit, CliError> {
    let args = &args.decision;
    Runtime::new()?.block_on(async {
        if let Some(stored) = args.store.open().await? {
            let row = stored.build(Some(&args.build)).await?;
            stored::approve(&stored, &row, &args.job, args.reason.as_deref()).await?;
            return args.told(&stored, "Approved", &row.build);
        }
        let (id, job) = args.job().await?;
        let job = job.approve(args.reason.as_deref()).await?;
        args.output.print(&job, |_| format!("Approved `{}` of build {}\n", args.job, super::short(&id)))
    })
}

/// Rejects a job.
pub fn reject(args: &RejectArgs) -> Result<Exit, CliError> {
    let args = &args.decision;
    Runtime::new()?.block_on(async {
        if let Some(stored) = args.store.open().await? {
            let row = stored.build(Some(&args.build)).await?;
            stored::reject(&stored, &row, &args.job, args.reason.as_deref()).await?;
            return args.told(&stored, "Rejected", &row.build);
        }
        let (id, job) = args.job().await?;
        let job = job.reject(args.reason.as_deref()).await?;
        args.output.print(&job, |_| format!("Rejected `{}` of build {}\n", args.job, super::short(&id)))
    })
}

/// Approves the script of a fork.
pub fn approve_script(args: &ApproveScriptArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        let (id, build) = args.output.connect()?.build(Some(&args.build)).await?;
        let made = build.approve_script().await?;
        let text = |number| format!("Approved the script of build {}: build {number} runs it\n", super::short(&id));
        args.output.print(&made, |_| text(made.build.number))
    })
}

impl DecisionArgs {
    /// What is said of a decision that was left in a store.
    fn told(&self, stored: &Stored, done: &str, id: &BuildId) -> Result<Exit, CliError> {
        let left = serde_json::json!({ "build": id, "job": self.job });
        let text = || format!("{done} `{}` of build {}\n{}", self.job, super::short(id), stored::go_on(stored, id));
        self.output.print(&left, |_| text())
    }

    async fn job(&self) -> Result<(BuildId, JobRef), CliError> {
        let (id, build) = self.output.connect()?.build(Some(&self.build)).await?;
        Ok((id, build.job(&self.job)))
    }
}
