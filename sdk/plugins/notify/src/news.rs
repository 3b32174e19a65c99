use std::collections::BTreeMap;

use monkeyci_sdk::api::JobView;
use monkeyci_sdk::model::result::{TestCase, TestSuite};
use monkeyci_sdk::model::{Cause, JobStatus};
use monkeyci_sdk::prelude::{Act, JobResult};
use serde::Serialize;

use crate::notifier::MARK;

/// Jobs that are told of one by one, those that failed first.
const JOBS: usize = 200;

/// Failed tests of one job that are told of.
const TESTS: usize = 10;

/// Characters of one text.
const TEXT: usize = 300;

/// What is told: the body of a webhook with no other format.
///
/// ```json
/// {"version": 1, "event": "build/over", "status": "failure", "build": "acme/web/build-12",
///  "branch": "main", "commit": "c0ffee…", "counts": {"failure": 1, "blocked": 1},
///  "jobs": [{"id": "test", "status": "failure", "attempt": 1, "seconds": 12.5, "message": "line 1 ended with 101",
///            "tests": {"total": 80, "failed": 1, "skipped": 0,
///                      "failures": [{"test": "web::login", "message": "expected 200, got 500"}]}},
///           {"id": "deploy", "status": "blocked", "attempt": 0}]}
/// ```
///
/// What is not known is left out. Texts are cut after 300 characters, jobs after 200 and failed tests of a job after ten;
/// the counts are of all.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct News {
    /// 1. It rises when a reader of an older one could go wrong.
    pub version: u32,
    /// `build/over`, or `job/failed` about a single job.
    pub event: &'static str,
    /// Of the build: `success`, `failure`, `error`, `canceled`, `blocked` while it waits for a person, or `running` while
    /// others still run. Of a single job, how it stands.
    pub status: &'static str,
    /// The build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// Its branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Its tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Its commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// How many jobs stand how.
    pub counts: BTreeMap<&'static str, usize>,
    /// The jobs, but for those that tell.
    pub jobs: Vec<JobNews>,
}

/// What is told of a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JobNews {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub status: &'static str,
    /// Whether its failure counts as success.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allowed: bool,
    /// Its newest attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// How long its lines took, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What happened, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What its test reports say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tests: Option<Tests>,
}

/// What the test reports of a job say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Tests {
    /// Tests there are.
    pub total: u64,
    /// Those that failed or broke.
    pub failed: u64,
    /// Those that were not run.
    pub skipped: u64,
    /// The first that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailedTest>,
}

/// A test that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FailedTest {
    /// Its class and name.
    pub test: String,
    /// Why, in one line.
    pub message: String,
}

impl News {
    /// Of a build with these jobs, but for those that tell.
    pub(crate) fn of_build(act: &Act, jobs: &[JobView]) -> Self {
        let others = jobs.iter().filter(|view| !view.job.extensions.contains_key(MARK));
        let jobs = others.map(|view| {
            let allowed = view.job.allow_failure && view.status == JobStatus::Failure;
            let job = JobNews::of(view.job.id.as_str(), view.status, view.attempt, view.result.as_ref());
            (view.status, JobNews { allowed, ..job })
        });
        Self::of(act, "build/over", jobs.collect())
    }

    /// Of a job that has failed.
    pub(crate) fn of_job(act: &Act, result: &JobResult) -> Self {
        let status = result.cause.map_or(JobStatus::Success, Cause::status);
        // The result tells enough, should the build not answer.
        let attempt = act.job_of(act.job().id()).ok().flatten().map_or(1, |view| view.attempt);
        let job = JobNews::of(act.job().id(), status, attempt, Some(result));
        Self::of(act, "job/failed", vec![(status, job)])
    }

    fn of(act: &Act, event: &'static str, mut jobs: Vec<(JobStatus, JobNews)>) -> Self {
        let mut counts = BTreeMap::new();
        for (status, _) in &jobs {
            *counts.entry(status.as_str()).or_default() += 1;
        }
        let status = status(&jobs);
        // By what needs attention, and otherwise as the script has them.
        jobs.sort_by_key(|(status, job)| match status {
            JobStatus::Failure | JobStatus::Error => usize::from(job.allowed),
            JobStatus::Canceled => 2,
            JobStatus::Blocked => 3,
            _ => 4,
        });
        let known = |text: Option<&str>| text.map(cut);
        Self {
            version: 1,
            event,
            status,
            build: act.build().map(ToString::to_string),
            branch: known(act.branch()),
            tag: known(act.tag()),
            commit: known(act.commit()),
            counts,
            jobs: jobs.into_iter().take(JOBS).map(|(_, job)| job).collect(),
        }
    }
}

/// Where a build stands with these jobs.
fn status(jobs: &[(JobStatus, JobNews)]) -> &'static str {
    let any = |wanted: JobStatus| jobs.iter().any(|(status, job)| *status == wanted && !job.allowed);
    let ends = [JobStatus::Error, JobStatus::Failure, JobStatus::Canceled];
    if let Some(end) = ends.into_iter().find(|end| any(*end)) {
        return end.as_str();
    }
    let moves = [JobStatus::Queued, JobStatus::Initializing, JobStatus::Running].into_iter().any(any);
    match (moves, any(JobStatus::Blocked), any(JobStatus::Pending)) {
        (true, ..) | (false, false, true) => JobStatus::Running.as_str(),
        (false, true, _) => JobStatus::Blocked.as_str(),
        _ => JobStatus::Success.as_str(),
    }
}

impl JobNews {
    fn of(id: &str, status: JobStatus, attempt: u32, result: Option<&JobResult>) -> Self {
        let millis = result
            .filter(|result| !result.lines.is_empty())
            .map(|result| result.lines.iter().fold(0_u64, |sum, line| sum.saturating_add(line.duration)));
        let tests = result.filter(|result| !result.tests.is_empty()).map(|result| Tests::of(&result.tests));
        Self {
            id: id.to_owned(),
            status: status.as_str(),
            allowed: false,
            attempt,
            seconds: millis.map(|millis| millis as f64 / 1000.0),
            message: result.and_then(|result| result.message.as_deref()).map(cut),
            tests,
        }
    }

    /// Whether somebody has to look at it.
    pub(crate) fn has_failed(&self) -> bool {
        ["failure", "error"].contains(&self.status) && !self.allowed
    }
}

impl Tests {
    fn of(suites: &[TestSuite]) -> Self {
        let sum =
            |of: &dyn Fn(&TestSuite) -> u64| suites.iter().fold(0_u64, |sum, suite| sum.saturating_add(of(suite)));
        let cases = suites.iter().flat_map(|suite| &suite.test_cases);
        Self {
            total: sum(&|suite| suite.tests),
            failed: sum(&|suite| suite.failures.saturating_add(suite.errors)),
            skipped: sum(&|suite| suite.skipped),
            failures: cases.filter_map(FailedTest::of).take(TESTS).collect(),
        }
    }
}

impl FailedTest {
    fn of(case: &TestCase) -> Option<Self> {
        let problem = case.failures.iter().chain(&case.errors).next()?;
        let name = &case.test_case;
        let test = if case.class_name.is_empty() { name.clone() } else { format!("{}::{name}", case.class_name) };
        let message = if problem.message.is_empty() { &problem.kind } else { &problem.message };
        Some(Self { test: cut(&test), message: cut(message) })
    }
}

/// The beginning of a text.
fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
