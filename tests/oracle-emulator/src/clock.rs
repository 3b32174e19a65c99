//! The double's own time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

/// Time as the double has it: the machine's, some way before or behind, or standing.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    set: Mutex<Set>,
    wound: Notify,
}

#[derive(Debug, Clone, Copy, Default)]
struct Set {
    /// Milliseconds before the machine's clock.
    ahead: i64,
    /// Where it stands, if it does not run.
    stands: Option<SystemTime>,
}

impl Clock {
    /// What time it is.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let set = *self.set();
        set.stands.unwrap_or_else(|| shifted(SystemTime::now(), set.ahead))
    }

    /// Sets it this many seconds before the machine's clock, or behind it; it runs from there.
    pub fn set_ahead(&self, seconds: i64) {
        *self.set() = Set { ahead: seconds.saturating_mul(1000), stands: None };
        self.inner.wound.notify_waiters();
    }

    /// Winds it forward.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        {
            let mut set = self.set();
            set.ahead = set.ahead.saturating_add(millis);
            set.stands = set.stands.map(|time| time + by);
        }
        self.inner.wound.notify_waiters();
    }

    /// Lets it stand at a time, until it is set or wound.
    pub fn stand(&self, at: SystemTime) {
        self.set().stands = Some(at);
        self.inner.wound.notify_waiters();
    }

    /// Waits until a time has come.
    pub async fn until(&self, time: SystemTime) {
        loop {
            let wound = self.inner.wound.notified();
            tokio::pin!(wound);
            wound.as_mut().enable();
            let Ok(left) = time.duration_since(self.now()) else { return };
            if left.is_zero() {
                return;
            }
            if self.set().stands.is_some() {
                wound.await;
            } else {
                // Whichever is first; the time is looked at again in both cases.
                drop(tokio::time::timeout(left, wound).await);
            }
        }
    }

    /// Waits for a while of its time.
    pub async fn sleep(&self, millis: u64) {
        self.until(self.now() + Duration::from_millis(millis)).await;
    }

    fn set(&self) -> MutexGuard<'_, Set> {
        self.inner.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shifted(time: SystemTime, millis: i64) -> SystemTime {
    let by = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 { time - by } else { time + by }
}
