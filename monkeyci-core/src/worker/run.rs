//! One attempt, from its lease to its result.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use monkeyci_model::result::Guarantee;
use monkeyci_model::{Cause, Job, JobResult};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::clock::{Patience, overdue};
use super::halt::{Halt, Why};
use super::outcome::{End, Verdict, guarantee};
use super::prepare::{prepare, resolve, timeout_ms, work_dir};
use super::save::{save, wanted};
use super::settings::{Ports, Settings};
use super::shipping::{Shipping, told_by};
use super::transcript::Transcript;
use crate::executor::{ExecutorError, Exit, Order, Watch};
use crate::job_dir::JobDir;
use crate::job_dir::outcome::Outcome;
use crate::job_dir::report::Reader;
use crate::lease::Lease;
use crate::secret::Masker;

/// Runs an attempt to its end. Whatever happens becomes a result; no secret is in it.
pub(super) async fn run(settings: &Settings, ports: &Ports, lease: &Lease, halt: &Halt) -> JobResult {
    let masker = ports.secrets.masker();
    let mut result = Run { settings, ports, lease, halt, masker: &masker }.run().await;
    mask(&masker, &mut result);
    result
}

struct Run<'a> {
    settings: &'a Settings,
    ports: &'a Ports,
    lease: &'a Lease,
    halt: &'a Halt,
    masker: &'a Masker,
}

impl Run<'_> {
    async fn run(&self) -> JobResult {
        let prepared = async {
            let job = resolve(self.lease, &self.ports.secrets)?;
            let (dir, warnings) = prepare(self.settings, self.ports, self.lease, &job).await?;
            let reader = Reader::open(&dir).map_err(|e| Verdict::new(Cause::Infrastructure, e.to_string()))?;
            Ok((job, dir, reader, warnings))
        };
        match prepared.await {
            Ok((job, dir, reader, warnings)) => self.run_prepared(job, dir, reader, warnings).await,
            Err(verdict) => finished(verdict),
        }
    }

    async fn run_prepared(&self, job: Job, dir: JobDir, mut reader: Reader, warnings: Vec<String>) -> JobResult {
        let lines = if job.script.is_empty() { 1 } else { u32::try_from(job.script.len()).unwrap_or(u32::MAX) };
        let mut transcript = Transcript::new(self.masker, lines, self.settings.log_limit);
        let patience = Patience {
            timeout: Duration::from_millis(timeout_ms(&job)),
            grace: self.settings.grace,
            slack: self.settings.slack,
        };
        let order = Order {
            attempt: self.lease.attempt.clone(),
            collect: wanted(&job),
            job,
            dir,
            registries: self.settings.registries.clone(),
        };

        let over = CancellationToken::new();
        let (begin, begun) = oneshot::channel();
        let execute = async {
            let exit = self.execute(&order, begin, patience).await;
            over.cancel();
            exit
        };
        let mut shipping = Shipping {
            leases: &*self.ports.leases,
            attempt: &self.lease.attempt,
            halt: self.halt,
            reader: &mut reader,
            transcript: &mut transcript,
        };
        let tell = async {
            // Said before the first byte of log, and even when the job is over by then.
            if let Ok(guarantee) = begun.await {
                self.halt.heed(self.ports.leases.started(&self.lease.attempt, guarantee).await);
            }
            shipping.run(&over).await;
        };
        let (exit, ()) = tokio::join!(execute, tell);

        let outcome = reader.outcome().map_err(|error| match told_by(&error) {
            Why::Broken(what) => {
                self.halt.stop(Why::Broken(what));
                String::new()
            }
            _ => error.to_string(),
        });
        let service_logs = exit.as_ref().map(|exit| exit.service_logs.len()).unwrap_or_default();
        tracing::debug!(attempt = %self.lease.attempt, service_logs, "ran");
        self.conclude(&order, exit, outcome, transcript, warnings).await
    }

    async fn execute(
        &self,
        order: &Order,
        begin: oneshot::Sender<Option<Guarantee>>,
        patience: Patience,
    ) -> Result<Exit, ExecutorError> {
        let begun = CancellationToken::new();
        let begin = Mutex::new(Some(begin));
        let started = {
            let begun = begun.clone();
            move |guarantee| {
                if let Some(begin) = begin.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    // Nobody listens when the attempt is being given up.
                    let _ = begin.send(guarantee);
                }
                begun.cancel();
            }
        };
        let watch = Watch { cancel: self.halt.token().clone(), started: Arc::new(started) };
        tokio::select! {
            biased;
            exit = self.ports.executor.run(order, watch) => exit,
            () = overdue(patience, &begun, self.halt.token()) => {
                let name = self.ports.executor.name();
                let what = format!("the executor `{name}` did not end the job in time and was given up");
                // Should the job still listen, it stops by itself.
                let canceled = order.dir.cancel();
                tracing::error!(attempt = %self.lease.attempt, executor = name, ?canceled, "given up");
                self.halt.stop(Why::Broken(what.clone()));
                Err(ExecutorError::Engine { what: "running the job", reason: what })
            }
        }
    }

    async fn conclude(
        &self,
        order: &Order,
        exit: Result<Exit, ExecutorError>,
        outcome: Result<Option<Outcome>, String>,
        transcript: Transcript,
        warnings: Vec<String>,
    ) -> JobResult {
        let known = outcome.as_ref().ok().and_then(|outcome| outcome.as_ref());
        let guarantee = known.map(|outcome| guarantee(outcome.guarantee));
        let end = End { job: &self.lease.job, why: self.halt.why(), exit, outcome, log_limit: self.settings.log_limit };
        let mut result = JobResult {
            log_bytes: Some(transcript.len()),
            lines: transcript.into_lines(),
            guarantee,
            warnings,
            ..finished(end.verdict())
        };
        match work_dir(&order.dir, &order.job) {
            Ok(work_dir) => save(self.ports, self.lease, &work_dir, &mut result).await,
            Err(error) => result.warnings.push(format!("nothing was saved: {error}")),
        }
        result
    }
}

fn finished(Verdict { cause, message, exit }: Verdict) -> JobResult {
    JobResult { cause, message, exit, ..JobResult::default() }
}

/// Masks all text that came from the job or from a tool that had its secrets.
fn mask(masker: &Masker, result: &mut JobResult) {
    let hide = |text: &mut String| {
        let masked = masker.mask(text);
        if masked != *text {
            *text = masked.into_owned();
        }
    };
    result.message.iter_mut().chain(&mut result.warnings).for_each(hide);
    for suite in &mut result.tests {
        hide(&mut suite.name);
        for case in &mut suite.test_cases {
            hide(&mut case.test_case);
            hide(&mut case.class_name);
            for problem in case.failures.iter_mut().chain(&mut case.errors) {
                hide(&mut problem.message);
                hide(&mut problem.kind);
                hide(&mut problem.description);
            }
        }
    }
}
