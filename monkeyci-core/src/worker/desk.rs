//! The attempts that a worker has in hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    pub(super) halt: Halt,
    /// Its job directory, from when it is made until it is removed: nothing is written into it at other times.
    dir: Arc<Mutex<Option<JobDir>>>,
}

/// An attempt on the desk. Takes it off when it is dropped, however that comes.
pub(super) struct OnDesk {
    desk: Arc<Desk>,
    hand: InHand,
}

impl Desk {
    /// Puts an attempt on the desk.
    pub(super) fn put(self: &Arc<Self>, attempt: &Attempt) -> OnDesk {
        let hand = InHand { attempt: attempt.clone(), halt: Halt::default(), dir: Arc::default() };
        self.lock().insert(attempt.fence, hand.clone());
        OnDesk { desk: Arc::clone(self), hand }
    }

    /// Whether the attempt with this fence is in hand.
    pub(super) fn has(&self, fence: u64) -> bool {
        self.lock().contains_key(&fence)
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<InHand> {
        self.lock().values().cloned().collect()
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
        // Held while writing, so that nobody removes the folder meanwhile.
        let dir = self.dir();
        if let Some(Err(error)) = dir.as_ref().map(|dir| dir.grant(lease)) {
            tracing::warn!(attempt = %self.attempt, %error, "its lease could not be renewed");
        }
    }

    fn dir(&self) -> MutexGuard<'_, Option<JobDir>> {
        self.dir.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OnDesk {
    /// The switch that stops it.
    pub(super) fn halt(&self) -> &Halt {
        &self.hand.halt
    }

    /// Says that its job directory is made, and leases may be written into it.
    pub(super) fn runs(&self, dir: JobDir) {
        *self.hand.dir() = Some(dir);
    }

    /// Says that its job is over, and its job directory about to be removed.
    pub(super) fn is_over(&self) {
        *self.hand.dir() = None;
    }
}

impl Drop for OnDesk {
    fn drop(&mut self) {
        self.desk.lock().remove(&self.hand.attempt.fence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_job_gets_a_week_and_one_that_is_over_gets_nothing() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = JobDir::create(home.path().join("job")).expect("a job directory");
        let attempt = Attempt {
            instance: "test".into(),
            build: "acme/web/build-1".parse().expect("a build"),
            job: "unit".parse().expect("an id"),
            number: 1,
            fence: 7,
        };
        let desk = Arc::new(Desk::default());
        let on_desk = desk.put(&attempt);
        let lease = || std::fs::read_to_string(dir.control().join("lease")).ok();
        desk.hold();
        assert_eq!(lease(), None, "nothing is written before the job directory is made");
        on_desk.runs(dir.clone());
        desk.hold();
        assert_eq!(lease().as_deref(), Some("604800000"));
        desk.grant(Duration::from_secs(600));
        assert_eq!(lease().as_deref(), Some("600000"));
        on_desk.is_over();
        desk.hold();
        assert_eq!(lease().as_deref(), Some("600000"));
        drop(on_desk);
        assert!(desk.all().is_empty() && !desk.has(7));
    }
}
