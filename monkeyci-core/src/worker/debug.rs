//! A job that is opened for a person, in the place where it runs.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use monkeyci_model::{Cause, Job, JobId, JobResult};

use super::outcome::stopped;
use super::prepare::Prepared;
use super::run::{Run, finished};
use super::site::Site;
use crate::executor::{Order, Sitting, Terminal};
use crate::job_dir::Program;

/// From asking a shell to end to killing it. Shells for people do not heed being asked.
pub(super) const GRACE_MS: u64 = 1_000;

/// Which job is opened for a person, and how.
///
/// Nothing that it makes is saved, and it ends canceled, with the shell's exit code.
#[derive(Clone)]
pub struct Debug {
    /// The job.
    pub job: JobId,
    /// Its lines are run first; else the shell is in their place.
    pub after: bool,
    /// The shell; the job's own when that is not said.
    pub shell: Option<String>,
    /// Told of what is about to be opened; gives the terminal, and none when nobody wants it any more.
    pub open: Arc<dyn Fn(Opened) -> BoxFuture<'static, Option<Terminal>> + Send + Sync>,
}

/// A job that is about to be opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The job. Secrets in it are references.
    pub job: Arc<Job>,
    /// Where the shell begins, as it is called there.
    pub work_dir: PathBuf,
    /// The shell.
    pub shell: String,
    /// What could not be had for it.
    pub warnings: Vec<String>,
    /// How its lines ended, where they were run first.
    pub ran: Option<JobResult>,
}

impl Run<'_> {
    /// How this very job is opened for a person, if it is.
    pub(super) fn debug(&self) -> Option<&Debug> {
        self.settings.debug.as_ref().filter(|debug| debug.job == self.lease.job.id)
    }

    /// Opens the job.
    pub(super) async fn open(&self, debug: &Debug, site: &Site, prepared: Prepared<'_>) -> JobResult {
        let (job, dir, mut warnings) = (site.job.clone(), site.dir.clone(), prepared.warnings.clone());
        // Before anything runs: a supervisor unlinks the variables that it has read.
        let program = match Program::read(&dir.control()) {
            Ok(program) => program,
            Err(error) => return broken(&error),
        };
        let ran = if debug.after {
            let ran = self.run_prepared(site, prepared).await;
            warnings.clone_from(&ran.warnings);
            Some(ran)
        } else {
            self.on_desk.runs(dir.clone());
            None
        };
        if let Some(why) = self.halt.why() {
            return finished(stopped(why, ""));
        }
        let shell = debug.shell.clone().unwrap_or_else(|| program.shell.clone());
        let program = Program {
            lines: Vec::new(),
            command: vec![shell.clone().into_bytes()],
            timeout_ms: 0,
            log_limit: 0,
            grace_ms: GRACE_MS,
            ..program
        };
        // The parts of an empty path are none: no slash is left at the end.
        let (at, work_dir) = (dir.clone(), program.root.iter().chain(&program.work_dir).collect());
        let again = tokio::task::spawn_blocking(move || at.again(&program)).await;
        if let Err(error) = again.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
            return broken(&error);
        }
        let order = Order {
            attempt: self.lease.attempt.clone(),
            job,
            dir,
            collect: Vec::new(),
            fork: self.lease.trigger.fork,
            registries: self.settings.registries.of(&site.job, &self.ports.registries).await,
        };
        let opened = Opened { job: Arc::clone(&site.lease.job), work_dir, shell, warnings, ran };
        let open = Arc::clone(&debug.open);
        let sitting = Sitting { cancel: self.halt.token().clone(), open: Box::new(move || open(opened)) };
        match self.ports.executor.shell(&order, sitting).await {
            Ok(exit) => JobResult { exit, ..JobResult::failed(Cause::Canceled, "it was opened for a person") },
            // Whatever broke, a second shell is not what the person expects: a cause that is not tried again.
            Err(error) => JobResult::failed(Cause::Invalid, error.to_string()),
        }
    }
}

fn broken(error: &io::Error) -> JobResult {
    JobResult::failed(Cause::Invalid, format!("its folder cannot be made ready for a shell: {error}"))
}
