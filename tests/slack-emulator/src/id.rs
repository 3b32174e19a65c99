//! Ids as Slack's look, each given once.

/// Gives ids, one after the other.
#[derive(Debug, Default)]
pub struct Ids {
    last: u64,
    moment: u64,
}

impl Ids {
    /// The next id that begins so: `C000000007`.
    pub fn next(&mut self, prefix: &str) -> String {
        self.last += 1;
        let mut digits = [b'0'; 9];
        let mut rest = self.last;
        for digit in digits.iter_mut().rev() {
            *digit = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(rest % 36) as usize];
            rest /= 36;
        }
        format!("{prefix}{}", String::from_utf8_lossy(&digits))
    }

    /// The next id of an envelope, which is a UUID.
    pub fn uuid(&mut self) -> String {
        let hex = secret();
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
    }

    /// The `ts` of a message: the microsecond, or the next one that no message has.
    pub fn ts(&mut self, now: std::time::Duration) -> String {
        self.moment = u64::try_from(now.as_micros()).unwrap_or(u64::MAX).max(self.moment + 1);
        format!("{}.{:06}", self.moment / 1_000_000, self.moment % 1_000_000)
    }
}

/// 32 hexadecimal digits that nobody guesses.
pub fn secret() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    hex(&bytes)
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_messages_have_one_ts() {
        let mut ids = Ids::default();
        let now = std::time::Duration::from_millis(1_700_000_000_123);
        assert_eq!(ids.ts(now), "1700000000.123000");
        assert_eq!(ids.ts(now), "1700000000.123001");
        assert_eq!(ids.ts(now - std::time::Duration::from_secs(5)), "1700000000.123002");
    }
}
