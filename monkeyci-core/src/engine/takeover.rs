//! What a build takes over of the one that it does once more.

use std::collections::HashSet;

use monkeyci_model::trigger::Retry;
use monkeyci_model::{EventKind, Job, JobId, JobStatus};

use super::loading::Loading;
use super::restart::replay;
use crate::build::{Build, JobState};

impl Loading {
    /// The jobs that need not run again, since they ended well in the build that this one does once more, on the same commit,
    /// or since only another is to: the very same jobs, after jobs of which that is true as well. What they kept is kept for this build, too.
    ///
    /// Whatever stands in the way of it only has more jobs run.
    pub(super) async fn taken_over(&self, jobs: &[Job]) -> Vec<EventKind> {
        let takes = |retry: &&Retry| retry.failed || retry.job.is_some();
        let Some(retry) = self.trigger.retry.as_ref().filter(takes) else { return Vec::new() };
        let is_ours = retry.of.org == self.build.org && retry.of.repo == self.build.repo;
        let before = match replay(&*self.shared.store, &retry.of).await {
            Ok((before, _)) if is_ours && self.is_of_the_commit_of(&before) => before,
            Ok(_) => return Vec::new(),
            Err(error) => {
                tracing::warn!(build = %self.build, %error, "nothing is taken over of the build before");
                return Vec::new();
            }
        };
        let again = retry.job.as_ref().map(|id| with_what_follows(jobs, id)).unwrap_or_default();
        let stays = |known: &JobState, job: &Job| match retry.job {
            Some(_) => !again.contains(&job.id) && is_known(known, job),
            None => known.status() == JobStatus::Success && is_known(known, job),
        };
        let may = |job: &&Job| before.job(job.id.as_str()).is_some_and(|known| stays(known, job));
        let mut taken: Vec<&Job> = after_others(jobs.iter().filter(may).collect());
        let mut kept = Vec::new();
        for job in &taken {
            if self.keep(&before, job).await {
                kept.push(*job);
            }
        }
        taken = after_others(kept);
        taken.iter().filter_map(|job| told(&before, &retry.of, &job.id)).collect()
    }

    fn is_of_the_commit_of(&self, before: &Build) -> bool {
        let commit = self.trigger.git.as_ref().and_then(|git| git.commit_id.as_ref());
        let other = before.trigger().and_then(|trigger| trigger.git.as_ref()?.commit_id.as_ref());
        commit.is_some() && commit == other
    }

    /// Has what a job kept there kept here; tells whether all of it could be.
    async fn keep(&self, before: &Build, job: &Job) -> bool {
        let Some(trigger) = &self.trigger.retry else { return false };
        let result = before.job(job.id.as_str()).and_then(JobState::result);
        for file in result.map(|result| result.artifacts.as_slice()).unwrap_or_default() {
            if let Err(error) = self.shared.artifacts.keep_for(&trigger.of, &self.build, &file.id).await {
                tracing::info!(build = %self.build, job = %job.id, %error, "the job runs again");
                return false;
            }
        }
        true
    }
}

/// Whether it is the same job, and ended by itself: what was canceled has not.
fn is_known(known: &JobState, job: &Job) -> bool {
    let is_over = matches!(known.status(), JobStatus::Success | JobStatus::Failure | JobStatus::Error);
    is_over && known.result().is_some() && **known.job() == *job
}

/// A job, and those that come after it.
fn with_what_follows<'a>(jobs: &'a [Job], id: &'a JobId) -> HashSet<&'a JobId> {
    let mut found = HashSet::from([id]);
    loop {
        let before = found.len();
        let follows = |job: &&Job| job.dependencies.iter().any(|id| found.contains(id));
        let more: Vec<&JobId> = jobs.iter().filter(follows).map(|job| &job.id).collect();
        found.extend(more);
        if found.len() == before {
            return found;
        }
    }
}

/// Those of them that depend on none but them.
fn after_others(mut jobs: Vec<&Job>) -> Vec<&Job> {
    loop {
        let ids: HashSet<&JobId> = jobs.iter().map(|job| &job.id).collect();
        let (stay, go): (Vec<&Job>, Vec<&Job>) =
            jobs.iter().partition(|job| job.dependencies.iter().all(|id| ids.contains(id)));
        if go.is_empty() {
            return stay;
        }
        jobs = stay;
    }
}

/// Where it ran is told, also where it was taken over there already.
fn told(before: &Build, of: &monkeyci_model::BuildId, job_id: &JobId) -> Option<EventKind> {
    let known = before.job(job_id.as_str())?;
    let (from, attempt) = known.taken().unwrap_or((of, known.attempt()));
    let result = Box::new(known.result()?.clone());
    Some(EventKind::JobTaken { job_id: job_id.clone(), from: from.clone(), attempt, result })
}
