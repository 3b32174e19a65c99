//! How often something may be asked.

use std::collections::BTreeMap;
use std::time::Duration;

/// How often a method may be called, by Slack's tiers: so often a minute for each app and workspace.
///
/// <https://docs.slack.dev/apis/web-api/rate-limits>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Once.
    One,
    /// 20 times.
    Two,
    /// 50 times.
    Three,
    /// 100 times.
    Four,
    /// Hundreds of times.
    Special,
    /// Once, for apps that are not in the Marketplace; else as tier three.
    Cut,
}

impl Tier {
    /// Calls in a minute.
    #[must_use]
    pub fn per_minute(self) -> u32 {
        match self {
            Self::One | Self::Cut => 1,
            Self::Two => 20,
            Self::Three => 50,
            Self::Four => 100,
            Self::Special => 600,
        }
    }
}

/// Messages that an app may post in a workspace within a minute, over all channels.
pub(crate) const POSTS: u32 = 300;

/// What was asked lately: buckets that fill up again as the clock goes on.
#[derive(Debug, Default)]
pub struct Limits {
    buckets: BTreeMap<String, Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// What is left, in parts of one call.
    left: f64,
    at: Duration,
}

impl Limits {
    /// Takes one call of a bucket that holds `size` and fills with `rate` a second; else the seconds to wait.
    pub(crate) fn take(&mut self, key: &str, size: u32, rate: f64, now: Duration) -> Result<(), u64> {
        let size = f64::from(size.max(1));
        let bucket = self.buckets.entry(key.to_owned()).or_insert(Bucket { left: size, at: now });
        let passed = now.saturating_sub(bucket.at).as_secs_f64();
        *bucket = Bucket { left: (bucket.left + passed * rate).min(size), at: now };
        // A clock that was put forward by exactly what was asked for is forward enough.
        if bucket.left >= 1.0 - 1e-6 {
            bucket.left = (bucket.left - 1.0).max(0.0);
            return Ok(());
        }
        let wait = ((1.0 - bucket.left) / rate - 1e-6).ceil().max(1.0);
        Err(wait.min(3600.0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_says_how_long_to_wait_and_then_lets_one_pass() {
        let (mut limits, start) = (Limits::default(), Duration::from_secs(1_000));
        for _ in 0..20 {
            assert_eq!(limits.take("a", 20, 20.0 / 60.0, start), Ok(()));
        }
        assert_eq!(limits.take("a", 20, 20.0 / 60.0, start), Err(3));
        assert_eq!(limits.take("b", 20, 20.0 / 60.0, start), Ok(()), "others are not asked to wait");
        assert_eq!(limits.take("a", 20, 20.0 / 60.0, start + Duration::from_secs(2)), Err(1));
        assert_eq!(limits.take("a", 20, 20.0 / 60.0, start + Duration::from_secs(3)), Ok(()));
    }
}
