//! How a running attempt is told to stop, and what for.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::lease::Claim;

/// Why an attempt is stopped before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// A person or a newer build stops it.
    Canceled,
    /// Its result is no longer wanted.
    Stale,
    /// This worker ends.
    Shutdown,
    /// Something of ours broke: what, in a sentence.
    Broken(String),
    /// The job wrote into its own report: how that was seen.
    Forged(String),
}

/// The switch of one attempt. The first who turns it says why.
#[derive(Debug, Clone, Default)]
pub(super) struct Halt {
    token: CancellationToken,
    why: Arc<OnceLock<Why>>,
}

impl Halt {
    /// Stops the attempt, for this reason unless it is being stopped for another.
    pub(super) fn stop(&self, why: Why) {
        // An earlier reason stays: it is what really ended the job.
        let _ = self.why.set(why);
        self.token.cancel();
    }

    /// Stops the attempt when the claim to it holds no longer.
    pub(super) fn heed(&self, claim: Claim) {
        match claim {
            Claim::Holds => {}
            Claim::Canceled => self.stop(Why::Canceled),
            Claim::Stale => self.stop(Why::Stale),
        }
    }

    /// Why it is being stopped, if it is.
    pub(super) fn why(&self) -> Option<&Why> {
        self.why.get()
    }

    /// Cancelled once it is stopped.
    pub(super) fn token(&self) -> &CancellationToken {
        &self.token
    }
}
