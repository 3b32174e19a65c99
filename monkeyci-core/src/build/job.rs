//! Where one job of a build stands.

use std::sync::Arc;

use monkeyci_model::job::When;
use monkeyci_model::script::api::{Address, JobView};
use monkeyci_model::{BuildId, Cause, Job, JobResult, JobStatus, Millis};

/// Where one job of a build stands. What may be large in it is shared by its clones.
#[derive(Debug, Clone, PartialEq)]
pub struct JobState {
    pub(super) job: Arc<Job>,
    pub(super) status: JobStatus,
    pub(super) attempt: u32,
    pub(super) fence: u64,
    /// Who holds or held the newest lease.
    pub(super) worker: Option<String>,
    pub(super) result: Option<Arc<JobResult>>,
    /// Its process is over, and what follows is not decided yet.
    pub(super) executed: bool,
    /// A person let it go on.
    pub(super) unblocked: bool,
    /// A person stopped it alone.
    pub(super) canceled: bool,
    pub(super) reason: Option<String>,
    /// Where its exposed ports are reached while it runs.
    pub(super) addresses: Vec<Address>,
    /// Until when its place is held for people.
    pub(super) held: Option<Millis>,
    /// Who has a shell open in its place.
    pub(super) visitor: Option<String>,
    /// The build and the attempt in which it ended, where that is taken over.
    pub(super) taken: Option<(BuildId, u32)>,
    pub(super) before: Before,
}

/// What has become of the jobs before a job.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Before {
    /// How many have not ended, or were skipped while some before them had not.
    pub(super) open: usize,
    /// The first that did not end well, by its place, and how.
    pub(super) not_well: Option<(usize, JobStatus)>,
    /// Whether one failed, or was skipped because something before it failed.
    pub(super) failed: bool,
}

/// What the jobs before a job mean for it.
pub(super) enum Verdict {
    Wait,
    Run,
    Skip,
}

impl JobState {
    pub(super) fn new(job: Job) -> Self {
        let before = Before { open: job.dependencies.len(), ..Before::default() };
        Self {
            job: Arc::new(job),
            status: JobStatus::Pending,
            attempt: 0,
            fence: 0,
            worker: None,
            result: None,
            executed: false,
            unblocked: false,
            canceled: false,
            reason: None,
            addresses: Vec::new(),
            held: None,
            visitor: None,
            taken: None,
            before,
        }
    }

    /// The job itself.
    #[must_use]
    pub fn job(&self) -> &Arc<Job> {
        &self.job
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> JobStatus {
        self.status
    }

    /// The newest attempt, from 1; 0 before the first.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The fence of the newest lease; 0 before the first.
    #[must_use]
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// The worker that holds or held the newest lease.
    #[must_use]
    pub fn worker(&self) -> Option<&str> {
        self.worker.as_deref()
    }

    /// What came out of the newest attempt that ended.
    #[must_use]
    pub fn result(&self) -> Option<&JobResult> {
        self.result.as_deref()
    }

    /// Why it was skipped or canceled, for people.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Until when its place is held for people after its lines, where it is.
    #[must_use]
    pub fn held(&self) -> Option<Millis> {
        self.held.filter(|_| self.status == JobStatus::Running)
    }

    /// Who has a shell open in its place.
    #[must_use]
    pub fn visitor(&self) -> Option<&str> {
        self.visitor.as_deref().filter(|_| self.status == JobStatus::Running)
    }

    /// The build and the attempt in which it ended, where that is taken over and it does not run.
    #[must_use]
    pub fn taken(&self) -> Option<(&BuildId, u32)> {
        self.taken.as_ref().map(|(build, attempt)| (build, *attempt))
    }

    /// How it looks to other jobs of its build.
    #[must_use]
    pub fn view(&self) -> JobView {
        let runs = self.status == JobStatus::Running;
        JobView {
            job: (*self.job).clone(),
            status: self.status,
            attempt: self.attempt,
            result: self.result.as_deref().cloned(),
            addresses: if runs { self.addresses.clone() } else { Vec::new() },
        }
    }

    /// Whether it was asked to stop, alone.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.canceled
    }

    /// Whether it counts as a success for its dependents and its build.
    #[must_use]
    pub fn ended_well(&self) -> bool {
        self.status == JobStatus::Success || (self.failed() && self.job.allow_failure)
    }

    pub(super) fn failed(&self) -> bool {
        matches!(self.status, JobStatus::Failure | JobStatus::Error)
    }

    pub(super) fn verdict(&self) -> Verdict {
        let Before { open, not_well, failed } = &self.before;
        match self.job.when {
            // Skipped as soon as that is certain, so that nothing waits for what can no longer run.
            When::Success if not_well.is_some() => Verdict::Skip,
            _ if *open > 0 => Verdict::Wait,
            When::Failure if !failed => Verdict::Skip,
            _ => Verdict::Run,
        }
    }

    /// How the attempt that was executed ends the job, unless it is tried again.
    pub(super) fn ending(&self, build_is_canceled: bool) -> (JobStatus, Option<Cause>) {
        match self.result.as_ref().and_then(|result| result.cause) {
            None => (JobStatus::Success, None),
            // It was to be stopped, and whoever should have said that it was is gone.
            Some(Cause::Lost) if build_is_canceled || self.canceled => (JobStatus::Canceled, Some(Cause::Lost)),
            Some(cause) => (cause.status(), Some(cause)),
        }
    }

    pub(super) fn is_tried_again(&self) -> bool {
        let cause = self.result.as_ref().and_then(|result| result.cause);
        !self.canceled && cause.is_some_and(|cause| self.job.retry.allows(self.attempt, cause))
    }
}

/// The legal steps of a job; anything else is an illegal event.
pub(super) fn is_legal(from: JobStatus, to: JobStatus) -> bool {
    use JobStatus::{Blocked, Canceled, Error, Failure, Initializing, Pending, Queued, Running, Skipped, Success};
    matches!(
        (from, to),
        // At once ended by itself: taken over.
        (Pending, Blocked | Queued | Skipped | Canceled | Success | Failure | Error)
            | (Blocked, Queued | Skipped | Canceled)
            | (Queued, Initializing | Skipped | Canceled)
            // Back to the queue is a new attempt.
            | (Initializing, Running | Queued | Success | Failure | Error | Canceled)
            | (Running, Queued | Success | Failure | Error | Canceled)
    )
}
