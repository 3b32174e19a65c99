use monkeyci_model::{JobResult, JobStatus};

use super::play::Played;
use crate::action::Outcome;
use crate::job::Job;

/// A build that was played.
#[derive(Debug, Clone)]
pub struct Run {
    pub(super) played: Vec<Played>,
}

impl Run {
    /// The ids of the jobs that ran, in an order that their dependencies allow.
    #[must_use]
    pub fn ran(&self) -> Vec<&str> {
        self.played.iter().filter(|played| played.outcome.is_some()).map(|played| played.job.id()).collect()
    }

    /// The ids of the jobs that were skipped.
    #[must_use]
    pub fn skipped(&self) -> Vec<&str> {
        let skipped = |played: &&Played| played.status == JobStatus::Skipped;
        self.played.iter().filter(skipped).map(|played| played.job.id()).collect()
    }

    /// How a job ended; `Blocked` or `Pending` when it waits for a person, itself or something before it.
    ///
    /// # Panics
    /// When there is no such job.
    #[must_use]
    #[track_caller]
    pub fn status(&self, job: &str) -> JobStatus {
        self.played(job).status
    }

    /// What came out of a job, when it ran.
    ///
    /// # Panics
    /// When there is no such job.
    #[must_use]
    #[track_caller]
    pub fn outcome(&self, job: &str) -> Option<&Outcome> {
        self.played(job).outcome.as_ref()
    }

    /// The result of a job, when it ran, as others see it.
    ///
    /// # Panics
    /// When there is no such job.
    #[must_use]
    #[track_caller]
    pub fn result(&self, job: &str) -> Option<&JobResult> {
        self.played(job).result.as_ref()
    }

    /// A job as it ran, with what prepared it; as it was planned when it did not run.
    ///
    /// # Panics
    /// When there is no such job.
    #[must_use]
    #[track_caller]
    pub fn job(&self, job: &str) -> &Job {
        &self.played(job).job
    }

    /// Whether the build ends well: nothing failed that may not, and nothing waits for a person.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.played.iter().all(|played| played.status == JobStatus::Skipped || played.ended_well())
    }

    #[track_caller]
    fn played(&self, job: &str) -> &Played {
        let found = self.played.iter().find(|played| played.job.id() == job);
        found.unwrap_or_else(|| panic!("the plan has no job `{job}`"))
    }
}
