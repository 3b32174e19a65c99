//! The attempts that a worker has in hand.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::halt::{Halt, Why};
use crate::attempt::Attempt;
use crate::job_dir::JobDir;

/// How long jobs may go on while their worker is stopped by its terminal: long enough for a weekend.
const HELD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The attempts that a worker has in hand, by their fences.
#[derive(Debug, Default)]
pub(super) struct Desk {
    attempts: Mutex<BTreeMap<u64, InHand>>,
}

#[derive(Debug, Clone)]
pub(super) struct InHand {
    pub(super) attempt: Attempt,
    pub(super) dir: JobDir,
    pub(super) halt: Halt,
}

/// Takes its attempt off the desk when it is dropped, however that comes.
pub(super) struct OnDesk<'a> {
    desk: &'a Desk,
    fence: u64,
}

impl Desk {
    /// Puts an attempt on the desk.
    pub(super) fn put(&self, attempt: &Attempt, dir: JobDir, halt: Halt) -> OnDesk<'_> {
        let fence = attempt.fence;
        self.lock().insert(fence, InHand { attempt: attempt.clone(), dir, halt });
        OnDesk { desk: self, fence }
    }

    /// Whether the attempt with this fence is in hand.
    pub(super) fn has(&self, fence: u64) -> bool {
        self.lock().contains_key(&fence)
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<InHand> {
        self.lock().values().cloned().collect()
    }

    /// Their fences.
    pub(super) fn fences(&self) -> Vec<u64> {
        self.lock().keys().copied().collect()
    }

    /// Stops all of them.
    pub(super) fn stop(&self, why: &Why) {
        self.all().iter().for_each(|hand| hand.halt.stop(why.clone()));
    }

    /// Lets every job go on for so long.
    pub(super) fn grant(&self, lease: Duration) {
        self.all().iter().for_each(|hand| hand.grant(lease));
    }

    /// Lets every job go on without its worker.
    pub(super) fn hold(&self) {
        self.grant(HELD);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, InHand>> {
        // Changed by single calls, which leave it whole.
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InHand {
    /// Lets the job go on for so long.
    pub(super) fn grant(&self, lease: Duration) {
        // One that is being prepared or removed has no folder, and needs no lease.
        if let Err(error) = self.dir.grant(lease)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(attempt = %self.attempt, %error, "its lease could not be renewed");
        }
    }
}

impl Drop for OnDesk<'_> {
    fn drop(&mut self) {
        self.desk.lock().remove(&self.fence);
    }
}
