use monkeyci_client::JobRef;
use monkeyci_core::model::{BuildId, JobId};

use crate::error::{CliError, Exit};
use crate::remote::{BuildName, OutputArgs};

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
    output: OutputArgs,
}

/// Approves a job.
pub fn approve(args: &ApproveArgs) -> Result<Exit, CliError> {
    let args = &args.decision;
    super::runtime()?.block_on(async {
        let (id, job) = args.job().await?;
        let job = job.approve(args.reason.as_deref()).await?;
        args.output.print(&job, |_| format!("Approved `{}` of build {}\n", args.job, super::short(&id)))
    })
}

/// Rejects a job.
pub fn reject(args: &RejectArgs) -> Result<Exit, CliError> {
    let args = &args.decision;
    super::runtime()?.block_on(async {
        let (id, job) = args.job().await?;
        let job = job.reject(args.reason.as_deref()).await?;
        args.output.print(&job, |_| format!("Rejected `{}` of build {}\n", args.job, super::short(&id)))
    })
}

/// Approves the script of a fork.
pub fn approve_script(args: &ApproveScriptArgs) -> Result<Exit, CliError> {
    super::runtime()?.block_on(async {
        let (id, build) = args.output.connect()?.build(Some(&args.build)).await?;
        let made = build.approve_script().await?;
        let text = |number| format!("Approved the script of build {}: build {number} runs it\n", super::short(&id));
        args.output.print(&made, |_| text(made.build.number))
    })
}

impl DecisionArgs {
    async fn job(&self) -> Result<(BuildId, JobRef), CliError> {
        let (id, build) = self.output.connect()?.build(Some(&self.build)).await?;
        Ok((id, build.job(&self.job)))
    }
}
