//! The time that services have, which is not always that of the machine.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

/// Services take dates that are less than five minutes off. From here on a refusal may be for that.
const OFF: Duration = Duration::from_secs(4 * 60);

/// A clock that can be set by what a service says.
#[derive(Debug, Default)]
pub struct Clock {
    /// Milliseconds that the machine's is behind.
    behind: AtomicI64,
}

impl Clock {
    /// The time now.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let behind = self.behind.load(Ordering::Relaxed);
        let by = Duration::from_millis(behind.unsigned_abs());
        let now = SystemTime::now();
        let told = if behind < 0 { now.checked_sub(by) } else { now.checked_add(by) };
        told.unwrap_or(now)
    }

    /// How far the machine's own clock is off, where that is known and as much as would be refused; positive where it is
    /// behind.
    #[must_use]
    pub fn behind_by(&self) -> i64 {
        self.behind.load(Ordering::Relaxed) / 1000
    }

    /// Sets it by the `Date` of an answer to a request that was signed at a moment; false where that is no further off
    /// than services take, or makes no sense.
    pub fn set_by(&self, date: &str, signed: SystemTime) -> bool {
        let Ok(told) = httpdate::parse_http_date(date) else { return false };
        let off = told.duration_since(signed).or_else(|_| signed.duration_since(told)).unwrap_or_default();
        if off < OFF {
            return false;
        }
        let now = SystemTime::now();
        let millis = |by: Duration| i64::try_from(by.as_millis()).unwrap_or(0);
        let behind = match told.duration_since(now) {
            Ok(by) => millis(by),
            Err(error) => -millis(error.duration()),
        };
        self.behind.store(behind, Ordering::Relaxed);
        true
    }
}
