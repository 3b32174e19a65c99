//! What a person wants of a build: left in the store for the controller that runs it, or the next one.

use monkeyci_core::controller::Command;
use monkeyci_core::controller::command::What;
use monkeyci_core::model::{BuildId, JobId, JobStatus};
use monkeyci_core::store::{BuildRow, Store as _};

use super::{Stored, ours};
use crate::command::short;
use crate::error::CliError;

/// Lets a job go on that waits for approval.
pub async fn approve(stored: &Stored, build: &BuildRow, job: &JobId, reason: Option<&str>) -> Result<(), CliError> {
    waits(stored, build, job).await?;
    send(stored, &build.build, What::Approve { job: job.clone() }, reason).await
}

/// Cancels a job that waits for approval.
pub async fn reject(stored: &Stored, build: &BuildRow, job: &JobId, reason: Option<&str>) -> Result<(), CliError> {
    waits(stored, build, job).await?;
    send(stored, &build.build, What::Reject { job: job.clone() }, reason).await
}

/// Stops a build.
pub async fn cancel(stored: &Stored, build: &BuildRow, reason: Option<&str>) -> Result<(), CliError> {
    if build.status.is_terminal() {
        let (id, status) = (short(&build.build), build.status);
        return Err(CliError::failed(format!("build {id} has ended: {status}")));
    }
    send(stored, &build.build, What::Cancel, reason).await
}

/// How a build goes on to which something was said.
pub fn go_on(stored: &Stored, build: &BuildId) -> String {
    let (store, id) = (&stored.place, short(build));
    format!(
        "A controller that runs it does so at once; else this starts one: monkeyci run-build --store {store} --build {id}\n"
    )
}

async fn send(stored: &Stored, build: &BuildId, what: What, reason: Option<&str>) -> Result<(), CliError> {
    let actor = std::env::var("USER").ok().filter(|user| !user.is_empty());
    let command = Command { actor, reason: reason.map(str::to_owned), what };
    command.send(stored.objects.bucket(), build).await.map_err(ours)
}

/// Only what can be decided is.
async fn waits(stored: &Stored, build: &BuildRow, job: &JobId) -> Result<(), CliError> {
    let id = short(&build.build);
    let jobs = stored.objects.jobs(&build.build).await.map_err(ours)?;
    match jobs.iter().find(|row| row.job == *job).map(|row| row.status) {
        None => Err(CliError::usage(format!("build {id} has no job `{job}`"))),
        Some(JobStatus::Blocked) => Ok(()),
        Some(status) => {
            Err(CliError::failed(format!("job `{job}` of build {id} does not wait for approval: {status}")))
        }
    }
}
