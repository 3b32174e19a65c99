use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::log_room::LogRoom;
use crate::attempt::Attempt;
use crate::lease::Claim;

/// What workers hold, by fence. Whatever is not here is stale.
#[derive(Default)]
pub(super) struct Claims(Mutex<HashMap<u64, Held>>);

struct Held {
    attempt: Attempt,
    claim: watch::Sender<Claim>,
    room: LogRoom,
    /// When its worker last gave a sign of life; a worker inside the process needs to give none.
    renewed: Option<Instant>,
}

impl Claims {
    pub(super) fn grant(&self, attempt: &Attempt, room: LogRoom, expires: bool) {
        let renewed = expires.then(Instant::now);
        let (claim, _) = watch::channel(Claim::Holds);
        self.lock().insert(attempt.fence, Held { attempt: attempt.clone(), claim, room, renewed });
    }

    /// The job is to be stopped.
    pub(super) fn cancel(&self, fence: u64) {
        if let Some(held) = self.lock().get(&fence) {
            let _before = held.claim.send_replace(Claim::Canceled);
        }
    }

    /// Nothing more is wanted of the attempt.
    pub(super) fn revoke(&self, fence: u64) {
        if let Some(held) = self.lock().remove(&fence) {
            let _before = held.claim.send_replace(Claim::Stale);
        }
    }

    pub(super) fn revoke_all(&self) {
        let held = std::mem::take(&mut *self.lock());
        for held in held.into_values() {
            let _before = held.claim.send_replace(Claim::Stale);
        }
    }

    /// What became of the claim; takes the question as a sign of life.
    pub(super) fn renew(&self, attempt: &Attempt) -> Claim {
        match self.lock().get_mut(&attempt.fence) {
            Some(held) if held.attempt == *attempt => {
                held.renewed = held.renewed.map(|_| Instant::now());
                *held.claim.borrow()
            }
            _ => Claim::Stale,
        }
    }

    /// What the attempt's log may hold; nothing when the claim is stale. Takes the question as a sign of life.
    pub(super) fn log_room(&self, attempt: &Attempt) -> Option<LogRoom> {
        let claim = self.renew(attempt);
        let held = self.lock();
        held.get(&attempt.fence).filter(|_| claim != Claim::Stale).map(|held| held.room)
    }

    /// Follows the claim; nothing when it is stale.
    pub(super) fn follow(&self, attempt: &Attempt) -> Option<watch::Receiver<Claim>> {
        let held = self.lock();
        held.get(&attempt.fence).filter(|held| held.attempt == *attempt).map(|held| held.claim.subscribe())
    }

    /// Attempts whose workers have been silent for too long.
    pub(super) fn silent(&self, limit: Duration) -> Vec<Attempt> {
        let held = self.lock();
        let is_silent = |held: &&Held| held.renewed.is_some_and(|renewed| renewed.elapsed() >= limit);
        held.values().filter(is_silent).map(|held| held.attempt.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Held>> {
        // The map is changed by single calls, which leave it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
