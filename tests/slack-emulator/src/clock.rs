//! Time as the emulator tells it: it runs as fast as it is told to, or stands, and may be put forward.

use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

/// A clock that tests wind. What waits for a moment of it goes on as soon as the clock is put there.
pub struct Clock {
    reading: watch::Sender<Reading>,
}

/// What the clock showed at a moment of the machine's own, and how fast it has run since.
#[derive(Clone, Copy)]
struct Reading {
    shown: Duration,
    at: Instant,
    speed: f64,
}

impl Reading {
    fn now(&self) -> Duration {
        self.shown + self.at.elapsed().mul_f64(self.speed)
    }
}

impl Clock {
    /// A clock that shows the time of day and runs as time does.
    #[must_use]
    pub fn new() -> Self {
        let shown = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { reading: watch::Sender::new(Reading { shown, at: Instant::now(), speed: 1.0 }) }
    }

    /// The time since 1970.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.reading.borrow().now()
    }

    /// Puts the clock forward.
    pub fn advance(&self, by: Duration) {
        self.wind(|now, speed| (now.saturating_add(by), speed));
    }

    /// Seconds of the clock in a second of the machine: 1 as time runs, 0 to let it stand.
    pub fn run(&self, speed: f64) {
        let speed = if speed.is_finite() { speed.clamp(0.0, 1e6) } else { 0.0 };
        self.wind(|now, _| (now, speed));
    }

    fn wind(&self, to: impl FnOnce(Duration, f64) -> (Duration, f64)) {
        self.reading.send_modify(|reading| {
            let (shown, speed) = to(reading.now(), reading.speed);
            *reading = Reading { shown, at: Instant::now(), speed };
        });
    }

    /// Waits until the clock shows `moment`.
    pub async fn reach(&self, moment: Duration) {
        let mut wound = self.reading.subscribe();
        loop {
            let Reading { speed, .. } = *wound.borrow_and_update();
            let now = self.now();
            if now >= moment {
                return;
            }
            let wait = if speed > 0.0 { (moment - now).div_f64(speed) } else { Duration::MAX };
            // A day at most: an hour of a clock that hardly moves is no number that a timer takes.
            let wait = wait.clamp(Duration::from_millis(1), Duration::from_secs(86_400));
            let _late = tokio::time::timeout(wait, wound.changed()).await;
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_waits_for_a_moment_goes_on_when_the_clock_is_put_there() {
        let clock = Clock::new();
        clock.run(0.0);
        let start = clock.now();
        let waiting = clock.reach(start + Duration::from_secs(300));
        tokio::pin!(waiting);
        let early = tokio::time::timeout(Duration::from_millis(10), &mut waiting).await;
        assert!(early.is_err(), "a clock that stands comes to no moment");
        clock.advance(Duration::from_secs(299));
        assert!(tokio::time::timeout(Duration::from_millis(10), &mut waiting).await.is_err());
        clock.advance(Duration::from_secs(1));
        waiting.await;
        assert_eq!(clock.now(), start + Duration::from_secs(300));
    }

    #[tokio::test]
    async fn a_fast_clock_gets_there_by_itself() {
        let clock = Clock::new();
        clock.run(10_000.0);
        clock.reach(clock.now() + Duration::from_secs(60)).await;
    }
}
