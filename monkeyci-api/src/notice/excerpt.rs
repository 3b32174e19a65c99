//! What went wrong in a build, in a few lines.

use monkeyci_core::log::{LogId, LogStore};
use monkeyci_core::model::{BuildId, JobResult};
use monkeyci_core::store::{Sql, StoreError};

use crate::table::build;

/// Jobs of which that is told.
const JOBS: usize = 3;

/// Lines of each.
const LINES: usize = 15;

/// Characters of a line.
const WIDTH: usize = 200;

/// Tests of each that are named.
const TESTS: usize = 5;

/// What went wrong in a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The job.
    pub job: String,
    /// Why it did not end well, where that is known.
    pub why: Option<String>,
    /// Tests that failed.
    pub tests: Vec<String>,
    /// The end of what it printed, which was masked before it came here.
    pub lines: Vec<String>,
}

/// What went wrong in the first of these jobs of a build.
///
/// # Errors
/// When it cannot be read.
pub fn excerpts(sql: &mut dyn Sql, logs: &LogStore, of: &BuildId, jobs: &[String]) -> Result<Vec<Excerpt>, StoreError> {
    let jobs = &jobs[..jobs.len().min(JOBS)];
    let results = build::results(sql, of, jobs)?;
    let told = jobs.iter().map(|job| {
        let none = Excerpt { job: job.clone(), ..Excerpt::default() };
        let Some((attempt, result)) = results.get(job) else { return none };
        let Ok(id) = job.parse() else { return none };
        let log = LogId { build: of.clone(), job: id, attempt: *attempt };
        let lines = logs.last_lines(&log, LINES).iter().map(|line| line.chars().take(WIDTH).collect()).collect();
        Excerpt { why: result.message.clone(), tests: failed(result), lines, ..none }
    });
    Ok(told.collect())
}

/// The names of tests that failed, and how many more did.
fn failed(result: &JobResult) -> Vec<String> {
    let cases = result.tests.iter().flat_map(|suite| &suite.test_cases);
    let failed: Vec<_> = cases.filter(|case| !case.failures.is_empty() || !case.errors.is_empty()).collect();
    let mut named: Vec<String> =
        failed.iter().take(TESTS).map(|case| case.test_case.chars().take(WIDTH).collect()).collect();
    if failed.len() > TESTS {
        named.push(format!("and {} more", failed.len() - TESTS));
    }
    named
}
