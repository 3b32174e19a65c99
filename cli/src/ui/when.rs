//! When something was, for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use monkeyci_core::model::Millis;

const MINUTE: Millis = 60 * 1000;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/// How long before `now` it was, or how long after: `12 s ago`, `in 3 h`; the date when it is far away.
pub fn about(time: Millis, now: Millis) -> String {
    let (distance, before) = (now.saturating_sub(time).saturating_abs(), time <= now);
    let text = match distance {
        0..MINUTE => format!("{} s", distance / 1000),
        MINUTE..HOUR => format!("{} min", distance / MINUTE),
        HOUR..DAY => format!("{} h", distance / HOUR),
        _ if distance < 14 * DAY => format!("{} d", distance / DAY),
        _ => return date(time),
    };
    if before { format!("{text} ago") } else { format!("in {text}") }
}

/// The day, in this machine's time zone.
fn date(time: Millis) -> String {
    match Timestamp::from_millisecond(time) {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d").to_string(),
        // A server may say anything.
        Err(_) => "at no time".into(),
    }
}

/// The time by this machine's clock.
pub fn now() -> Millis {
    Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_they_are_near_or_far() {
        let now = 1_700_000_000_000;
        let shown = [0, 59_999, -MINUTE, 90 * MINUTE, -3 * DAY].map(|before| about(now - before, now));
        assert_eq!(shown, ["0 s ago", "59 s ago", "in 1 min", "1 h ago", "in 3 d"]);
        assert!(about(now - 400 * DAY, now).starts_with("2022-10-"));
        assert_eq!(about(Millis::MIN, Millis::MAX), "at no time");
    }
}
