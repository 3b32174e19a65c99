//! What makes it safe to try something again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// What `Retry-After` asks for, in whole seconds. The form with a date is rare and would need our clock to be right.
pub(crate) fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A key that no other request has.
pub(crate) fn key() -> String {
    format!("{:016x}{:016x}", lot(), lot())
}

/// Something from 0 to 1, by lot.
pub(crate) fn share() -> f64 {
    f64::from(u32::try_from(lot() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
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
    fn no_two_lots_are_alike() {
        assert_ne!(key(), key());
        assert!((0.0..=1.0).contains(&share()));
    }
}
