//! When something is due again and again.

use croner::Cron;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use monkeyci_model::Millis;

use super::cron::{self, InvalidCron};
use crate::script::nearest::did_you_mean;

/// A cron expression in a time zone.
///
/// It is due at the times of the clock on the wall that fit the expression, at most once a minute, and each of them counts
/// once: a time that the clock skips in spring is due as soon as the clock has skipped it, and one that it shows twice in
/// autumn is due the first time. Where every hour fits, it is due by the hours that pass: what is skipped is not due, and
/// what is shown twice is due twice.
///
/// Time zones come with the program, so that its replicas never disagree.
///
/// ```
/// use monkeyci_core::trigger::Schedule;
///
/// let nightly = Schedule::new("30 2 * * MON-FRI", "Europe/Brussels")?;
/// let friday = 1_793_316_600_000; // 2026-10-30T00:30:00+01:00
/// assert_eq!(nightly.next_after(friday), Some(friday + 2 * 3_600_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    cron: Cron,
    zone: TimeZone,
}

/// Why something is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    /// Its expression cannot be read.
    #[error(transparent)]
    Cron(#[from] InvalidCron),
    /// There is no such time zone.
    #[error(
        "`{}` is no time zone; they have names such as `Europe/Brussels` or `UTC`{}",
        .name.escape_debug(), .hint.as_deref().unwrap_or_default()
    )]
    Zone {
        /// What was given.
        name: String,
        /// Which one may be meant.
        hint: Option<String>,
    },
}

impl Schedule {
    /// Reads an expression of five fields (or `@daily` and the like), and the name of a time zone by IANA.
    ///
    /// # Errors
    /// When one of them cannot be read, or no day ever fits.
    pub fn new(expression: &str, zone: &str) -> Result<Self, InvalidSchedule> {
        let text = expression.trim().to_owned();
        let schedule = Self { cron: cron::parse(expression)?, zone: find(zone)?, text };
        // Whatever fits any day does so within the 28 years after which the days of the week repeat, or the 40 around the
        // end of a century.
        if schedule.fits_after(DateTime::constant(2000, 1, 1, 0, 0, 0, 0)).is_none() {
            return Err(InvalidCron::Never(schedule.text).into());
        }
        Ok(schedule)
    }

    /// Its expression, as it was written.
    #[must_use]
    pub fn expression(&self) -> &str {
        &self.text
    }

    /// The name of its time zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// When it is due next after a moment; both in milliseconds since 1970. None after the year 4999.
    #[must_use]
    pub fn next_after(&self, moment: Millis) -> Option<Millis> {
        let moment = Timestamp::from_millisecond(moment).ok()?;
        let due = if self.is_of_every_hour() { self.by_hours(moment) } else { self.by_clock(moment) };
        due.map(Timestamp::as_millisecond)
    }

    fn is_of_every_hour(&self) -> bool {
        (0..24).all(|hour| self.cron.pattern.hour_match(hour).unwrap_or(false))
    }

    /// Each fitting time of the clock once. What the clock shows twice is passed over as long as it is the second time.
    fn by_clock(&self, moment: Timestamp) -> Option<Timestamp> {
        let mut shown = self.zone.to_datetime(moment);
        loop {
            shown = self.fits_after(shown)?;
            let due = match self.zone.to_ambiguous_zoned(shown).offset() {
                AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(shown).ok()?,
                // Before the clock goes back, this is the offset.
                AmbiguousOffset::Fold { before, .. } => before.to_timestamp(shown).ok()?,
                // It would have been this moment, had the clock not been moved: the clock is moved just before.
                AmbiguousOffset::Gap { before, .. } => self.moved_before(before.to_timestamp(shown).ok()?)?,
            };
            if due > moment {
                return Some(due);
            }
        }
    }

    /// The last moment at which the clock was moved, up to this one.
    fn moved_before(&self, moment: Timestamp) -> Option<Timestamp> {
        let after = moment.checked_add(jiff::SignedDuration::from_nanos(1)).ok()?;
        self.zone.preceding(after).next().map(|transition| transition.timestamp())
    }

    /// The fitting times of the clock as it runs, between one move of it and the next.
    fn by_hours(&self, moment: Timestamp) -> Option<Timestamp> {
        let offset = self.zone.to_offset(moment);
        let mut shown = offset.to_datetime(moment);
        let mut offset = offset;
        for moved in self.zone.following(moment) {
            let due = offset.to_timestamp(self.fits_after(shown)?).ok()?;
            if due < moved.timestamp() {
                return Some(due);
            }
            // From here on, with this moment itself.
            offset = moved.offset();
            shown = offset.to_datetime(moved.timestamp()).checked_sub(jiff::SignedDuration::from_secs(1)).ok()?;
        }
        offset.to_timestamp(self.fits_after(shown)?).ok()
    }

    /// The next fitting time of the clock, whether the clock shows it or not.
    fn fits_after(&self, shown: DateTime) -> Option<DateTime> {
        self.cron.find_next_occurrence(&shown, false).ok()
    }
}

fn find(name: &str) -> Result<TimeZone, InvalidSchedule> {
    let zones = TimeZoneDatabase::bundled();
    let found = zones.get(name).ok().filter(|zone| zone.iana_name().is_some_and(|name| name != "Etc/Unknown"));
    found.ok_or_else(|| {
        let known: Vec<String> = zones.available().map(|name| name.to_string()).collect();
        let hint = did_you_mean(name, known.iter().map(String::as_str)).map(|hint| format!(": {hint}"));
        InvalidSchedule::Zone { name: name.chars().take(100).collect(), hint }
    })
}
