//! One attempt, from its lease to its result.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use monkeyci_model::result::Guarantee;
use monkeyci_model::script::Answer;
use monkeyci_model::script::api::Address;
use monkeyci_model::{Cause, Job, JobResult};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::action::{self, Answered};
use super::api::Told;
use super::caches::JobCaches;
use super::clock::{Patience, overdue};
use super::desk::OnDesk;
use super::halt::{Halt, Why};
use super::hold;
use super::outcome::{End, Verdict, stopped};
use super::prepare::{Prepared, prepare, resolve, timeout_ms, work_dir};
use super::save::{self, wanted};
use super::settings::{Ports, Settings};
use super::shipping::{Shipping, lock, told_by};
use super::site::Site;
use super::transcript::Transcript;
use crate::executor::{ExecutorError, Exit, Order, Watch};
use crate::job_dir::guarantee;
use crate::job_dir::outcome::Outcome;
use crate::lease::{Lease, Started};
use crate::program::ProgramError;
use crate::secret::Secrets;

/// Runs an attempt to its end. Whatever happens becomes a result; no secret is in it.
pub(super) async fn run(settings: &Settings, ports: &Ports, lease: &Lease, on_desk: &OnDesk) -> JobResult {
    let halt = on_desk.halt();
    // What is elsewhere may take long to come, and nothing of the job runs before it is here.
    let known = tokio::select! {
        known = ports.knowing(lease) => known,
        () = halt.token().cancelled() => return finished(stopped(halt.why().unwrap_or(&Why::Canceled), "")),
    };
    let ports = &match known {
        Ok(ports) => ports,
        Err(why) => return JobResult::failed(Cause::Infrastructure, why),
    };
    let mut result = Run { settings, ports, lease, halt, on_desk }.run().await;
    mask(&ports.secrets, &mut result);
    result
}

pub(super) struct Run<'a> {
    pub(super) settings: &'a Settings,
    pub(super) ports: &'a Ports,
    pub(super) lease: &'a Lease,
    pub(super) halt: &'a Halt,
    pub(super) on_desk: &'a OnDesk,
}

impl Run<'_> {
    async fn run(&self) -> JobResult {
        let found = async {
            let job = resolve(&self.lease.job, self.lease, &self.ports.secrets)?;
            Site::of(self.settings, self.ports, self.lease, job).await
        };
        let mut site = match found.await {
            Ok(site) => site,
            Err(verdict) => return finished(verdict),
        };
        if site.taken_up
            && let Some(result) = hold::was_held(&site.dir)
        {
            return result;
        }
        let prepared = match site.ask(self.settings, self.ports, self.halt).await {
            Ok(()) => prepare(self.settings, self.ports, &site).await,
            Err(verdict) => Err(verdict),
        };
        match (prepared, self.halt.why()) {
            // Nothing of it runs yet, and nothing has to be stopped by the executor.
            (Ok(_), Some(why)) if !site.taken_up => never_ran(&site, stopped(why, "")),
            (Ok(prepared), _) => match self.debug() {
                Some(debug) => self.open(debug, &site, prepared).await,
                None => {
                    let result = self.run_prepared(&site, prepared).await;
                    self.hold(&site, result).await
                }
            },
            (Err(verdict), _) => never_ran(&site, verdict),
        }
    }

    pub(super) async fn run_prepared(&self, site: &Site, prepared: Prepared<'_>) -> JobResult {
        let Prepared { reader, caches, warnings } = prepared;
        let (job, dir) = (site.job.clone(), site.dir.clone());
        let reader = Arc::new(Mutex::new(reader));
        self.on_desk.runs(dir.clone());
        let lines = if job.script.is_empty() { 1 } else { u32::try_from(job.script.len()).unwrap_or(u32::MAX) };
        let masker = self.ports.secrets.masker_with(site.token());
        let mut transcript = Transcript::new(masker, lines, self.settings.log_limit);
        transcript.add(site.change.said.as_bytes());
        let patience = Patience {
            timeout: Duration::from_millis(timeout_ms(&job)),
            grace: self.settings.grace,
            slack: self.settings.slack,
        };
        let registries = self.settings.registries.of(&job, &self.ports.registries).await;
        let order = Order {
            attempt: self.lease.attempt.clone(),
            // A person may look at all of it.
            collect: if self.debug().is_some() || self.lease.trigger.hold.is_some() {
                vec![".".to_owned()]
            } else {
                wanted(&job)
            },
            job,
            dir,
            fork: self.lease.trigger.fork,
            registries,
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
            reader: reader.clone(),
            transcript: &mut transcript,
            kept: 0,
        };
        let tell = async {
            // Said before the first byte of log, and even when the job is over by then.
            if let Ok(guarantee) = begun.await {
                let (job, addresses) = (site.change.job.clone(), addresses(&order.job));
                let started = Started { guarantee, job, addresses };
                self.halt.heed(self.ports.leases.started(&self.lease.attempt, started).await);
            }
            shipping.run(&over).await;
        };
        let (exit, (), ()) = tokio::join!(execute, tell, self.receive(site, &order, &over));
        if let Ok(exit) = &exit {
            shipping.services(&exit.service_logs).await;
        }

        let lines = shipping.transcript.lines().to_vec();
        let mut result = JobResult { warnings, lines, ..JobResult::default() };
        let (at, name) = (order.dir, order.job.work_dir);
        let left = move || {
            let reader = lock(&reader);
            (reader.outcome(), work_dir(&at, name.as_deref()), action::answered(&at, &reader))
        };
        let (outcome, work_dir, answer) = match tokio::task::spawn_blocking(left).await {
            Ok(left) => left,
            Err(error) => {
                self.halt.stop(Why::Broken(format!("its report could not be read: {error}")));
                (Ok(None), Err(error.into()), None)
            }
        };
        let outcome = outcome.map_err(|error| match told_by(&error) {
            Why::Broken(what) => {
                self.halt.stop(Why::Broken(what));
                String::new()
            }
            _ => error.to_string(),
        });
        self.judge(site, answer, exit, outcome, &mut result);
        self.conclude(site, work_dir, &caches, &mut shipping, &mut result).await;
        result.log_bytes = Some(shipping.kept);
        result
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
                    let _unheard = begin.send(guarantee);
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

    /// Adds to `result` how it ended, and what it told itself.
    fn judge(
        &self,
        site: &Site,
        answer: Option<Answered>,
        mut exit: Result<Exit, ExecutorError>,
        outcome: Result<Option<Outcome>, String>,
        result: &mut JobResult,
    ) {
        let known = outcome.as_ref().ok().and_then(Option::as_ref);
        result.guarantee = known.map(|outcome| guarantee(outcome.guarantee));
        if let Ok(exit) = &mut exit {
            result.warnings.append(&mut exit.warnings);
        }
        let end = End { job: &site.lease.job, why: self.halt.why(), exit, outcome, log_limit: self.settings.log_limit };
        let verdict = end.verdict();
        (result.cause, result.message, result.exit) = (verdict.cause, verdict.message, verdict.exit);
        site.told().fields.add_to(result);
        if let Some(answer) = answer {
            action::conclude(answer, result);
        }
    }

    /// Adds to `result` what its files say, what the script's program says of it, and what of it is saved.
    async fn conclude(
        &self,
        site: &Site,
        work_dir: io::Result<PathBuf>,
        caches: &JobCaches<'_>,
        shipping: &mut Shipping<'_>,
        result: &mut JobResult,
    ) {
        if let Ok(work_dir) = &work_dir {
            save::read_reports(&site.lease.job, work_dir, result).await;
        }
        let told = site.told().fields;
        // Only in a work dir that is still one: the job may have put a link in its place, which leads anywhere.
        if work_dir.is_ok()
            && self.halt.why().is_none()
            && let Some(judged) = site.judge(result, self.halt).await
        {
            since(&told, site.told().fields).add_to(result);
            match judged {
                Ok((fields, said)) => {
                    shipping.add(said.as_bytes()).await;
                    fields.unwrap_or_default().add_to(result);
                }
                Err(ProgramError::Canceled) => {}
                // It was to be judged: that it was not must not look like success.
                Err(error) => Answer { failure: Some(error.to_string()), ..Answer::default() }.add_to(result),
            }
        }
        result.artifacts = site.told().artifacts;
        if self.halt.why().is_some() {
            // What was stopped for another reason may have become stale since, and must not take effect then.
            let claims = self.ports.leases.renew(std::slice::from_ref(&self.lease.attempt)).await;
            claims.into_iter().for_each(|claim| self.halt.heed(claim));
        }
        match work_dir {
            // It is only looked at.
            _ if self.debug().is_some() => {}
            Ok(work_dir) => save::save(self.ports, &site.lease, self.halt, caches, &work_dir, result).await,
            Err(error) => result.warnings.push(format!("nothing was saved: {error}")),
        }
    }
}

/// What was told after something else had been.
fn since(before: &Answer, mut now: Answer) -> Answer {
    now.failure.take_if(|failure| before.failure.as_ref() == Some(failure));
    now.message.take_if(|message| before.message.as_ref() == Some(message));
    now.warnings.drain(..before.warnings.len().min(now.warnings.len()));
    now.values.retain(|name, value| before.values.get(name) != Some(value));
    now
}

/// Where the exposed ports of a job are reached: every executor publishes them on the loopback interface of its worker,
/// under their own numbers.
fn addresses(job: &Job) -> Vec<Address> {
    job.expose.iter().map(|port| Address { exposed: *port, host: "127.0.0.1".into(), port: *port }).collect()
}

/// The result of a job that never ran. What was told while it was prepared is in it.
fn never_ran(site: &Site, verdict: Verdict) -> JobResult {
    let Told { fields, artifacts } = site.told();
    let mut result = JobResult { artifacts, ..finished(verdict) };
    fields.add_to(&mut result);
    result
}

pub(super) fn finished(Verdict { cause, message, exit }: Verdict) -> JobResult {
    JobResult { cause, message, exit, ..JobResult::default() }
}

/// Masks all text that came from the job or from a tool that had its secrets.
pub(super) fn mask(secrets: &Secrets, result: &mut JobResult) {
    if secrets.is_empty() {
        return;
    }
    let mut masker = secrets.masker::<()>();
    let mut hide = |text: &mut String| *text = masker.text(text);
    result.message.iter_mut().chain(&mut result.warnings).for_each(&mut hide);
    action::hide(&mut result.values, &mut hide);
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
