//! Of several replicas one tells: the one that holds a key in the store. All others answer, and watch that it lives.

use std::time::{Duration, Instant};

use monkeyci_client::ClientError;
use serde::{Deserialize, Serialize};

use crate::house::word;
use crate::shelf::Shelf;

/// The key.
const KEY: &str = "leader";

/// How often who leads says that it lives.
pub const BEAT: Duration = Duration::from_secs(5);

/// So long without a word, and another leads. Clocks are not compared: it is how long one has watched.
pub const SILENCE: Duration = Duration::from_secs(16);

/// Who leads, and how often they have said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Leader {
    who: String,
    beat: u64,
}

/// A replica that leads, or would.
pub struct Candidate {
    shelf: Shelf,
    me: String,
    beat: u64,
    seen: Option<(u64, Instant)>,
}

impl Candidate {
    /// One that does not lead yet.
    #[must_use]
    pub fn new(shelf: Shelf) -> Self {
        Self { shelf, me: word(), beat: 0, seen: None }
    }

    /// Whether it leads now. To be asked at each beat.
    ///
    /// # Errors
    /// When the server cannot be asked: then it leads no more.
    pub async fn leads(&mut self) -> Result<bool, ClientError> {
        let there = self.shelf.read::<Leader>(KEY).await?;
        let version = match &there {
            None => None,
            Some((leader, version)) if leader.who == self.me => Some(*version),
            Some((_, version)) => {
                let since = match self.seen {
                    Some((seen, since)) if seen == *version => since,
                    _ => {
                        let now = Instant::now();
                        self.seen = Some((*version, now));
                        now
                    }
                };
                if since.elapsed() < SILENCE {
                    return Ok(false);
                }
                Some(*version)
            }
        };
        self.beat += 1;
        let leader = Leader { who: self.me.clone(), beat: self.beat };
        match self.shelf.write(KEY, &leader, version, Some(3600)).await {
            Ok(_) => Ok(true),
            Err(ClientError::Conflict(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Leads no more, so that another need not wait.
    pub async fn resign(&self) {
        let is_mine = self
            .shelf
            .read::<Leader>(KEY)
            .await
            .is_ok_and(|there| there.is_some_and(|(leader, _)| leader.who == self.me));
        if is_mine && let Err(error) = self.shelf.forget(KEY).await {
            tracing::warn!(%error, "another waits until it leads");
        }
    }
}
