//! When something is due that a subscription declares by a cron expression. Pure.

use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use monkeyci_client::model::Millis;
use monkeyci_client::rest::validate::Cron;

/// When it is due next after a moment; nothing where it never is. The server has taken the expression.
#[must_use]
pub fn next(cron: &Cron, after: Millis) -> Option<Millis> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let known = parser.parse(&cron.cron).ok()?;
    let zone = TimeZone::get(cron.timezone.as_deref().unwrap_or("UTC")).ok()?;
    let moment = Timestamp::from_millisecond(after).ok()?;
    let mut shown = zone.to_datetime(moment);
    // What the clock shows twice counts once; what it leaves out is due as it goes on.
    for _ in 0..3 {
        shown = known.find_next_occurrence(&shown, false).ok()?;
        let due = zone.to_ambiguous_zoned(shown).compatible().ok()?.timestamp();
        if due > moment {
            return Some(due.as_millisecond());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_by_the_clock_of_its_place() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time").as_millisecond();
        for (cron, zone, after, due) in [
            ("0 9 * * 1-5", Some("Europe/Berlin"), "2026-07-03T07:00:00Z", Some("2026-07-06T07:00:00Z")),
            ("0 9 * * 1-5", Some("Europe/Berlin"), "2026-07-03T06:59:59Z", Some("2026-07-03T07:00:00Z")),
            ("@daily", None, "2026-07-03T06:59:59Z", Some("2026-07-04T00:00:00Z")),
            // The night in which clocks go on.
            ("30 2 * * *", Some("Europe/Berlin"), "2026-03-29T00:30:00Z", Some("2026-03-29T01:30:00Z")),
            ("nonsense", None, "2026-07-03T06:59:59Z", None),
            ("* * * * *", Some("Mars/Olympus"), "2026-07-03T06:59:59Z", None),
        ] {
            let cron = Cron { cron: cron.into(), timezone: zone.map(str::to_owned) };
            assert_eq!(next(&cron, at(after)), due.map(at), "{cron:?}");
        }
    }
}
