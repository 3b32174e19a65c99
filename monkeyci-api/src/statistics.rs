//! How builds went over some time: what was counted becomes figures.

use std::collections::{BTreeMap, HashMap};

use monkeyci_core::model::{BuildStatus, JobStatus, Millis};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::Statistics;
use monkeyci_rest::statistics::{Day, FlakyTest, JobStatistics, Spread};

use crate::table::statistics::{self as counted, Built, DAY, Ran, Window};

/// Jobs that are told of.
const JOBS: usize = 50;

/// Tests that are told of.
const TESTS: usize = 50;

/// The newest jobs that went well at a later attempt, whose tests are looked at.
const RETRIED: usize = 20;

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
    let builds = counted::builds(sql, window)?;
    let ids = || builds.iter().map(|build| build.id);
    let runs = match ids().min().zip(ids().max()) {
        Some((first, last)) => counted::jobs(sql, window, first, last)?,
        None => Vec::new(),
    };
    let (mut all, mut of_day) = (Times::default(), BTreeMap::<i64, Times>::new());
    for Built { status, created, ended, .. } in &builds {
        let Some(ended) = ended.filter(|_| matches!(status, BuildStatus::Success | BuildStatus::Failure)) else {
            continue;
        };
        all.add(ended - created);
        of_day.entry(created.div_euclid(DAY)).or_default().add(ended - created);
    }
    for (day, times) in of_day {
        if let Some(day) = days.get_mut(&day) {
            day.duration = times.spread();
        }
    }
    let of: HashMap<u64, &Built> = builds.iter().map(|build| (build.id, build)).collect();
    let (recovery, broken) = recovery(&builds);
    Ok(Statistics {
        from: window.from,
        until: window.until,
        days: days.into_values().collect(),
        sample: builds.len() as u64,
        duration: all.spread(),
        wait: wait(&of, &runs),
        recovery,
        broken,
        jobs: jobs(&of, &runs),
        flaky_tests: flaky_tests(sql, &of, &runs)?,
    })
}

/// How long things took.
#[derive(Debug, Default)]
struct Times(Vec<Millis>);

impl Times {
    fn add(&mut self, millis: Millis) {
        self.0.push(millis.max(0));
    }

    fn spread(mut self) -> Option<Spread> {
        self.0.sort_unstable();
        // The least that is no shorter than that part of them.
        let at = |part: usize| self.0.get((self.0.len() * part).div_ceil(100).saturating_sub(1)).copied();
        Some(Spread { count: self.0.len() as u64, p50: at(50)?, p95: at(95)? })
    }
}

/// How long builds waited until their first job ran.
fn wait(of: &HashMap<u64, &Built>, runs: &[Ran]) -> Option<Spread> {
    let mut first: HashMap<u64, Millis> = HashMap::new();
    for Ran { build, started, .. } in runs {
        if let Some(started) = started {
            first.entry(*build).and_modify(|first| *first = (*first).min(*started)).or_insert(*started);
        }
    }
    let mut times = Times::default();
    for (build, started) in first {
        if let Some(build) = of.get(&build) {
            times.add(started - build.created);
        }
    }
    times.spread()
}

fn jobs(of: &HashMap<u64, &Built>, runs: &[Ran]) -> Vec<JobStatistics> {
    let mut all: HashMap<(&str, &str), (JobStatistics, Times)> = HashMap::new();
    for Ran { build, job, status, attempt, started, ended } in runs {
        let Some(build) = of.get(build) else { continue };
        let (is_well, is_bad) =
            (*status == JobStatus::Success, matches!(status, JobStatus::Failure | JobStatus::Error));
        if !is_well && !is_bad {
            continue;
        }
        let (figures, times) = all.entry((build.repo.as_str(), job.as_str())).or_insert_with(|| {
            let (repo, job) = (build.repo.clone(), job.clone());
            let none = JobStatistics { repo, job, success: 0, failure: 0, retried: 0, total: 0, duration: None };
            (none, Times::default())
        });
        figures.success += u64::from(is_well);
        figures.failure += u64::from(is_bad);
        figures.retried += u64::from(is_well && *attempt > 1);
        if let (Some(started), Some(ended)) = (started, ended) {
            times.add(ended - started);
            figures.total += (ended - started).max(0);
        }
    }
    let mut jobs: Vec<_> =
        all.into_values().map(|(figures, times)| JobStatistics { duration: times.spread(), ..figures }).collect();
    jobs.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| (&a.repo, &a.job).cmp(&(&b.repo, &b.job))));
    jobs.truncate(JOBS);
    jobs
}

/// How long branches took from a failure to the next build that passed, and how many fail now.
fn recovery(builds: &[Built]) -> (Option<Spread>, u64) {
    let mut branches: BTreeMap<_, Vec<(u64, bool, Millis)>> = BTreeMap::new();
    for Built { repo, number, reference, status, ended, .. } in builds {
        let decided = matches!(status, BuildStatus::Success | BuildStatus::Failure | BuildStatus::Error);
        if let Some(ended) = ended.filter(|_| decided && reference.starts_with("refs/heads/")) {
            branches.entry((repo, reference)).or_default().push((*number, *status == BuildStatus::Success, ended));
        }
    }
    let (mut times, mut broken) = (Times::default(), 0);
    for mut built in branches.into_values() {
        built.sort_unstable();
        let mut since = None;
        for (_, is_well, ended) in built {
            match (is_well, since) {
                (false, None) => since = Some(ended),
                (true, Some(failed)) => {
                    times.add(ended - failed);
                    since = None;
                }
                _ => {}
            }
        }
        broken += u64::from(since.is_some());
    }
    (times.spread(), broken)
}

/// Tests that failed in an attempt of a job which went well at a later one of the same build.
fn flaky_tests(sql: &mut dyn Sql, of: &HashMap<u64, &Built>, runs: &[Ran]) -> Result<Vec<FlakyTest>, StoreError> {
    let mut retried: Vec<&Ran> =
        runs.iter().filter(|ran| ran.attempt > 1 && ran.status == JobStatus::Success).collect();
    retried.sort_by_key(|ran| std::cmp::Reverse(ran.build));
    retried.truncate(RETRIED);
    let mut all: BTreeMap<_, FlakyTest> = BTreeMap::new();
    for Ran { build: id, job, .. } in retried {
        let Some(build) = of.get(id) else { continue };
        for (class, test) in counted::failed_tests(sql, *id, job)? {
            let key = (build.repo.clone(), job.clone(), class.clone(), test.clone());
            let none = || FlakyTest { repo: build.repo.clone(), job: job.clone(), class, test, count: 0, build: 0 };
            let found = all.entry(key).or_insert_with(none);
            found.count += 1;
            found.build = found.build.max(build.number);
        }
    }
    let mut tests: Vec<_> = all.into_values().collect();
    tests.sort_by_key(|test| std::cmp::Reverse(test.count));
    tests.truncate(TESTS);
    Ok(tests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_all_take_no_longer_than_the_median() {
        let spread = |times: &[Millis]| Times(times.to_vec()).spread().map(|spread| (spread.p50, spread.p95));
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[7]), Some((7, 7)));
        assert_eq!(spread(&[3, 1, 2]), Some((2, 3)));
        assert_eq!(spread(&(1..=100).rev().collect::<Vec<_>>()), Some((50, 95)));
    }

    #[test]
    fn a_branch_recovers_with_the_first_build_that_passes() {
        use BuildStatus::{Canceled, Error, Failure, Success};
        let built = |number, branch: &str, status, ended| Built {
            id: number,
            repo: "web".parse().expect("an id"),
            number,
            reference: format!("refs/heads/{branch}"),
            status,
            created: 0,
            ended: Some(ended),
        };
        let builds = [
            built(6, "a", Success, 70),
            built(5, "a", Success, 40),
            built(4, "a", Canceled, 30),
            built(3, "a", Error, 20),
            built(2, "a", Failure, 10),
            built(1, "a", Success, 1),
            built(8, "b", Failure, 5),
            built(9, "c", Success, 90),
        ];
        assert_eq!(recovery(&builds), (Some(Spread { count: 1, p50: 30, p95: 30 }), 1));
    }
}
