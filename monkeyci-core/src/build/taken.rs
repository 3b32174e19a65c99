//! What is taken over of another build, until the jobs of this one are known.

use std::collections::HashMap;
use std::sync::Arc;

use monkeyci_model::{BuildId, JobId, JobResult};

use super::job::JobState;

/// Jobs that ended in another build, and do not run in this one.
#[derive(Debug, Clone, Default)]
pub(super) struct TakenOver(HashMap<JobId, Taken>);

#[derive(Debug, Clone)]
struct Taken {
    from: BuildId,
    attempt: u32,
    result: Arc<JobResult>,
}

impl TakenOver {
    /// A job ended there.
    pub(super) fn note(&mut self, job: &JobId, from: &BuildId, attempt: u32, result: &JobResult) {
        self.0.insert(job.clone(), Taken { from: from.clone(), attempt, result: Arc::new(result.clone()) });
    }

    /// Hands it to these jobs; what is of none of them is forgotten.
    pub(super) fn hand_to(mut self, jobs: &mut [JobState]) {
        for job in jobs {
            if let Some(Taken { from, attempt, result }) = self.0.remove(&job.job.id) {
                (job.taken, job.result) = (Some((from, attempt)), Some(result));
            }
        }
    }
}
