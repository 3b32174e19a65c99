//! What the test reports of a job must say.
//!
//! MonkeyCI reads the reports itself: those that the job names by `junit` or `reports`. As a property in a `build.yaml`,
//! with all that may be said:
//!
//! ```yaml
//! tests:
//!   at-least: 100      # tests that must have run; 1 when absent
//!   most-skipped: 5    # tests that may be skipped; any number when absent
//!   slow: 2.5          # seconds, above which a test is told in a warning
//! ```
//!
//! `tests: {}` says no more than that some must have run. A test that failed fails the job, also when its lines ended
//! well. A test that failed and passed, as runners that try again report it, is flaky: it is told in a warning. The
//! result gets a value `tests`:
//!
//! ```json
//! {"total": 120, "failed": 0, "skipped": 2, "flaky": 1, "seconds": 34.2,
//!  "slowest": [{"test": "web::login", "seconds": 9.1}]}
//! ```

use std::collections::BTreeMap;

use monkeyci_sdk::extension;
use monkeyci_sdk::model::result::{TestCase, TestSuite};
use monkeyci_sdk::prelude::{Act, Extension, Job, JobResult, Outcome};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::verdict::named;

/// The property's name, and that of the value in the result.
const KEY: &str = "tests";

/// Tests that are named, of each kind.
const NAMED: usize = 5;

/// What is wanted of the tests of a job.
#[must_use = "it does nothing until it is said of a job"]
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Reports {
    #[serde(default = "one")]
    at_least: u64,
    most_skipped: Option<u64>,
    slow: Option<f64>,
}

fn one() -> u64 {
    1
}

/// Reports of tests, of which at least one must have run.
pub fn reports() -> Reports {
    Reports { at_least: one(), most_skipped: None, slow: None }
}

/// Lets jobs have the property `tests`, those of files beside the script too.
#[must_use]
pub fn extension() -> Extension {
    let said_of = |job: &Job| job.config::<Reports>(KEY);
    extension::extension(KEY)
        // Read before the job has run for an hour, if it is wrong.
        .prepare(move |_: &Act, job: Job| said_of(&job).map(|_| job))
        .after(move |act: &Act, result: &JobResult| said_of(act.job()).map(|reports| reports.judge(result)))
}

impl Reports {
    /// Fails the job when fewer tests ran.
    pub fn at_least(mut self, tests: u64) -> Self {
        self.at_least = tests;
        self
    }

    /// Fails the job when more tests were skipped.
    pub fn most_skipped(mut self, tests: u64) -> Self {
        self.most_skipped = Some(tests);
        self
    }

    /// Names tests that took more seconds in a warning.
    pub fn slow(mut self, seconds: f64) -> Self {
        self.slow = Some(seconds);
        self
    }

    /// Says it of a job.
    #[must_use]
    pub fn of(self, job: Job) -> Job {
        job.judged_by(move |_: &Act, result: &JobResult| self.judge(result))
    }

    fn judge(&self, result: &JobResult) -> Outcome {
        let ran = Ran::of(&result.tests);
        let mut outcome = Outcome::success().value(KEY, ran.value());
        if !ran.flaky.is_empty() {
            outcome = outcome.warning(format!("flaky, failed and then passed: {}", listed(&ran.flaky)));
        }
        let slow: Vec<_> =
            ran.slowest.iter().filter(|(_, seconds)| self.slow.is_some_and(|slow| *seconds > slow)).collect();
        if let Some(limit) = self.slow.filter(|_| !slow.is_empty()) {
            let slow: Vec<_> = slow.iter().map(|(test, seconds)| format!("{test} ({seconds} s)")).collect();
            outcome = outcome.warning(format!("slower than {limit} s: {}", listed(&slow)));
        }
        match self.short_of(&ran, result) {
            Some(why) if result.cause.is_none() => outcome.and(Outcome::failure(why)),
            _ => outcome,
        }
    }

    fn short_of(&self, ran: &Ran, result: &JobResult) -> Option<String> {
        let (count, wanted) = (ran.total.saturating_sub(ran.skipped), self.at_least);
        if result.tests.is_empty() && wanted > 0 {
            return Some("there is no test report: let the job write one, and name it by `junit` or `reports`".into());
        }
        if !ran.failed.is_empty() {
            return Some(format!("it ended well, though tests failed: {}", listed(&ran.failed)));
        }
        if count < wanted {
            return Some(format!("{count} tests ran, and at least {wanted} are wanted"));
        }
        let most = self.most_skipped.filter(|most| ran.skipped > *most)?;
        Some(format!("{} tests were skipped, and at most {most} may be", ran.skipped))
    }
}

/// What ran.
struct Ran {
    total: u64,
    skipped: u64,
    seconds: f64,
    /// Names of tests that never passed.
    failed: Vec<String>,
    flaky: Vec<String>,
    /// With their seconds, the slowest first.
    slowest: Vec<(String, f64)>,
}

impl Ran {
    fn of(suites: &[TestSuite]) -> Self {
        let mut names: BTreeMap<String, (bool, bool)> = BTreeMap::new();
        let mut slowest = Vec::new();
        for case in suites.iter().flat_map(|suite| &suite.test_cases) {
            let failed = !case.failures.is_empty() || !case.errors.is_empty();
            let known = names.entry(name(case)).or_default();
            known.0 |= failed;
            known.1 |= !failed && !case.skipped;
            slowest.push((case, case.time));
        }
        // Numbers of the report are the job's, and may be none at all.
        slowest.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        slowest.truncate(NAMED);
        let of = |failed: bool, passed: bool| {
            let fitting = names.iter().filter(move |(_, seen)| **seen == (failed, passed));
            fitting.map(|(name, _)| name.clone()).collect()
        };
        Self {
            total: suites.iter().fold(0, |sum, suite| sum.saturating_add(suite.tests)),
            skipped: suites.iter().fold(0, |sum, suite| sum.saturating_add(suite.skipped)),
            seconds: suites.iter().map(|suite| suite.time).sum(),
            failed: of(true, false),
            flaky: of(true, true),
            slowest: slowest.into_iter().map(|(case, seconds)| (name(case), seconds)).collect(),
        }
    }

    fn value(&self) -> Value {
        let slowest = self.slowest.iter().map(|(test, seconds)| json!({ "test": test, "seconds": seconds }));
        json!({
            "total": self.total, "failed": self.failed.len(), "skipped": self.skipped, "flaky": self.flaky.len(),
            "seconds": (self.seconds * 1000.0).round() / 1000.0, "slowest": slowest.collect::<Vec<_>>(),
        })
    }
}

fn name(case: &TestCase) -> String {
    let TestCase { class_name, test_case, .. } = case;
    named(&if class_name.is_empty() { test_case.clone() } else { format!("{class_name}::{test_case}") })
}

/// The first names of a list, and how many there are beside them.
fn listed(names: &[String]) -> String {
    let (first, others) = names.split_at(names.len().min(NAMED));
    let more = if others.is_empty() { String::new() } else { format!(" and {} others", others.len()) };
    format!("{}{more}", first.join(", "))
}
