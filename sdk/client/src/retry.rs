//! When something is tried again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// Times that a request is sent, at most.
pub(crate) const TRIES: u32 = 4;

/// The wait after the first failure; each further one doubles it.
const FIRST: Duration = Duration::from_millis(250);

/// No wait is longer, whatever a server asks for.
pub(crate) const LONGEST: Duration = Duration::from_secs(30);

/// How long to wait after so many failures, from 1: between half of the doubling wait and all of it, so that those who
/// failed together do not come back together. What the server asked for is waited for at least.
pub(crate) fn wait(failures: u32, asked: Option<Duration>) -> Duration {
    let whole = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST);
    let half = whole / 2;
    let share = f64::from(u32::try_from(lot() >> 32).unwrap_or(0)) / f64::from(u32::MAX);
    (half + half.mul_f64(share)).max(asked.unwrap_or_default()).min(LONGEST)
}

/// What `Retry-After` asks for, in whole seconds. The form with a date is rare and would need our clock to be right.
pub(crate) fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A key that no other request has.
pub(crate) fn key() -> String {
    format!("{:016x}{:016x}", lot(), lot())
}

/// A number drawn by lot: the standard library seeds its hashers with the system's randomness. No secret hangs on it.
fn lot() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u8(0);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_heed_what_the_server_asks() {
        for (failures, most) in [(1, 250), (2, 500), (3, 1000), (8, 30_000), (4000, 30_000)] {
            let waited = wait(failures, None).as_millis();
            assert!((most / 2..=most).contains(&waited), "{failures}: {waited}");
        }
        assert_eq!(wait(1, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(wait(1, Some(Duration::MAX)), LONGEST);
        assert_ne!(key(), key());
    }
}
