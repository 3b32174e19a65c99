//! `cron_next` and `cron_describe`.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use tfplugin::{Function, FunctionError, Object};

/// Times of the most that are asked for at once.
const MOST: u32 = 1000;

/// The next times at which a schedule with these is due, in RFC 3339. A time that the clock skips in spring is due as soon as it
/// has skipped it, and one that it shows twice in autumn is due the first time.
#[derive(Debug, Object)]
pub struct CronNext {
    /// Five fields of cron, as `monkeyci_schedule` has them.
    cron: String,
    /// The time zone by its IANA name.
    timezone: String,
    /// After which moment, in RFC 3339: `plantimestamp()`.
    after: String,
    /// How many, up to 1000.
    count: u32,
}

/// What five fields of cron mean, in English.
#[derive(Debug, Object)]
pub struct CronDescribe {
    /// Five fields of cron.
    cron: String,
}

impl Function for CronNext {
    type Output = Vec<String>;
    const NAME: &'static str = "cron_next";

    fn call(self) -> Result<Vec<String>, FunctionError> {
        let cron = parse(&self.cron)?;
        let zone = zone(&self.timezone).ok_or_else(|| {
            FunctionError::new("a time zone has a name such as `Europe/Brussels` or `UTC`").at("timezone")
        })?;
        let wrong = || FunctionError::new("a moment is written as `2026-11-22T00:00:00Z`").at("after");
        let mut moment: Timestamp = self.after.parse().map_err(|_| wrong())?;
        if self.count > MOST {
            return Err(FunctionError::new("up to 1000 times are told at once").at("count"));
        }
        let mut times = Vec::new();
        for _ in 0..self.count {
            let Some(due) = next(&cron, &zone, moment) else { break };
            moment = due;
            times.push(due.to_string());
        }
        Ok(times)
    }
}

impl Function for CronDescribe {
    type Output = String;
    const NAME: &'static str = "cron_describe";

    fn call(self) -> Result<String, FunctionError> {
        Ok(parse(&self.cron)?.describe())
    }
}

fn parse(text: &str) -> Result<Cron, FunctionError> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let cron = if text.len() > 256 { None } else { Some(parser.parse(text)) };
    let wrong =
        |why: String| FunctionError::new(format!("this is no cron expression of five fields: {why}")).at("cron");
    match cron {
        Some(Ok(cron)) => Ok(cron),
        Some(Err(error)) => Err(wrong(error.to_string())),
        None => Err(wrong("it is too long".into())),
    }
}

fn zone(name: &str) -> Option<TimeZone> {
    // Time zones come with the program, so that every machine plans the same.
    let found = TimeZoneDatabase::bundled().get(name).ok()?;
    found.iana_name().is_some_and(|name| name != "Etc/Unknown").then_some(found)
}

fn next(cron: &Cron, zone: &TimeZone, moment: Timestamp) -> Option<Timestamp> {
    let mut shown: DateTime = zone.to_datetime(moment);
    loop {
        shown = cron.find_next_occurrence(&shown, false).ok()?;
        let due = match zone.to_ambiguous_zoned(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(shown).ok()?,
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(shown).ok()?,
            AmbiguousOffset::Gap { before, .. } => {
                let after = before.to_timestamp(shown).ok()?.checked_add(SignedDuration::from_nanos(1)).ok()?;
                zone.preceding(after).next()?.timestamp()
            }
        };
        if due > moment {
            return Some(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(cron: &str, timezone: &str, after: &str, count: u32) -> Result<Vec<String>, FunctionError> {
        CronNext { cron: cron.into(), timezone: timezone.into(), after: after.into(), count }.call()
    }

    #[test]
    fn times_follow_the_clock_on_the_wall() {
        let night = times("30 2 * * *", "Europe/Brussels", "2026-03-27T12:00:00Z", 3).expect("times");
        assert_eq!(night, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
        let autumn = times("30 2 * * *", "Europe/Brussels", "2026-10-24T12:00:00Z", 2).expect("times");
        assert_eq!(autumn, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
        assert_eq!(times("0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z", 3).expect("none"), Vec::<String>::new());
        for (cron, timezone, after, count) in [
            ("0 0 * *", "UTC", "2026-01-01T00:00:00Z", 1),
            ("0 30 * * *", "UTC", "2026-01-01T00:00:00Z", 1),
            ("0 0 * * *", "Mars", "2026-01-01T00:00:00Z", 1),
            ("0 0 * * *", "UTC", "yesterday", 1),
            ("0 0 * * *", "UTC", "2026-01-01T00:00:00Z", 1001),
        ] {
            times(cron, timezone, after, count).expect_err(cron);
        }
    }
}
