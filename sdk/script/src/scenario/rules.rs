//! What MonkeyCI's build machine does with a job once those before it have ended.

use monkeyci_model::JobStatus;
use monkeyci_model::job::When;

use super::Played;
use crate::job::Job;

/// What becomes of a job.
pub(super) enum Fate {
    Runs,
    Stays(JobStatus),
}

/// What becomes of a job after these.
pub(super) fn fate(job: &Job, before: &[&Played], approved: bool) -> Fate {
    let waits = |other: &&&Played| matches!(other.status, JobStatus::Blocked | JobStatus::Pending);
    match job.model().when {
        // Skipped as soon as that is certain.
        When::Success if before.iter().filter(|other| !waits(other)).any(|other| !other.ended_well()) => {
            Fate::Stays(JobStatus::Skipped)
        }
        _ if before.iter().any(|other| other.is_open()) => Fate::Stays(JobStatus::Pending),
        When::Failure if !before.iter().any(|other| other.passes_on_failure()) => Fate::Stays(JobStatus::Skipped),
        _ if job.model().blocked && !approved => Fate::Stays(JobStatus::Blocked),
        _ => Fate::Runs,
    }
}

/// The jobs in an order in which each comes after those that it waits for, and otherwise as the script has them.
pub(super) fn order(jobs: &[Job]) -> Result<Vec<&Job>, String> {
    for (place, job) in jobs.iter().enumerate() {
        if jobs[..place].iter().any(|other| other.id() == job.id()) {
            return Err(format!("two jobs have the id `{}`", job.id()));
        }
        for id in job.dependencies() {
            if !jobs.iter().any(|other| other.id() == id) {
                return Err(format!("job `{}` waits for `{id}`, which is not in the plan", job.id()));
            }
        }
    }
    let mut order: Vec<&Job> = Vec::new();
    while order.len() < jobs.len() {
        let placed = |id: &str| order.iter().any(|other| other.id() == id);
        let next = jobs.iter().find(|job| !placed(job.id()) && job.dependencies().into_iter().all(placed));
        let Some(next) = next else {
            let left: Vec<_> = jobs.iter().map(Job::id).filter(|id| !placed(id)).collect();
            return Err(format!("these jobs wait for one another: `{}`", left.join("`, `")));
        };
        order.push(next);
    }
    Ok(order)
}
