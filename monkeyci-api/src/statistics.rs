//! How builds went over some time: what was counted becomes figures.

use std::collections::BTreeMap;

use monkeyci_core::model::Millis;
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::Statistics;
use monkeyci_rest::statistics::{Day, FlakyTest, JobStatistics, Spread};

use crate::table::statistics::{self as counted, DAY, Flake, Runs, Turn, Window};

/// Jobs that are told of.
const JOBS: usize = 50;

/// Tests that are told of.
const TESTS: usize = 50;

/// How the builds of a window went.
///
/// # Errors
/// When it cannot be read.
pub fn statistics(sql: &mut dyn Sql, window: &Window) -> Result<Statistics, StoreError> {
    let mut days: BTreeMap<i64, Day> = BTreeMap::new();
    for day in window.from.div_euclid(DAY)..=(window.until - 1).div_euclid(DAY) {
        days.insert(day, Day { time: day * DAY, ..Day::default() });
    }
    for found in counted::days(sql, window)? {
        let Some(day) = days.get_mut(&found.day) else { continue };
        let place = match found.status.as_str() {
            "success" => &mut day.success,
            "failure" => &mut day.failure,
            "error" => &mut day.error,
            "canceled" => &mut day.canceled,
            _ => &mut day.open,
        };
        *place += found.count;
    }
    let (mut all, mut of_day) = (Times::default(), BTreeMap::<i64, Times>::new());
    for took in counted::durations(sql, window)? {
        all.add(took.millis, took.count);
        of_day.entry(took.day).or_default().add(took.millis, took.count);
    }
    for (day, times) in of_day {
        if let Some(day) = days.get_mut(&day) {
            day.duration = times.spread();
        }
    }
    let (sample, waited) = counted::waits(sql, window)?;
    let mut wait = Times::default();
    waited.into_iter().for_each(|(millis, count)| wait.add(millis, count));
    let (recovery, broken) = recovery(&counted::turns(sql, window)?);
    Ok(Statistics {
        from: window.from,
        until: window.until,
        days: days.into_values().collect(),
        sample,
        duration: all.spread(),
        wait: wait.spread(),
        recovery,
        broken,
        jobs: jobs(counted::jobs(sql, window)?),
        flaky_tests: flaky_tests(counted::flakes(sql, window)?),
    })
}

/// How often something took how long.
#[derive(Debug, Default)]
struct Times(BTreeMap<Millis, u64>);

impl Times {
    fn add(&mut self, millis: Millis, count: u64) {
        *self.0.entry(millis).or_default() += count;
    }

    fn spread(&self) -> Option<Spread> {
        let count: u64 = self.0.values().sum();
        let at = |part: u64| {
            // The least that is no shorter than that part of them.
            let wanted = (count * part).div_ceil(100).max(1);
            let mut seen = 0;
            self.0.iter().find_map(|(millis, count)| {
                seen += count;
                (seen >= wanted).then_some(*millis)
            })
        };
        Some(Spread { count, p50: at(50)?, p95: at(95)? })
    }
}

fn jobs(runs: Vec<Runs>) -> Vec<JobStatistics> {
    let mut all: BTreeMap<_, (JobStatistics, Times)> = BTreeMap::new();
    for Runs { repo, job, status, millis, count, again } in runs {
        let (figures, times) = all.entry((repo.clone(), job.clone())).or_insert_with(|| {
            let none = JobStatistics { repo, job, success: 0, failure: 0, retried: 0, total: 0, duration: None };
            (none, Times::default())
        });
        match status.as_str() {
            "success" => {
                figures.success += count;
                figures.retried += again;
            }
            _ => figures.failure += count,
        }
        if let Some(millis) = millis {
            times.add(millis, count);
            figures.total += millis * Millis::try_from(count).unwrap_or(Millis::MAX);
        }
    }
    let mut jobs: Vec<_> =
        all.into_values().map(|(figures, times)| JobStatistics { duration: times.spread(), ..figures }).collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.total));
    jobs.truncate(JOBS);
    jobs
}

/// How long branches took from a failure to the next build that passed, and how many fail now.
fn recovery(turns: &[Turn]) -> (Option<Spread>, u64) {
    let (mut times, mut broken) = (Times::default(), 0);
    for (at, turn) in turns.iter().enumerate().filter(|(_, turn)| !turn.well) {
        match turns.get(at + 1).filter(|next| next.place == turn.place) {
            Some(next) => times.add((next.ended - turn.ended).max(0), 1),
            None => broken += 1,
        }
    }
    (times.spread(), broken)
}

fn flaky_tests(flakes: Vec<Flake>) -> Vec<FlakyTest> {
    let mut all: BTreeMap<_, FlakyTest> = BTreeMap::new();
    for Flake { repo, job, test: (class, test), build } in flakes {
        let key = (repo.clone(), job.clone(), class.clone(), test.clone());
        let found = all.entry(key).or_insert_with(|| FlakyTest { repo, job, class, test, count: 0, build });
        found.count += 1;
        found.build = found.build.max(build);
    }
    let mut tests: Vec<_> = all.into_values().collect();
    tests.sort_by_key(|test| std::cmp::Reverse(test.count));
    tests.truncate(TESTS);
    tests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_all_take_no_longer_than_the_median() {
        let spread = |times: &[(Millis, u64)]| {
            let mut all = Times::default();
            times.iter().for_each(|(millis, count)| all.add(*millis, *count));
            all.spread().map(|spread| (spread.p50, spread.p95))
        };
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[(7, 1)]), Some((7, 7)));
        assert_eq!(spread(&[(1, 50), (2, 45), (3, 5)]), Some((1, 2)));
        assert_eq!(spread(&[(1, 49), (2, 45), (3, 6)]), Some((2, 3)));
    }

    #[test]
    fn a_branch_recovers_with_the_first_build_that_passes() {
        let turn = |branch: &str, well, ended| Turn { place: ("web".into(), branch.into()), well, ended };
        let turns =
            [turn("a", true, 1), turn("a", false, 10), turn("a", true, 40), turn("b", false, 5), turn("c", true, 90)];
        assert_eq!(recovery(&turns), (Some(Spread { count: 1, p50: 30, p95: 30 }), 1));
    }
}
