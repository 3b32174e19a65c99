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

/// The switch of one attempt.
///
/// The first who turns it says why, because that is what really ended the job. That an attempt is stale counts besides,
/// whenever it is said: from then on nothing of it may take effect, whatever stopped it first.
#[derive(Debug, Clone, Default)]
pub(super) struct Halt {
    token: CancellationToken,
    stale: CancellationToken,
    why: Arc<OnceLock<Why>>,
}

impl Halt {
    /// Stops the attempt, for this reason unless it is being stopped for another.
    pub(super) fn stop(&self, why: Why) {
        if why == Why::Stale {
            self.stale.cancel();
        }
        self.why.get_or_init(|| why);
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

    /// Whether nobody wants its result any more.
    pub(super) fn is_stale(&self) -> bool {
        self.stale.is_cancelled()
    }

    /// Cancelled once it is stopped.
    pub(super) fn token(&self) -> &CancellationToken {
        &self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_stays_and_an_attempt_that_is_stale_is_so_for_good() {
        let halt = Halt::default();
        halt.heed(Claim::Holds);
        assert!(!halt.token().is_cancelled());
        halt.heed(Claim::Canceled);
        assert!(halt.token().is_cancelled() && !halt.is_stale());
        halt.heed(Claim::Stale);
        halt.heed(Claim::Canceled);
        assert_eq!((halt.why(), halt.is_stale()), (Some(&Why::Canceled), true));
    }
}
