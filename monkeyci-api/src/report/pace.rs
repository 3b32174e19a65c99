//! When a forge is tried to be told again.

use std::time::Duration;

use crate::random;

/// The wait after the first failure; each further one doubles it.
const FIRST: Duration = Duration::from_millis(500);

/// No wait is longer, unless the forge asks for that.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// How long to wait after so many failures before: between half of the doubling wait and all of it, so that what failed
/// together does not come back together. What the forge asked for is waited for at least.
#[must_use]
pub fn wait(failures: u64, asked: Option<Duration>) -> Duration {
    let doublings = u32::try_from(failures.min(16)).unwrap_or(16);
    let half = FIRST.saturating_mul(1 << doublings).min(LONGEST) / 2;
    let share = f64::from(random::bytes::<1>()[0]) / f64::from(u8::MAX);
    (half + half.mul_f64(share)).max(asked.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_heed_what_the_forge_asks() {
        for (failures, most) in [(0, 500), (1, 1000), (4, 8000), (16, 600_000), (u64::MAX, 600_000)] {
            let waited = wait(failures, None).as_millis();
            assert!((most / 2..=most).contains(&waited), "{failures}: {waited}");
        }
        assert_eq!(wait(0, Some(Duration::from_secs(3600))), Duration::from_secs(3600));
    }
}
