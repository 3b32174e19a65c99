use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use monkeyci_model::shell::Wish;
use monkeyci_model::{BuildId, JobId};
use tokio::sync::watch;
use tokio::time::Instant;

use super::log_room::LogRoom;
use super::visit::{Door, NoVisit, Visiting, Visitors};
use crate::attempt::Attempt;
use crate::lease::{Claim, Lease};

/// What workers hold, by fence. Whatever is not here is stale.
#[derive(Default)]
pub(super) struct Claims(Mutex<HashMap<u64, Held>>);

struct Held {
    lease: Lease,
    worker: String,
    claim: watch::Sender<Claim>,
    room: LogRoom,
    /// Whether its worker, inside this process, is still to be told of it.
    is_left: bool,
    /// Where people are let in.
    door: Door,
    /// When it is lost unless its worker gives a sign of life; one inside the process needs to give none.
    expires: Option<Instant>,
}

/// Who is given an attempt.
pub(super) struct Grant<'a> {
    pub(super) worker: &'a str,
    pub(super) room: LogRoom,
    /// Whether its worker has yet to be told of it.
    pub(super) is_left: bool,
    /// How long its worker may be silent now; for ever when it is inside this process.
    pub(super) silence: Option<Duration>,
}

impl Claims {
    pub(super) fn grant(&self, lease: &Lease, grant: Grant<'_>) {
        let Grant { worker, room, is_left, silence } = grant;
        let expires = silence.map(|silence| Instant::now() + silence);
        let (claim, _) = watch::channel(Claim::Holds);
        let (lease, worker, door) = (lease.clone(), worker.to_owned(), Door::default());
        let fence = lease.attempt.fence;
        let held = Held { lease, worker, claim, room, is_left, door, expires };
        self.lock().insert(fence, held);
    }

    /// What a worker was leased and has not got: it is to be leased that again.
    pub(super) fn owed(&self, worker: &str, holds: &[u64], is_inside: bool) -> Vec<Lease> {
        let mut held = self.lock();
        let of = |held: &&mut Held| held.worker == worker && held.expires.is_none() == is_inside;
        let mut owed = Vec::new();
        for held in held.values_mut().filter(of) {
            let has = holds.contains(&held.lease.attempt.fence);
            let is_owed = if is_inside { std::mem::take(&mut held.is_left) } else { !has };
            if is_owed && !has {
                owed.push(held.lease.clone());
            }
        }
        owed
    }

    /// Whether a worker has any attempt.
    pub(super) fn has(&self, worker: &str) -> bool {
        self.lock().values().any(|held| held.worker == worker)
    }

    /// Attempts that a worker has.
    pub(super) fn of(&self, worker: &str) -> Vec<Attempt> {
        let held = self.lock();
        held.values().filter(|held| held.worker == worker).map(|held| held.lease.attempt.clone()).collect()
    }

    /// What the worker elsewhere holds under this fence.
    pub(super) fn held(&self, worker: &str, fence: u64) -> Option<Lease> {
        let held = self.lock();
        held.get(&fence).filter(|held| held.worker == worker && held.expires.is_some()).map(|held| held.lease.clone())
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
    pub(super) fn renew(&self, attempt: &Attempt, silence: Duration) -> Claim {
        match self.lock().get_mut(&attempt.fence) {
            Some(held) if held.lease.attempt == *attempt => {
                held.expires = held.expires.map(|_| Instant::now() + silence);
                *held.claim.borrow()
            }
            _ => Claim::Stale,
        }
    }

    /// What the attempt's log may hold; nothing when the claim is stale. Takes the question as a sign of life.
    pub(super) fn log_room(&self, attempt: &Attempt, silence: Duration) -> Option<LogRoom> {
        let claim = self.renew(attempt, silence);
        let held = self.lock();
        held.get(&attempt.fence).filter(|_| claim != Claim::Stale).map(|held| held.room)
    }

    /// Follows the claim; nothing when it is stale.
    pub(super) fn follow(&self, attempt: &Attempt) -> Option<watch::Receiver<Claim>> {
        let held = self.lock();
        held.get(&attempt.fence).filter(|held| held.lease.attempt == *attempt).map(|held| held.claim.subscribe())
    }

    /// Where people come in who want to the place of an attempt; nothing when the claim is stale.
    pub(super) fn visitors(&self, attempt: &Attempt) -> Option<Visitors> {
        let held = self.lock();
        held.get(&attempt.fence).filter(|held| held.lease.attempt == *attempt).map(|held| held.door.visitors())
    }

    /// Brings somebody to the place of a job.
    pub(super) fn bring(&self, build: &BuildId, job: &JobId, wish: Wish) -> Result<Visiting, NoVisit> {
        let held = self.lock();
        let is = |held: &&Held| held.lease.attempt.build == *build && held.lease.attempt.job == *job;
        let held = held.values().filter(is).max_by_key(|held| held.lease.attempt.fence).ok_or(NoVisit::NotThere)?;
        held.door.bring(held.lease.attempt.clone(), wish)
    }

    /// Attempts whose workers have been silent for too long.
    pub(super) fn silent(&self) -> Vec<Attempt> {
        let (held, now) = (self.lock(), Instant::now());
        let is_silent = |held: &&Held| held.expires.is_some_and(|expires| expires <= now);
        held.values().filter(is_silent).map(|held| held.lease.attempt.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Held>> {
        // The map is changed by single calls, which leave it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
