//! Figures of builds over some time. The engine writes what they are drawn from; here it is only counted.

use monkeyci_core::model::{BuildStatus, EventKind, JobStatus, Millis, OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError, Value};
use monkeyci_core::values;

/// The newest builds of a window that are looked at one by one, with their jobs. More of them would say nothing else.
pub const SAMPLE: u64 = 3000;

/// Milliseconds of a day.
pub const DAY: Millis = 24 * 60 * 60 * 1000;

/// Which builds count.
#[derive(Debug, Clone)]
pub struct Window {
    /// The organisation.
    pub org: OrgId,
    /// Only those of this repository.
    pub repo: Option<RepoId>,
    /// Those that were asked for at that moment or later.
    pub from: Millis,
    /// And before this one.
    pub until: Millis,
}

/// How many builds of a day stand so.
#[derive(Debug)]
pub struct Counted {
    /// The day, in days since the epoch.
    pub day: i64,
    /// How they stand.
    pub status: String,
    /// How many do.
    pub count: u64,
}

/// A build that is looked at by itself.
#[derive(Debug, Clone)]
pub struct Built {
    /// Its row.
    pub id: u64,
    /// The repository.
    pub repo: RepoId,
    /// Its number.
    pub number: u64,
    /// The full ref.
    pub reference: String,
    /// How it stands.
    pub status: BuildStatus,
    /// When it was asked for.
    pub created: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
}

/// A job of such a build, as its last attempt left it.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The row of the build.
    pub build: u64,
    /// The job.
    pub job: String,
    /// How it stands.
    pub status: JobStatus,
    /// The number of its last attempt.
    pub attempt: u64,
    /// When that began.
    pub started: Option<Millis>,
    /// When that ended.
    pub ended: Option<Millis>,
}

/// The condition and the parameters of a window.
fn parameters(window: &Window) -> [Value; 4] {
    let repo = window.repo.as_ref().map(RepoId::as_str);
    [(&window.org).into(), window.from.into(), window.until.into(), repo.into()]
}

const IN_WINDOW: &str =
    "org = $1 AND created >= $2 AND created < $3 AND (CAST($4 AS TEXT) IS NULL OR repo = CAST($4 AS TEXT))";

/// What may be selected from `lately`: the newest builds of the window.
fn lately(select: &str) -> String {
    format!(
        "WITH lately AS MATERIALIZED (SELECT id, repo, reference, number, status, created, ended FROM build
         WHERE {IN_WINDOW} ORDER BY created DESC LIMIT {SAMPLE}) {select}"
    )
}

/// How many builds of each day stand how.
///
/// # Errors
/// When they cannot be read.
pub fn days(sql: &mut dyn Sql, window: &Window) -> Result<Vec<Counted>, StoreError> {
    let select = format!("SELECT created / {DAY}, status, count(*) FROM build WHERE {IN_WINDOW} GROUP BY 1, 2");
    let read = |row: &Row| Ok(Counted { day: row.integer(0)?, status: row.text(1)?.to_owned(), count: row.count(2)? });
    sql.query(&select, &parameters(window))?.iter().map(read).collect()
}

/// The newest builds of a window, up to [`SAMPLE`], the newest first.
///
/// # Errors
/// When they cannot be read.
pub fn builds(sql: &mut dyn Sql, window: &Window) -> Result<Vec<Built>, StoreError> {
    let select = lately("SELECT id, repo, number, reference, status, created, ended FROM lately");
    let read = |row: &Row| {
        Ok(Built {
            id: row.count(0)?,
            repo: row.word(1)?,
            number: row.count(2)?,
            reference: row.maybe(3, Row::text)?.unwrap_or_default().to_owned(),
            status: row.word(4)?,
            created: row.integer(5)?,
            ended: row.maybe(6, Row::integer)?,
        })
    };
    sql.query(&select, &parameters(window))?.iter().map(read).collect()
}

/// The jobs of these builds, whose rows are from `first` to `last`: by that PostgreSQL finds them in the index of jobs, where it
/// would otherwise read all of these.
///
/// # Errors
/// When they cannot be read.
pub fn jobs(sql: &mut dyn Sql, window: &Window, first: u64, last: u64) -> Result<Vec<Ran>, StoreError> {
    let select = lately(
        "SELECT job.build, job.id, job.status, job.attempt, job.started, job.ended FROM lately
         CROSS JOIN job WHERE job.build = lately.id AND job.build >= $5 AND job.build <= $6",
    );
    let read = |row: &Row| {
        Ok(Ran {
            build: row.count(0)?,
            job: row.text(1)?.to_owned(),
            status: row.word(2)?,
            attempt: row.count(3)?,
            started: row.maybe(4, Row::integer)?,
            ended: row.maybe(5, Row::integer)?,
        })
    };
    let parameters = [&parameters(window)[..], values![first, last]].concat();
    sql.query(&select, &parameters)?.iter().map(read).collect()
}

/// Tests that failed in an attempt of a job, by class and name.
///
/// # Errors
/// When they cannot be read.
pub fn failed_tests(sql: &mut dyn Sql, build: u64, job: &str) -> Result<Vec<(String, String)>, StoreError> {
    let select = "SELECT kind FROM event WHERE build = $1 AND kind LIKE $2 AND kind LIKE $3 ORDER BY seq";
    let mut failed = Vec::new();
    for row in sql.query(select, values![build, "%\"job/executed\"%", "%\"monkey.ci/tests\"%"])? {
        let EventKind::JobExecuted { job_id, result, .. } = row.json(0)? else { continue };
        if job_id.as_str() != job {
            continue;
        }
        let cases = result.tests.into_iter().flat_map(|suite| suite.test_cases);
        let bad = cases.filter(|case| !case.failures.is_empty() || !case.errors.is_empty());
        failed.extend(bad.map(|case| (case.class_name, case.test_case)));
    }
    Ok(failed)
}
