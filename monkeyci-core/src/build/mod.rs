//! The pure machine of a build.
//!
//! Events in, the events that follow from them out. There is no clock, no I/O and no randomness here: the same events
//! always give the same build, so that a build can be replayed from its events at any time.
//!
//! ```
//! use monkeyci_core::build::Build;
//! use monkeyci_core::model::{EventKind, Job, JobId, Trigger};
//!
//! let mut build = Build::default();
//! build.apply(EventKind::BuildTriggered { trigger: Box::new(Trigger::default()) })?;
//! build.apply(EventKind::BuildInitializing {})?;
//! build.apply(EventKind::BuildStart { trigger: None })?;
//! build.apply(EventKind::ScriptInitializing { script_dir: ".monkeyci".into() })?;
//! let jobs = vec![Job::new(JobId::new("test")?)];
//! let facts = build.apply(EventKind::ScriptStart { jobs, warnings: vec![], tests: None, pipeline: None })?;
//! assert_eq!(facts.last().map(EventKind::name), Some("job/queued"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod graph;
mod job;
mod outcome;
mod taken;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use monkeyci_model::{BuildStatus, Cause, EventKind, Job, JobId, JobStatus, Trigger};

pub use graph::{Graph, GraphError};
pub use job::JobState;

use job::Verdict;
use outcome::Outcome;
use taken::TakenOver;

/// An event that cannot happen to a build as it stands; the build is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IllegalEvent {
    /// The build is in another phase.
    #[error("`{event}` cannot happen to a build that is {phase:?}")]
    Build {
        /// The event.
        event: &'static str,
        /// Where the build stands.
        phase: Phase,
    },
    /// The job is not part of the build.
    #[error("`{event}`: the build has no job `{job}`")]
    UnknownJob {
        /// The event.
        event: &'static str,
        /// The job.
        job: JobId,
    },
    /// The job is in another state.
    #[error("`{event}` cannot happen to job `{job}`, which is {status}")]
    Job {
        /// The event.
        event: &'static str,
        /// The job.
        job: JobId,
        /// Where the job stands.
        status: JobStatus,
    },
    /// The event speaks of another attempt than the newest.
    #[error("`{event}` speaks of attempt {attempt} of job `{job}`, the newest is {newest}")]
    Attempt {
        /// The event.
        event: &'static str,
        /// The job.
        job: JobId,
        /// The event's attempt.
        attempt: u32,
        /// The newest attempt.
        newest: u32,
    },
    /// The build decides such events itself.
    #[error("`{event}` follows from what happened to a build, it cannot be told to one")]
    Decided {
        /// The event.
        event: &'static str,
    },
    /// The jobs are no build.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// How far a build has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Phase {
    /// Nothing has happened.
    #[default]
    New,
    /// It was triggered.
    Triggered,
    /// Its source is fetched.
    Fetching,
    /// Its source is there.
    Fetched,
    /// Its script is loaded.
    Loading,
    /// Its jobs run.
    Scripting,
    /// Its script has ended.
    Scripted,
    /// It is over.
    Ended,
}

/// A build: all that has happened to it, folded together.
#[derive(Debug, Clone, Default)]
pub struct Build {
    phase: Phase,
    trigger: Option<Arc<Trigger>>,
    script_dir: Option<String>,
    canceled: bool,
    message: Option<String>,
    /// How the script ended, then how the build did.
    ended: Option<BuildStatus>,
    /// What is taken over of another build, until the jobs are known.
    taken: TakenOver,
    graph: Graph,
    jobs: Vec<JobState>,
    outcome: Outcome,
    /// Places of jobs for which a decision may be due. One may stand here without need; none is missing.
    due: VecDeque<usize>,
}

impl Build {
    /// Takes in an event and everything that follows from it, and returns all of it in order, the event first.
    ///
    /// # Errors
    /// When the event cannot happen now. The build is then as it was.
    pub fn apply(&mut self, cause: EventKind) -> Result<Vec<EventKind>, IllegalEvent> {
        if let EventKind::JobQueued { .. }
        | EventKind::JobBlocked { .. }
        | EventKind::JobSkipped { .. }
        | EventKind::JobEnd { .. } = cause
        {
            return Err(IllegalEvent::Decided { event: cause.name() });
        }
        self.evolve(&cause)?;
        let mut facts = vec![cause];
        self.settle(&mut facts);
        Ok(facts)
    }

    /// Folds events that were recorded before into a build.
    ///
    /// # Errors
    /// When one of them cannot follow the ones before it.
    pub fn replay<'a>(events: impl IntoIterator<Item = &'a EventKind>) -> Result<Self, IllegalEvent> {
        let mut build = Self::default();
        events.into_iter().try_for_each(|event| build.evolve(event))?;
        Ok(build)
    }

    /// Takes in what the build as it stands demands, and appends it to `facts`.
    ///
    /// After [`Build::apply`] nothing is left; after [`Build::replay`] something is only if the rules have changed since.
    pub fn settle(&mut self, facts: &mut Vec<EventKind>) {
        while let Some(next) = self.decide() {
            self.evolve(&next).expect("what the build demands can happen to it");
            facts.push(next);
        }
    }

    /// What an event does to the build.
    fn evolve(&mut self, event: &EventKind) -> Result<(), IllegalEvent> {
        match event {
            EventKind::BuildTriggered { trigger } => {
                self.step(event, &[Phase::New], Phase::Triggered)?;
                self.trigger = Some(Arc::new((**trigger).clone()));
            }
            EventKind::BuildInitializing {} => self.step(event, &[Phase::Triggered], Phase::Fetching)?,
            EventKind::BuildStart { trigger } => {
                self.step(event, &[Phase::Fetching], Phase::Fetched)?;
                if let Some(trigger) = trigger {
                    self.trigger = Some(Arc::new((**trigger).clone()));
                }
            }
            EventKind::BuildCanceled { reason, .. } => {
                let open = [Phase::Triggered, Phase::Fetching, Phase::Fetched, Phase::Loading, Phase::Scripting];
                self.step(event, &open, self.phase)?;
                // Who asks again adds nothing: the first reason stays, whatever comes.
                if !self.canceled {
                    self.message.clone_from(reason);
                }
                self.canceled = true;
                self.due.extend(0..self.jobs.len());
            }
            EventKind::BuildEnd { status, message } => {
                let idle = [Phase::Triggered, Phase::Fetching, Phase::Fetched, Phase::Loading, Phase::Scripted];
                self.step(event, &idle, Phase::Ended)?;
                self.end(*status, message);
            }
            EventKind::ScriptInitializing { script_dir } => {
                self.step(event, &[Phase::Fetched], Phase::Loading)?;
                self.script_dir = Some(script_dir.clone());
            }
            EventKind::JobTaken { job_id, from, attempt, result } => {
                self.step(event, &[Phase::Loading], Phase::Loading)?;
                self.taken.note(job_id, from, *attempt, result);
            }
            EventKind::ScriptStart { jobs, .. } => self.start_script(event, jobs)?,
            EventKind::ScriptEnd { status, message } => {
                // While jobs are open, only what breaks the build itself ends its script.
                let may = self.outcome.open() == 0 || *status == BuildStatus::Error;
                let from = if may { &[Phase::Loading, Phase::Scripting][..] } else { &[] };
                self.step(event, from, Phase::Scripted)?;
                self.end(*status, message);
                if self.outcome.open() > 0 {
                    self.due.extend(0..self.jobs.len());
                }
            }
            _ => self.evolve_job(event)?,
        }
        Ok(())
    }

    fn step(&mut self, event: &EventKind, from: &[Phase], to: Phase) -> Result<(), IllegalEvent> {
        if !from.contains(&self.phase) {
            return Err(IllegalEvent::Build { event: event.name(), phase: self.phase });
        }
        self.phase = to;
        Ok(())
    }

    fn end(&mut self, status: BuildStatus, message: &Option<String>) {
        self.ended = Some(status);
        if message.is_some() && !self.canceled {
            self.message.clone_from(message);
        }
    }

    fn start_script(&mut self, event: &EventKind, jobs: &[Job]) -> Result<(), IllegalEvent> {
        let graph = Graph::new(jobs)?;
        self.step(event, &[Phase::Loading], Phase::Scripting)?;
        self.graph = graph;
        self.jobs = jobs.iter().cloned().map(JobState::new).collect();
        std::mem::take(&mut self.taken).hand_to(&mut self.jobs);
        self.outcome = Outcome::of(self.jobs.len());
        self.due.extend(0..self.jobs.len());
        Ok(())
    }

    /// What an event does to the job that it is about.
    fn evolve_job(&mut self, event: &EventKind) -> Result<(), IllegalEvent> {
        let name = event.name();
        let Some(id) = event.job_id() else {
            return Err(IllegalEvent::Build { event: name, phase: self.phase });
        };
        let unknown = || IllegalEvent::UnknownJob { event: name, job: id.clone() };
        let place = self.graph.place(id.as_str()).ok_or_else(unknown)?;
        let job = &mut self.jobs[place];
        let from = job.status;
        let illegal = IllegalEvent::Job { event: name, job: id.clone(), status: from };
        let newest = |attempt: u32, newest: u32| {
            let other = IllegalEvent::Attempt { event: name, job: id.clone(), attempt, newest };
            if attempt == newest { Ok(()) } else { Err(other) }
        };
        // Where the job moves; nothing when the event leaves it where it is.
        let to = match event {
            EventKind::JobQueued { attempt, .. } => {
                newest(*attempt, job.attempt + 1)?;
                Some(JobStatus::Queued)
            }
            EventKind::JobBlocked { .. } => Some(JobStatus::Blocked),
            EventKind::JobSkipped { .. } => Some(JobStatus::Skipped),
            EventKind::JobInitializing { attempt, fence, .. } => {
                newest(*attempt, job.attempt)?;
                if *fence <= job.fence {
                    return Err(illegal);
                }
                Some(JobStatus::Initializing)
            }
            EventKind::JobStart { attempt, .. } => {
                newest(*attempt, job.attempt)?;
                Some(JobStatus::Running)
            }
            EventKind::JobExecuted { attempt, .. } => {
                newest(*attempt, job.attempt)?;
                if !from.is_active() || job.executed {
                    return Err(illegal);
                }
                None
            }
            EventKind::JobHeld { attempt, .. }
            | EventKind::ShellStart { attempt, .. }
            | EventKind::ShellEnd { attempt, .. } => {
                newest(*attempt, job.attempt)?;
                if from != JobStatus::Running || job.executed {
                    return Err(illegal);
                }
                None
            }
            EventKind::JobEnd { .. } if from == JobStatus::Pending && job.taken.is_none() && !job.canceled => {
                return Err(illegal);
            }
            EventKind::JobEnd { status, .. } => Some(*status),
            EventKind::JobUnblocked { .. } if from == JobStatus::Blocked && !job.unblocked => None,
            EventKind::JobCanceled { .. } if !from.is_terminal() && !job.canceled => None,
            _ => return Err(illegal),
        };
        if to.is_some_and(|to| !job::is_legal(from, to)) {
            return Err(illegal);
        }
        let to = to.unwrap_or(from);

        job.status = to;
        match event {
            EventKind::JobQueued { attempt, .. } => {
                job.attempt = *attempt;
                job.executed = false;
            }
            EventKind::JobInitializing { fence, worker, .. } => {
                job.fence = *fence;
                job.worker = Some(worker.clone());
            }
            EventKind::JobExecuted { result, .. } => {
                job.executed = true;
                (job.held, job.visitor) = (None, None);
                job.result = Some(Arc::new((**result).clone()));
            }
            EventKind::JobStart { addresses, .. } => job.addresses.clone_from(addresses),
            EventKind::JobHeld { until, .. } => job.held = Some(*until),
            EventKind::ShellStart { actor, .. } => job.visitor = Some(actor.clone()),
            EventKind::ShellEnd { .. } => job.visitor = None,
            EventKind::JobUnblocked { .. } => job.unblocked = true,
            EventKind::JobCanceled { reason, .. } => {
                job.canceled = true;
                job.reason.clone_from(reason);
            }
            EventKind::JobSkipped { reason, .. } => job.reason = Some(reason.clone()),
            _ => {}
        }
        self.due.push_back(place);
        self.outcome.moved(from, &self.jobs[place]);
        if to.is_terminal() {
            self.tell_dependents(place);
        }
        Ok(())
    }

    /// Tells the jobs after one that has ended how that went.
    ///
    /// A job may be skipped while some before it still run, and one of these may fail yet. Only once all have ended is it
    /// known whether something failed, so that a job for failures never depends on which of two ended first.
    fn tell_dependents(&mut self, place: usize) {
        let mut ended = vec![place];
        while let Some(place) = ended.pop() {
            let job = &self.jobs[place];
            let (well, status) = (job.ended_well(), job.status);
            let settled = status != JobStatus::Skipped || job.before.open == 0;
            // A skipped job passes on that something before it failed.
            let failed = !well && (job.failed() || (status == JobStatus::Skipped && job.before.failed));
            for &dependent in self.graph.dependents(place) {
                let after = &mut self.jobs[dependent];
                if !well {
                    after.before.not_well.get_or_insert((place, status));
                }
                if settled {
                    after.before.open -= 1;
                    after.before.failed |= failed;
                    if after.status == JobStatus::Skipped && after.before.open == 0 {
                        ended.push(dependent);
                    }
                }
                self.due.push_back(dependent);
            }
        }
    }

    /// What the build as it stands demands next; nothing is looked for, only what is due is looked at.
    fn decide(&mut self) -> Option<EventKind> {
        while let Some(place) = self.due.pop_front() {
            if let Some(event) = self.decide_job(place) {
                return Some(event);
            }
        }
        match self.phase {
            Phase::Scripting if self.outcome.open() == 0 => {
                let status = if self.canceled { BuildStatus::Canceled } else { self.outcome.status() };
                let message = if self.canceled { self.message.clone() } else { self.outcome.message(&self.jobs) };
                Some(EventKind::ScriptEnd { status, message })
            }
            Phase::Scripted => {
                let ended = self.ended.expect("a script that ended has a status");
                // Also when it broke while what ran was being stopped.
                let status = if self.canceled { BuildStatus::Canceled } else { ended };
                Some(EventKind::BuildEnd { status, message: self.message.clone() })
            }
            Phase::Triggered | Phase::Fetching | Phase::Fetched | Phase::Loading if self.canceled => {
                Some(EventKind::BuildEnd { status: BuildStatus::Canceled, message: self.message.clone() })
            }
            _ => None,
        }
    }

    fn decide_job(&self, place: usize) -> Option<EventKind> {
        let job = &self.jobs[place];
        let job_id = job.job.id.clone();
        let skipped = |reason: String| Some(EventKind::JobSkipped { job_id: job_id.clone(), reason });
        let canceled = || Some(EventKind::JobEnd { job_id: job_id.clone(), status: JobStatus::Canceled, cause: None });
        let queued = |attempt: u32| Some(EventKind::JobQueued { job_id: job_id.clone(), attempt });
        let broken = self.phase == Phase::Scripted;
        match job.status {
            JobStatus::Pending | JobStatus::Blocked | JobStatus::Queued if broken => skipped("the build broke".into()),
            JobStatus::Initializing | JobStatus::Running if broken => {
                Some(EventKind::JobEnd { job_id, status: JobStatus::Error, cause: Some(Cause::Infrastructure) })
            }
            JobStatus::Pending | JobStatus::Blocked | JobStatus::Queued if job.canceled => canceled(),
            JobStatus::Pending | JobStatus::Blocked | JobStatus::Queued if self.canceled => {
                skipped("the build was canceled".into())
            }
            JobStatus::Pending if job.taken.is_some() => {
                let (status, cause) = job.ending(false);
                Some(EventKind::JobEnd { job_id, status, cause })
            }
            JobStatus::Pending => match job.verdict() {
                Verdict::Wait => None,
                Verdict::Skip => skipped(self.why_skipped(job)),
                Verdict::Run if job.job.blocked => Some(EventKind::JobBlocked { job_id }),
                Verdict::Run => queued(1),
            },
            JobStatus::Blocked if job.unblocked => queued(1),
            JobStatus::Initializing | JobStatus::Running if job.executed => {
                if !self.canceled && job.is_tried_again() {
                    return queued(job.attempt + 1);
                }
                let (status, cause) = job.ending(self.canceled);
                Some(EventKind::JobEnd { job_id, status, cause })
            }
            _ => None,
        }
    }

    fn why_skipped(&self, job: &JobState) -> String {
        let Some((place, status)) = job.before.not_well else {
            return "nothing before it failed".into();
        };
        let before = &self.jobs[place].job.id;
        match status {
            JobStatus::Failure => format!("`{before}` failed"),
            JobStatus::Error => format!("`{before}` broke"),
            status => format!("`{before}` was {status}"),
        }
    }

    /// Where the build stands.
    #[must_use]
    pub fn status(&self) -> BuildStatus {
        match self.phase {
            Phase::New | Phase::Triggered => BuildStatus::Pending,
            Phase::Fetching => BuildStatus::Initializing,
            Phase::Ended => self.ended.unwrap_or(BuildStatus::Error),
            Phase::Scripting if self.outcome.waits_for_people() && !self.canceled => BuildStatus::Blocked,
            _ => BuildStatus::Running,
        }
    }

    /// How far it has come.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Why it runs, and on what.
    #[must_use]
    pub fn trigger(&self) -> Option<&Arc<Trigger>> {
        self.trigger.as_ref()
    }

    /// The folder of its script, from the root of the checkout, once it is being loaded.
    #[must_use]
    pub fn script_dir(&self) -> Option<&str> {
        self.script_dir.as_deref()
    }

    /// Whether somebody asked it to stop.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.canceled
    }

    /// For people: why it ended as it did.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Its jobs, in the order of the script.
    #[must_use]
    pub fn jobs(&self) -> &[JobState] {
        &self.jobs
    }

    /// One of its jobs.
    #[must_use]
    pub fn job(&self, id: &str) -> Option<&JobState> {
        self.graph.place(id).map(|place| &self.jobs[place])
    }
}
