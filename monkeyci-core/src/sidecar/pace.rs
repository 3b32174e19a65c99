//! How often something is asked.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The pause before the next question: longer and longer.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    most: Duration,
    next: Duration,
}

impl Pace {
    pub(super) fn between(least: Duration, most: Duration) -> Self {
        Self { most, next: least }
    }

    /// Waits; a little longer than the last time.
    pub(super) async fn wait(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next + self.next / 2).min(self.most);
    }

    /// Waits for up to as long, by lot, so that many who failed at once do not come back at once.
    pub(super) async fn wait_by_lot(&mut self) {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u8(0);
        let share = f64::from(u32::try_from(hasher.finish() >> 32).unwrap_or(0)) / f64::from(u32::MAX);
        tokio::time::sleep(self.next.mul_f64(share)).await;
        self.next = (self.next * 2).min(self.most);
    }
}
