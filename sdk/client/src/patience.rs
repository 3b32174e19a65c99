//! How long a client bears with a server that does not answer as it should.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use crate::retry;

/// How long a client bears with a server that does not answer as it should.
///
/// ```
/// # use std::time::Duration;
/// # use monkeyci_client::{Client, Patience};
/// let client = Client::new("https://ci.example.com", Some("mci_…"))?
///     .with_patience(Patience { retries: 8, parallel: Some(4), ..Patience::default() });
/// # Ok::<(), monkeyci_client::ClientError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// Times that a request is sent once more, at the most.
    pub retries: u32,
    /// The wait before the first of these; each further one is twice as long. Between half of it and all of it is waited, by
    /// lot, so that those who failed together do not come back together.
    pub first: Duration,
    /// No wait is longer. A server that asks for a longer one is not waited for: what it says is the error.
    pub longest: Duration,
    /// An answer that is read whole has so long to come. What is followed has it for its first line only.
    pub answer: Duration,
    /// Requests that are on their way at the same time, at the most; any number where nothing is said. Streams that are
    /// followed do not count.
    pub parallel: Option<usize>,
}

impl Default for Patience {
    /// Three more times, from 250 ms on; 30 s for each answer and each wait.
    fn default() -> Self {
        Self {
            retries: 3,
            first: Duration::from_millis(250),
            longest: Duration::from_secs(30),
            answer: Duration::from_secs(30),
            parallel: None,
        }
    }
}

impl Patience {
    /// How long to wait after so many failures, from 1. What the server asked for is waited for at least.
    pub(crate) fn wait(&self, failures: u32, asked: Option<Duration>) -> Duration {
        let whole = self.first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(self.longest);
        let half = whole / 2;
        (half + half.mul_f64(retry::share())).max(asked.unwrap_or_default()).min(self.longest)
    }
}

/// The waits of a client and its clones.
#[derive(Debug)]
pub(crate) struct Waits {
    pub(crate) patience: Patience,
    room: Option<Semaphore>,
    given_up: CancellationToken,
}

impl Waits {
    pub(crate) fn new(patience: Patience) -> Self {
        let room = patience.parallel.map(|most| Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
        Self { patience, room, given_up: CancellationToken::new() }
    }

    /// Has them all end.
    pub(crate) fn give_up(&self) {
        self.given_up.cancel();
    }

    /// Waits until there is room for one more request.
    pub(crate) async fn room(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.room.as_ref()?.acquire().await.ok()
    }

    /// Waits so long; `false` where it ended early because it was given up.
    pub(crate) async fn pause(&self, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.given_up.cancelled() => false,
            () = tokio::time::sleep(time) => true,
        }
    }

    /// Waits until it is given up, and then so long.
    pub(crate) async fn ended(&self, grace: Duration) {
        self.given_up.cancelled().await;
        tokio::time::sleep(grace).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_heed_what_the_server_asks() {
        let patience = Patience::default();
        for (failures, most) in [(1, 250), (2, 500), (3, 1000), (8, 30_000), (4000, 30_000)] {
            let waited = patience.wait(failures, None).as_millis();
            assert!((most / 2..=most).contains(&waited), "{failures}: {waited}");
        }
        assert_eq!(patience.wait(1, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(patience.wait(1, Some(Duration::MAX)), patience.longest);
    }
}
