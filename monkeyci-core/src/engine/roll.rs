use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::offer::{Needs, Offer};

/// How long a worker counts as there that neither asks for a job nor has one.
const THERE: Duration = Duration::from_secs(60);

/// How long one is remembered, which may be busy with a long job.
const FORGOTTEN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Workers that were heard of, with what they can run.
#[derive(Default)]
pub(super) struct Roll(HashMap<String, (Offer, Instant)>);

impl Roll {
    /// A worker has asked.
    pub(super) fn note(&mut self, worker: &str, offer: &Offer) {
        let now = Instant::now();
        if let Some((known, seen)) = self.0.get_mut(worker) {
            *seen = now;
            if known != offer {
                known.clone_from(offer);
            }
            return;
        }
        self.0.retain(|_, (_, seen)| seen.elapsed() < FORGOTTEN);
        self.0.insert(worker.to_owned(), (offer.clone(), now));
    }

    /// A worker is no more.
    pub(super) fn strike(&mut self, worker: &str) {
        self.0.remove(worker);
    }

    /// Whether one of them can run a job, and is there: it was heard of just now, or `is_here` says so.
    pub(super) fn has(&self, needs: &Needs, is_here: impl Fn(&str) -> bool) -> bool {
        let mut fitting = self.0.iter().filter(|(_, (offer, _))| offer.fits(needs));
        fitting.any(|(worker, (_, seen))| seen.elapsed() < THERE || is_here(worker))
    }
}
