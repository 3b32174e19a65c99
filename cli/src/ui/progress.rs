//! What is known of a build: a fold over its events and its jobs' output. Pure; every view draws from it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use monkeyci_core::log::LogId;
use monkeyci_core::model::result::Guarantee;
use monkeyci_core::model::{
    BuildId, BuildStatus, Cause, Event, EventKind, Job, JobId, JobResult, JobStatus, Millis, Trigger,
};
use monkeyci_core::program::Step;

use super::output::Output;
use super::sentence;

/// Lines of output that are kept of each job, for the summary of one that fails.
const TAIL: usize = 20;

/// What is known of a build.
#[derive(Debug, Default)]
pub struct Progress {
    /// Which build.
    pub id: Option<BuildId>,
    /// Why it runs, and on what.
    pub trigger: Option<Trigger>,
    /// Where it stands.
    pub status: BuildStatus,
    /// Why it ended as it did, for people.
    pub message: Option<String>,
    /// What the author of the script should know.
    pub warnings: Vec<String>,
    /// When it was triggered.
    pub started: Option<Millis>,
    /// When its last event was recorded.
    pub now: Millis,
    /// How many events it has, as far as they were told.
    pub seen: u64,
    /// What its script does, while it is loaded.
    pub script: Option<ScriptProgress>,
    jobs: Vec<JobProgress>,
    index: HashMap<JobId, usize>,
    active: BTreeSet<usize>,
    counts: BTreeMap<JobStatus, usize>,
}

/// What is known of a script that is being loaded.
#[derive(Debug)]
pub struct ScriptProgress {
    /// When that began.
    pub started: Millis,
    /// What is done with it; nothing while its files are read.
    pub step: Option<Step>,
    /// The last line that was printed.
    pub line: String,
}

/// What is known of a job.
#[derive(Debug)]
pub struct JobProgress {
    /// The job as the script has it; once it runs, as its program has changed it.
    pub job: Job,
    /// Where it stands.
    pub status: JobStatus,
    /// The attempt that runs or ran last, from 1; 0 when none was begun.
    pub attempt: u32,
    /// When its first line began.
    pub started: Option<Millis>,
    /// When it ended.
    pub ended: Option<Millis>,
    /// Why it did not end well.
    pub cause: Option<Cause>,
    /// Why it was skipped or canceled.
    pub reason: Option<String>,
    /// What came out of its last attempt.
    pub result: Option<JobResult>,
    /// What is known of its processes once it ended.
    pub guarantee: Option<Guarantee>,
    /// The line of its script that runs or ran last, from 0.
    pub command: Option<u32>,
    /// The last lines that it wrote.
    pub tail: VecDeque<String>,
}

impl JobProgress {
    fn new(job: Job) -> Self {
        Self {
            job,
            status: JobStatus::Pending,
            attempt: 0,
            started: None,
            ended: None,
            cause: None,
            reason: None,
            result: None,
            guarantee: None,
            command: None,
            tail: VecDeque::new(),
        }
    }

    /// Milliseconds that its last attempt has taken by `now`.
    pub fn elapsed(&self, now: Millis) -> Option<Millis> {
        Some(self.ended.unwrap_or(now) - self.started?)
    }

    /// Whether it ended badly and that counts.
    pub fn is_bad(&self) -> bool {
        matches!(self.status, JobStatus::Failure | JobStatus::Error) && !self.job.allow_failure
    }

    /// The text of a line of its script; for a `command`, its words.
    pub fn line(&self, index: u32) -> Option<String> {
        if self.job.script.is_empty() && !self.job.command.is_empty() {
            let words: Vec<_> = self.job.command.iter().map(ToString::to_string).collect();
            return Some(words.join(" "));
        }
        self.job.script.get(index as usize).map(ToString::to_string)
    }
}

impl Progress {
    /// Its jobs, in the order of the script.
    pub fn jobs(&self) -> &[JobProgress] {
        &self.jobs
    }

    /// The job `id`.
    pub fn job(&self, id: &JobId) -> Option<&JobProgress> {
        self.jobs.get(*self.index.get(id)?)
    }

    /// The jobs that a worker holds, in the order of the script.
    pub fn active(&self) -> impl Iterator<Item = &JobProgress> {
        self.active.iter().map(|at| &self.jobs[*at])
    }

    /// How many jobs stand at `status`.
    pub fn count(&self, status: JobStatus) -> usize {
        self.counts.get(&status).copied().unwrap_or(0)
    }

    /// What is done with the script, while it is loaded.
    pub fn script_step(&self) -> Option<Step> {
        self.script.as_ref()?.step
    }

    /// Takes in what happened.
    pub fn event(&mut self, event: &Event) {
        self.now = self.now.max(event.time);
        self.seen = self.seen.max(event.seq);
        self.id.get_or_insert_with(|| event.subject.clone());
        match &event.kind {
            EventKind::BuildTriggered { trigger } => {
                self.started = Some(event.time);
                self.trigger = Some(trigger.as_ref().clone());
            }
            EventKind::BuildInitializing {} => self.status = BuildStatus::Initializing,
            EventKind::ScriptInitializing { .. } => {
                self.status = BuildStatus::Initializing;
                self.script = Some(ScriptProgress { started: event.time, step: None, line: String::new() });
            }
            EventKind::BuildStart { trigger } => {
                if let Some(trigger) = trigger {
                    self.trigger = Some(trigger.as_ref().clone());
                }
            }
            EventKind::ScriptStart { jobs, warnings, .. } => self.script(jobs, warnings),
            EventKind::ScriptEnd { message, .. } => {
                self.script = None;
                self.message = self.message.take().or_else(|| message.clone());
            }
            EventKind::BuildCanceled { reason, .. } => {
                self.status = BuildStatus::Canceled;
                self.message = reason.clone();
            }
            EventKind::BuildEnd { status, message } => {
                self.status = *status;
                self.message = message.clone().or_else(|| self.message.take());
            }
            kind => self.job_event(kind, event.time),
        }
    }

    /// Takes in what an attempt of `job` wrote, or the script.
    pub fn output(&mut self, job: &JobId, attempt: u32, output: &Output) {
        if attempt == LogId::SCRIPT {
            return self.script_output(output);
        }
        let Some(job) = self.index.get(job).map(|at| &mut self.jobs[*at]) else { return };
        match output {
            Output::CommandStart(index) => job.command = Some(*index),
            Output::CommandEnd(..) => {}
            Output::Line(_, text) => {
                let is_full = job.tail.len() == TAIL;
                let mut line = if is_full { job.tail.pop_front() } else { None }.unwrap_or_default();
                line.clone_from(text);
                job.tail.push_back(line);
            }
        }
    }

    fn script_output(&mut self, output: &Output) {
        let Some(script) = &mut self.script else { return };
        match output {
            Output::CommandStart(index) => script.step = Step::of(*index),
            Output::CommandEnd(..) => script.line.clear(),
            Output::Line(_, text) if text.trim().is_empty() => {}
            Output::Line(_, text) => script.line.clone_from(text),
        }
    }

    fn script(&mut self, jobs: &[Job], warnings: &[String]) {
        self.script = None;
        self.status = BuildStatus::Running;
        self.warnings = warnings.to_vec();
        self.index = jobs.iter().enumerate().map(|(at, job)| (job.id.clone(), at)).collect();
        self.jobs = jobs.iter().cloned().map(JobProgress::new).collect();
        self.active.clear();
        self.counts = BTreeMap::from([(JobStatus::Pending, jobs.len())]);
    }

    fn job_event(&mut self, kind: &EventKind, time: Millis) {
        let Some(at) = kind.job_id().and_then(|id| self.index.get(id)).copied() else { return };
        let job = &mut self.jobs[at];
        let before = job.status;
        match kind {
            EventKind::JobQueued { attempt, .. } => {
                job.status = JobStatus::Queued;
                job.attempt = *attempt;
                job.started = None;
                job.command = None;
                job.tail.clear();
            }
            EventKind::JobBlocked { .. } => job.status = JobStatus::Blocked,
            EventKind::JobUnblocked { .. } => job.status = JobStatus::Pending,
            EventKind::JobInitializing { attempt, .. } => {
                job.status = JobStatus::Initializing;
                job.attempt = *attempt;
            }
            EventKind::JobStart { guarantee, job: changed, .. } => {
                if let Some(changed) = changed {
                    job.job = (**changed).clone();
                }
                job.status = JobStatus::Running;
                job.started = Some(time);
                job.guarantee = *guarantee;
            }
            EventKind::JobExecuted { result, .. } => {
                job.guarantee = result.guarantee.or(job.guarantee);
                job.result = Some(result.as_ref().clone());
            }
            EventKind::JobSkipped { reason, .. } => {
                job.status = JobStatus::Skipped;
                job.reason = Some(reason.clone());
            }
            EventKind::JobCanceled { actor, via, reason, .. } => {
                let by = || Some(sentence::by(actor.as_deref()?, via.as_deref()));
                job.reason = reason.clone().or_else(by);
            }
            EventKind::JobEnd { status, cause, .. } => {
                job.status = *status;
                job.cause = *cause;
                job.ended = Some(time);
            }
            EventKind::CommandStart { index, .. } => job.command = Some(*index),
            _ => {}
        }
        if job.status != before {
            *self.counts.entry(before).or_default() -= 1;
            *self.counts.entry(job.status).or_default() += 1;
        }
        if job.status.is_active() {
            self.active.insert(at)
        } else {
            self.active.remove(&at)
        };
        if !self.status.is_terminal() {
            self.status = self.open_status();
        }
    }

    /// A build is blocked when all that is open waits for a person.
    fn open_status(&self) -> BuildStatus {
        let waits = self.active.is_empty() && self.count(JobStatus::Blocked) > 0 && self.count(JobStatus::Queued) == 0;
        if waits { BuildStatus::Blocked } else { BuildStatus::Running }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorded;
    use super::*;

    #[test]
    fn counts_and_states_follow_the_events() {
        let progress = recorded::running();
        let active: Vec<_> = progress.active().map(|job| job.job.id.as_str()).collect();
        assert_eq!(active, ["lint", "test"]);
        assert_eq!((progress.count(JobStatus::Running), progress.count(JobStatus::Pending)), (2, 1));
        let progress = recorded::failed();
        assert_eq!(progress.status, BuildStatus::Failure);
        assert_eq!(progress.active().count(), 0);
        for status in [JobStatus::Success, JobStatus::Failure, JobStatus::Skipped] {
            assert_eq!(progress.count(status), 1, "{status}");
        }
    }

    #[test]
    fn events_of_unknown_jobs_change_nothing() {
        let mut progress = Progress::default();
        for event in recorded::failed_end() {
            progress.event(&event);
        }
        assert_eq!(progress.jobs().len(), 0);
        assert_eq!(progress.status, BuildStatus::Failure);
    }
}
