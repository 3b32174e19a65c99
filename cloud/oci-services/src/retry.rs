//! How often and when a call is sent again.

use std::time::Duration;

/// How often and when a call is sent again.
///
/// Each pause is drawn between nothing and twice the last limit ("full jitter"), so that many who were refused at once do
/// not come back at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How often a call is sent at most. One is no retry.
    pub attempts: u32,
    /// How long after the first one none is begun any more.
    pub within: Duration,
    /// The longest first pause.
    pub base: Duration,
    /// The longest of all pauses, and of those that a service asks for.
    pub most: Duration,
}

impl Default for Retry {
    /// As Oracle's own clients: eight attempts within ten minutes, pauses of up to 1, 2, 4 … 30 seconds.
    fn default() -> Self {
        Self {
            attempts: 8,
            within: Duration::from_secs(600),
            base: Duration::from_secs(1),
            most: Duration::from_secs(30),
        }
    }
}

impl Retry {
    /// Sends each call once.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The pause after an attempt, from 1, that begins `since` the first; none where no other follows. `asked` is what the
    /// service asked for.
    #[must_use]
    pub fn pause(&self, attempt: u32, since: Duration, asked: Option<Duration>) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let limit = self.base.saturating_mul(1 << (attempt - 1).min(20)).min(self.most);
        let pause = jitter(limit) + asked.unwrap_or_default().min(self.most);
        (since.saturating_add(pause) <= self.within).then_some(pause)
    }
}

/// Some time between nothing and `limit`.
#[must_use]
pub fn jitter(limit: Duration) -> Duration {
    // Without chance, all of them wait alike, which is worse and not wrong.
    let drawn = getrandom::u32().unwrap_or(u32::MAX / 2);
    limit.mul_f64(f64::from(drawn) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_end() {
        let retry = Retry {
            attempts: 5,
            within: Duration::from_secs(60),
            base: Duration::from_secs(1),
            most: Duration::from_secs(3),
        };
        for _ in 0..200 {
            for (attempt, limit) in [(1, 1), (2, 2), (3, 3), (4, 3)] {
                let pause = retry.pause(attempt, Duration::ZERO, None).expect("another one");
                assert!(pause <= Duration::from_secs(limit), "{pause:?} after {attempt}");
            }
        }
        assert_eq!(retry.pause(5, Duration::ZERO, None), None);
        assert_eq!(retry.pause(1, Duration::from_secs(61), None), None);
        let asked = retry.pause(1, Duration::ZERO, Some(Duration::from_secs(2))).expect("another one");
        assert!(asked >= Duration::from_secs(2), "{asked:?}");
        let asked = retry.pause(1, Duration::ZERO, Some(Duration::from_secs(3600))).expect("another one");
        assert!(asked <= Duration::from_secs(4), "a service cannot have us wait for ever: {asked:?}");
        assert_eq!(Retry::never().pause(1, Duration::ZERO, None), None);
    }

    #[test]
    fn pauses_differ() {
        let drawn: std::collections::BTreeSet<_> = (0..50).map(|_| jitter(Duration::from_secs(1))).collect();
        assert!(drawn.len() > 40, "{drawn:?}");
    }
}
