//! When schedules are due, above all on the days on which clocks are moved.

use jiff::tz::TimeZoneDatabase;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;

use crate::trigger::{InvalidCron, InvalidSchedule, Schedule};

fn schedule(expression: &str, zone: &str) -> Schedule {
    Schedule::new(expression, zone).unwrap_or_else(|error| panic!("{expression}: {error}"))
}

/// All moments from `start` on, up to `end`, at which it is due, as `15 02:30+01:00`.
fn due(expression: &str, zone: &str, start: &str, end: &str) -> Vec<String> {
    let schedule = schedule(expression, zone);
    let zone = TimeZoneDatabase::bundled().get(zone).expect("a zone");
    let [start, end]: [Timestamp; 2] = [start, end].map(|text| text.parse().expect("a moment"));
    let mut moment = start.as_millisecond() - 1;
    let mut all = Vec::new();
    while let Some(next) = schedule.next_after(moment).filter(|next| *next < end.as_millisecond()) {
        assert!(next > moment, "{expression}: time goes on");
        assert!(all.len() < 10_000, "{expression}");
        let shown = Timestamp::from_millisecond(next).expect("a moment").to_zoned(zone.clone());
        all.push(shown.strftime("%d %H:%M%:z").to_string());
        moment = next;
    }
    all
}

#[test]
fn each_time_of_the_clock_is_due_once_on_days_that_are_short_or_long() {
    // (zone, a day on which the clock is moved, expression, when it is due)
    for (zone, start, end, expression, expected) in [
        // Forward from 02:00 to 03:00.
        (
            "Europe/Brussels",
            "2026-03-28T12:00Z",
            "2026-03-30T12:00Z",
            "30 2 * * *",
            &["29 03:00+02:00", "30 02:30+02:00"][..],
        ),
        ("Europe/Brussels", "2026-03-28T12:00Z", "2026-03-29T12:00Z", "0 3 * * *", &["29 03:00+02:00"]),
        (
            "Europe/Brussels",
            "2026-03-28T12:00Z",
            "2026-03-29T12:00Z",
            "15,45 2,3 * * *",
            &["29 03:00+02:00", "29 03:15+02:00", "29 03:45+02:00"],
        ),
        (
            "Europe/Brussels",
            "2026-03-28T22:00Z",
            "2026-03-29T03:00Z",
            "0 */2 * * *",
            &["29 00:00+01:00", "29 03:00+02:00", "29 04:00+02:00"],
        ),
        (
            "Europe/Brussels",
            "2026-03-28T23:30Z",
            "2026-03-29T02:30Z",
            "0 * * * *",
            &["29 01:00+01:00", "29 03:00+02:00", "29 04:00+02:00"],
        ),
        (
            "Europe/Brussels",
            "2026-03-28T23:50Z",
            "2026-03-29T01:50Z",
            "*/30 * * * *",
            &["29 01:00+01:00", "29 01:30+01:00", "29 03:00+02:00", "29 03:30+02:00"],
        ),
        // Back from 03:00 to 02:00.
        (
            "Europe/Brussels",
            "2026-10-24T12:00Z",
            "2026-10-26T12:00Z",
            "30 2 * * *",
            &["25 02:30+02:00", "26 02:30+01:00"],
        ),
        (
            "Europe/Brussels",
            "2026-10-24T12:00Z",
            "2026-10-25T12:00Z",
            "30 2,14 * * *",
            &["24 14:30+02:00", "25 02:30+02:00"],
        ),
        ("Europe/Brussels", "2026-10-24T12:00Z", "2026-10-25T12:00Z", "0 3 * * *", &["25 03:00+01:00"]),
        (
            "Europe/Brussels",
            "2026-10-24T23:00Z",
            "2026-10-25T02:30Z",
            "0 * * * *",
            &["25 01:00+02:00", "25 02:00+02:00", "25 02:00+01:00", "25 03:00+01:00"],
        ),
        (
            "Europe/Brussels",
            "2026-10-24T22:00Z",
            "2026-10-25T03:30Z",
            "0 */2 * * *",
            &["25 00:00+02:00", "25 02:00+02:00", "25 04:00+01:00"],
        ),
        // Forward at 02:00 and back at 02:00.
        ("America/New_York", "2026-03-08T05:00Z", "2026-03-08T12:00Z", "5 2 * * *", &["08 03:00-04:00"]),
        ("America/New_York", "2026-11-01T04:00Z", "2026-11-01T12:00Z", "5 1 * * *", &["01 01:05-04:00"]),
        // By half an hour only.
        ("Australia/Lord_Howe", "2026-10-03T13:00Z", "2026-10-03T18:00Z", "15 2 * * *", &["04 02:30+11:00"]),
        ("Australia/Lord_Howe", "2026-04-04T13:00Z", "2026-04-04T18:00Z", "45 1 * * *", &["05 01:45+11:00"]),
        // At midnight, so that a day begins at 01:00.
        (
            "America/Santiago",
            "2026-09-05T12:00Z",
            "2026-09-07T12:00Z",
            "0 0 * * *",
            &["06 01:00-03:00", "07 00:00-03:00"],
        ),
        ("America/Santiago", "2026-04-04T12:00Z", "2026-04-05T12:00Z", "30 23 * * *", &["04 23:30-03:00"]),
        // A whole day that never was, the 30th.
        (
            "Pacific/Apia",
            "2011-12-29T12:00Z",
            "2011-12-31T12:00Z",
            "0 9 * * *",
            &["29 09:00-10:00", "31 00:00+14:00", "31 09:00+14:00"],
        ),
        (
            "Pacific/Apia",
            "2011-12-30T06:00Z",
            "2011-12-30T14:00Z",
            "0 * * * *",
            &[
                "29 20:00-10:00",
                "29 21:00-10:00",
                "29 22:00-10:00",
                "29 23:00-10:00",
                "31 00:00+14:00",
                "31 01:00+14:00",
                "31 02:00+14:00",
                "31 03:00+14:00",
            ],
        ),
        // Never moved.
        ("UTC", "2026-03-29T00:30Z", "2026-03-29T03:30Z", "30 2 * * *", &["29 02:30+00:00"]),
        ("Asia/Kolkata", "2026-03-29T00:00Z", "2026-03-30T00:00Z", "0 6 * * *", &["29 06:00+05:30"]),
    ] {
        assert_eq!(due(expression, zone, start, end), expected, "{expression} in {zone}");
    }
}

#[test]
fn days_and_months_fit_by_number_and_by_name() {
    let first = |expression: &str| due(expression, "UTC", "2026-01-01T00:00Z", "2032-12-31T00:00Z").into_iter().next();
    for (expression, expected) in [
        ("0 0 29 FEB *", "29 00:00+00:00"),
        ("0 12 * * 1-5", "01 12:00+00:00"),
        ("0 12 * * sun", "04 12:00+00:00"),
        ("0 12 * * 7", "04 12:00+00:00"),
        ("0 12 * * FRI-SUN", "02 12:00+00:00"),
        ("5-10/5 4 2 jan,MAR *", "02 04:05+00:00"),
        ("0 0 L * *", "31 00:00+00:00"),
        ("0 0 * * MON#1", "05 00:00+00:00"),
        ("0 0 ? * 2", "06 00:00+00:00"),
        ("0 0 17W * *", "16 00:00+00:00"),
        ("0 0 * * FRI#L", "30 00:00+00:00"),
        ("0 0 20 * THU", "01 00:00+00:00"),
        ("0 0 13 * +FRI", "13 00:00+00:00"),
        ("@daily", "01 00:00+00:00"),
        ("@Weekly", "04 00:00+00:00"),
        (" 0  0 1 1 * ", "01 00:00+00:00"),
    ] {
        assert_eq!(first(expression).as_deref(), Some(expected), "{expression}");
    }
    let schedule = schedule(" @hourly ", "europe/brussels");
    assert_eq!((schedule.expression(), schedule.zone()), ("@hourly", "Europe/Brussels"));
    assert_eq!(schedule.next_after(0), Some(3_600_000));
    assert_eq!(schedule.next_after(-1), Some(0));
    assert_eq!(schedule.next_after(1), Some(3_600_000));
    assert_eq!(schedule.next_after(i64::MAX), None);
    assert_eq!(schedule.next_after(i64::MIN), None);
}

#[test]
fn a_mistake_is_shown_where_it_stands() {
    for (expression, told) in [
        ("", "and this has 0"),
        ("* * * *", "and this has 4"),
        ("0 * * * * *", "and this has 6: there is none for seconds or years"),
        ("* * * * * 2026", "and this has 6"),
        ("60 * * * *", "column 1, minute: `60` is not a number from 0 to 59"),
        ("* 24 * * *", "column 3, hour: `24` is not a number from 0 to 23"),
        ("0 0 0 * *", "column 5, day of the month: `0` is not a number from 1 to 31"),
        ("0 0 1 JANUARY *", "column 7, month: `JANUARY` is not a number from 1 to 12, or one of JAN to DEC"),
        ("0 0 * * 8", "column 9, day of the week: `8` is not a number from 0 to 7, or one of SUN to SAT"),
        ("0 0 * * MON,TEU", "column 13, day of the week: `TEU`"),
        ("1,2,,3 * * * *", "column 5, minute: `` is not a number"),
        ("*/0 * * * *", "column 1, minute: the step `0` is not a number from 1 to 59"),
        ("*/+5 * * * *", "column 3, minute: `+` has no meaning here"),
        ("*/60 * * * *", "the step `60`"),
        ("5/10 * * * *", "column 1, minute: a step needs a range: `*/10`, or `5-59/10`"),
        ("10-5 * * * *", "the range ends before it begins: `10-5`; write `10-59,0-5`"),
        ("0 0 * * FRI-MON", "ends before it begins"),
        ("1-2-3 * * * *", "`2-3` is not a number"),
        ("0 0 * *  é", "column 10, day of the week: `é` has no meaning here"),
        ("a * * * *", "column 1, minute: `a` is not a number"),
        ("0 0 L-99 * *", "column 5, day of the month"),
        ("0 0 * * MON#9", "column 9, day of the week"),
        ("@reboot", "`@reboot` is not known; these are: @hourly"),
        ("0 0 30 2 *", "no day fits `0 0 30 2 *`"),
        ("0 0 31 4,6,9,11 *", "no day fits"),
    ] {
        let error = Schedule::new(expression, "UTC").expect_err(expression).to_string();
        assert!(error.contains(told), "{expression}: {error}");
    }
    let long = InvalidSchedule::Cron(InvalidCron::Long);
    assert_eq!(Schedule::new(&"1,".repeat(200), "UTC").expect_err("too long"), long);
    for (zone, told) in [
        (
            "Europe/Brusels",
            "`Europe/Brusels` is no time zone; they have names such as `Europe/Brussels` or `UTC`: did you mean `Europe/Brussels`?",
        ),
        ("", "`` is no time zone"),
        ("../../etc/passwd", "is no time zone"),
        ("Etc/Unknown", "is no time zone"),
        ("+01:00", "is no time zone"),
    ] {
        let error = Schedule::new("@daily", zone).expect_err(zone).to_string();
        assert!(error.contains(told), "{error}");
    }
}

/// Every minute of the days around a move of the clock, asked of the clock itself.
fn expected(hour: i8, minute: i8, zone: &jiff::tz::TimeZone, from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let mut all = Vec::new();
    let mut day = zone.to_datetime(from).date().yesterday().expect("a day");
    while all.last().is_none_or(|last| *last < until) {
        // `compatible` is what people mean: the first of two, and a time that is skipped as much later. A time of the
        // clock that is skipped is due when the clock is moved, which is before that.
        let wanted = day.at(hour, minute, 0, 0);
        let compatible = zone.to_ambiguous_zoned(wanted).compatible().expect("a moment").timestamp();
        let is_skipped = zone.to_datetime(compatible) != wanted;
        let moved = || zone.preceding(compatible + SignedDuration::from_nanos(1)).next().expect("a move").timestamp();
        all.push(if is_skipped { moved() } else { compatible });
        day = day.tomorrow().expect("a day");
    }
    all.retain(|moment| (from..until).contains(moment));
    all.dedup();
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn what_is_due_daily_is_due_once_for_each_day(
        zone in any::<prop::sample::Index>(),
        year in 1975..2100_i16,
        which in 0..2_usize,
        hour in prop_oneof![3 => 0..4_i8, 1 => 0..24_i8],
        minute in 0..60_i8,
    ) {
        let zones = TimeZoneDatabase::bundled();
        let names: Vec<String> = zones.available().map(|name| name.to_string()).filter(|name| name != "Etc/Unknown").collect();
        let name = zone.get(&names);
        let zone = zones.get(name).expect("a zone");
        let start = jiff::civil::date(year, 1, 1).at(0, 0, 0, 0).to_zoned(zone.clone()).expect("a day").timestamp();
        let around = zone.following(start).nth(which).map_or(start, |moved| moved.timestamp());
        let (from, until) = (around - SignedDuration::from_hours(50), around + SignedDuration::from_hours(74));
        let schedule = schedule(&format!("{minute} {hour} * * *"), name);
        let mut all = Vec::new();
        let mut moment = from.as_millisecond() - 1;
        while let Some(next) = schedule.next_after(moment).filter(|next| *next < until.as_millisecond()) {
            all.push(Timestamp::from_millisecond(next).expect("a moment"));
            moment = next;
        }
        prop_assert_eq!(all, expected(hour, minute, &zone, from, until), "{} {}:{}", name, hour, minute);
    }

    #[test]
    fn it_does_not_matter_from_which_moment_one_asks(
        expression in prop::sample::select(vec!["30 2 * * *", "*/20 * * * *", "0 */3 * * *", "7 0-4 * * SUN", "45 * * * *"]),
        zone in prop::sample::select(vec!["Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "America/Santiago"]),
        which in 0..8_usize,
        minutes in -3000..3000_i64,
    ) {
        let schedule = schedule(expression, zone);
        let zone = TimeZoneDatabase::bundled().get(zone).expect("a zone");
        let start: Timestamp = "2026-01-01T00:00Z".parse().expect("a moment");
        let moved = zone.following(start).nth(which).expect("a move").timestamp();
        let moment = (moved + minutes.minutes()).as_millisecond();
        let next = schedule.next_after(moment).expect("there is always one");
        // Whatever lies between the two gives the same answer, and nothing is due in between.
        for between in [moment + 1, (moment + next) / 2, next - 1] {
            prop_assert_eq!(schedule.next_after(between.clamp(moment, next - 1)), Some(next));
        }
        prop_assert_eq!(next % 60_000, 0, "at most once a minute");
        prop_assert!(schedule.next_after(next) > Some(next));
    }

    #[test]
    fn no_text_makes_a_schedule_panic(
        text in "([*0-9/,LW#?@a-zA-Z+-]{1,5} ?){0,7}",
        zone in "[A-Za-z/_.+0-9-]{0,12}",
        moment in any::<i64>(),
    ) {
        let _ = Schedule::new("@daily", &zone);
        if let Ok(schedule) = Schedule::new(&text, "Europe/Brussels") {
            let _ = schedule.next_after(moment);
        }
    }
}
