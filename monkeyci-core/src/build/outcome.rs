//! What the jobs of a build amount to, kept up to date as each of them moves.

use monkeyci_model::{BuildStatus, JobStatus};

use super::job::JobState;

/// What the jobs of a build amount to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    open: usize,
    blocked: usize,
    /// Queued or held by a worker.
    moving: usize,
    errors: usize,
    failures: usize,
    canceled: usize,
}

impl Outcome {
    pub(super) fn of(jobs: usize) -> Self {
        Self { open: jobs, ..Self::default() }
    }

    /// How many jobs have not ended.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// Whether nothing moves until a person approves or rejects.
    pub(super) fn waits_for_people(&self) -> bool {
        self.moving == 0 && self.blocked > 0
    }

    /// Takes in that a job moved on from `from`.
    pub(super) fn moved(&mut self, from: JobStatus, job: &JobState) {
        let to = job.status();
        if from == to {
            return;
        }
        match from {
            JobStatus::Blocked => self.blocked -= 1,
            JobStatus::Queued | JobStatus::Initializing | JobStatus::Running => self.moving -= 1,
            _ => {}
        }
        match to {
            JobStatus::Blocked => self.blocked += 1,
            JobStatus::Queued | JobStatus::Initializing | JobStatus::Running => self.moving += 1,
            _ => {}
        }
        if to.is_terminal() {
            self.open -= 1;
            match to {
                JobStatus::Canceled => self.canceled += 1,
                _ if job.ended_well() => {}
                JobStatus::Error => self.errors += 1,
                JobStatus::Failure => self.failures += 1,
                _ => {}
            }
        }
    }

    /// How the build ends. What is ours to mend outweighs what is the user's.
    pub(super) fn status(&self) -> BuildStatus {
        match self {
            Self { errors: 1.., .. } => BuildStatus::Error,
            Self { failures: 1.., .. } => BuildStatus::Failure,
            Self { canceled: 1.., .. } => BuildStatus::Canceled,
            _ => BuildStatus::Success,
        }
    }

    /// The jobs that decided it, by name.
    pub(super) fn message(&self, jobs: &[JobState]) -> Option<String> {
        let (status, word) = match self.status() {
            BuildStatus::Error => (JobStatus::Error, "broke"),
            BuildStatus::Failure => (JobStatus::Failure, "failed"),
            BuildStatus::Canceled => (JobStatus::Canceled, "canceled"),
            _ => return None,
        };
        let decided = |job: &&JobState| job.status() == status && !job.ended_well();
        let names: Vec<String> = jobs.iter().filter(decided).map(|job| format!("`{}`", job.job().id)).collect();
        let shown = 5;
        let more = match names.len().saturating_sub(shown) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!("{word}: {}{more}", names[..names.len().min(shown)].join(", ")))
    }
}
