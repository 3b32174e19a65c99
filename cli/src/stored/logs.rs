//! Logs of a store, for a person who reads them.

use std::io::Write as _;
use std::time::Duration;

use monkeyci_core::controller::log::Reader;
use monkeyci_core::log::LogId;
use monkeyci_core::model::JobId;
use monkeyci_core::store::{BuildRow, JobRow, Store as _};

use super::{Stored, ours};
use crate::command::short;
use crate::error::CliError;
use crate::ui::lines::Lines;

/// How often a log that grows is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What of the logs is wanted, and how.
pub struct Wish<'a> {
    /// Of this job; of all of them when none is named.
    pub job: Option<&'a JobId>,
    /// This attempt; the newest when none is named.
    pub attempt: Option<u32>,
    /// What the script's program printed, instead.
    pub script: bool,
    /// Until the job ends.
    pub follow: bool,
    /// The bytes as they are.
    pub raw: bool,
}

/// Prints logs.
pub async fn print_logs(stored: &Stored, build: &BuildRow, wish: &Wish<'_>) -> Result<(), CliError> {
    if wish.script {
        return one(stored, build, LogId::script(&build.build), wish, Lines::plain()).await;
    }
    let jobs = jobs(stored, build, wish).await?;
    let log = |job: &JobRow| {
        let attempt = wish.attempt.unwrap_or(job.attempt);
        LogId { build: build.build.clone(), job: job.job.clone(), attempt }
    };
    match &jobs[..] {
        [] => Err(CliError::failed(format!("no job of build {} has begun", short(&build.build)))
            .hint("`--script` shows what the script's program printed")),
        [job] => {
            if wish.attempt.is_some_and(|attempt| attempt == 0 || attempt > job.attempt) {
                return Err(CliError::usage(format!("the newest attempt of `{}` is {}", job.job, job.attempt)));
            }
            one(stored, build, log(job), wish, Lines::plain()).await
        }
        _ if wish.follow => Err(CliError::usage("one job can be followed, and this build has several").hint("name it")),
        several => {
            for job in several {
                one(stored, build, log(job), wish, Lines::of_job(&job.job)).await?;
            }
            Ok(())
        }
    }
}

/// The jobs whose logs are wanted and there; one that is followed may begin yet.
async fn jobs(stored: &Stored, build: &BuildRow, wish: &Wish<'_>) -> Result<Vec<JobRow>, CliError> {
    loop {
        let mut jobs = stored.objects.jobs(&build.build).await.map_err(ours)?;
        let now = stored.objects.build(&build.build).await.map_err(ours)?;
        let is_over = now.is_none_or(|now| now.status.is_terminal());
        let Some(wanted) = wish.job else {
            jobs.retain(|job| job.attempt > 0);
            return Ok(jobs);
        };
        let (is_known, found) = (!jobs.is_empty(), jobs.into_iter().find(|job| job.job == *wanted));
        let id = short(&build.build);
        match found {
            Some(job) if job.attempt > 0 => return Ok(vec![job]),
            None if is_known || is_over => return Err(CliError::usage(format!("build {id} has no job `{wanted}`"))),
            Some(job) if is_over || job.status.is_terminal() || !wish.follow => {
                return Err(CliError::failed(format!("`{wanted}` of build {id} has not begun")));
            }
            _ if !wish.follow => return Err(CliError::failed(format!("`{wanted}` of build {id} has not begun"))),
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

async fn one(stored: &Stored, build: &BuildRow, id: LogId, wish: &Wish<'_>, lines: Lines) -> Result<(), CliError> {
    let mut reader = Reader::new(stored.objects.bucket().clone(), &id);
    loop {
        let now = stored.objects.build(&build.build).await.map_err(ours)?;
        let (chunks, is_over) = reader.next().await.map_err(ours)?;
        for chunk in &chunks {
            if !wish.raw {
                lines.hear(chunk);
            } else if std::io::stdout().write_all(&chunk.bytes).and_then(|()| std::io::stdout().flush()).is_err() {
                // A reader that went away wants no more.
                return Ok(());
            }
        }
        if is_over || !wish.follow || now.is_none_or(|now| now.status.is_terminal()) {
            lines.finish();
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}
