//! Figures of builds over some time. The engine writes what they are drawn from; here it is only counted.

use monkeyci_core::model::{EventKind, Millis, OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError, Value};
use monkeyci_core::values;

/// The newest builds of a window that are looked at one by one, with their jobs. More of them would say nothing else.
pub const SAMPLE: u64 = 3000;

/// The newest builds with a job that went well at a later attempt, whose tests are looked at.
const RETRIED: u64 = 20;

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

/// How many builds took so long.
#[derive(Debug)]
pub struct Took {
    /// The day, in days since the epoch.
    pub day: i64,
    /// Milliseconds, to two digits.
    pub millis: Millis,
    /// How many did.
    pub count: u64,
}

/// How many runs of a job ended so after so long.
#[derive(Debug)]
pub struct Runs {
    /// The repository.
    pub repo: RepoId,
    /// The job.
    pub job: String,
    /// How they ended.
    pub status: String,
    /// Milliseconds, to two digits; nothing where it never ran.
    pub millis: Option<Millis>,
    /// How many did.
    pub count: u64,
    /// How many of these were not the first attempt.
    pub again: u64,
}

/// A build of a branch that passed where the one before it did not, or the other way round.
#[derive(Debug)]
pub struct Turn {
    /// The repository and the branch.
    pub place: (String, String),
    /// Whether it passed.
    pub well: bool,
    /// When it ended.
    pub ended: Millis,
}

/// What failed in one attempt of a job that went well at a later one.
#[derive(Debug)]
pub struct Flake {
    /// The repository.
    pub repo: RepoId,
    /// The job.
    pub job: String,
    /// The class of the test, and the test.
    pub test: (String, String),
    /// The build.
    pub build: u64,
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

/// A number of milliseconds to two digits, so that there are few different ones.
fn rounded(millis: &str) -> String {
    let mut cases = format!("CASE WHEN {millis} < 0 THEN 0 WHEN {millis} < 100 THEN {millis}");
    for unit in [10, 100, 1000, 10_000, 100_000, 1_000_000] {
        cases.push_str(&format!(" WHEN {millis} < {} THEN {millis} / {unit} * {unit}", unit * 100));
    }
    cases + &format!(" ELSE {millis} / 10000000 * 10000000 END")
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

/// How long builds took that passed or failed, by day.
///
/// # Errors
/// When they cannot be read.
pub fn durations(sql: &mut dyn Sql, window: &Window) -> Result<Vec<Took>, StoreError> {
    let millis = rounded("(ended - created)");
    let select = lately(&format!(
        "SELECT created / {DAY}, {millis}, count(*) FROM lately
         WHERE status IN ('success', 'failure') AND ended IS NOT NULL GROUP BY 1, 2"
    ));
    let read = |row: &Row| Ok(Took { day: row.integer(0)?, millis: row.integer(1)?, count: row.count(2)? });
    sql.query(&select, &parameters(window))?.iter().map(read).collect()
}

/// How many builds are looked at one by one, and how long they waited until their first job ran: milliseconds to two digits,
/// and how many waited so long.
///
/// # Errors
/// When they cannot be read.
pub fn waits(sql: &mut dyn Sql, window: &Window) -> Result<(u64, Vec<(Millis, u64)>), StoreError> {
    let millis = rounded("waited");
    let count = sql.query(&lately("SELECT count(*) FROM lately"), &parameters(window))?;
    let select = lately(&format!(
        "SELECT {millis}, count(*) FROM (SELECT min(job.started) - lately.created AS waited FROM lately
         JOIN job ON job.build = lately.id WHERE job.started IS NOT NULL GROUP BY lately.id, lately.created) AS ran
         GROUP BY 1 ORDER BY 1"
    ));
    let read = |row: &Row| Ok((row.integer(0)?, row.count(1)?));
    let waits = sql.query(&select, &parameters(window))?.iter().map(read).collect::<Result<_, StoreError>>()?;
    Ok((count.first().map_or(Ok(0), |row| row.count(0))?, waits))
}

/// How the runs of jobs ended, and how long they took.
///
/// # Errors
/// When they cannot be read.
pub fn jobs(sql: &mut dyn Sql, window: &Window) -> Result<Vec<Runs>, StoreError> {
    let millis = rounded("(job.ended - job.started)");
    let select = lately(&format!(
        "SELECT lately.repo, job.id, job.status, CASE WHEN job.started IS NULL OR job.ended IS NULL THEN NULL
         ELSE {millis} END, count(*), CAST(sum(CASE WHEN job.attempt > 1 THEN 1 ELSE 0 END) AS BIGINT)
         FROM lately JOIN job ON job.build = lately.id WHERE job.status IN ('success', 'failure', 'error')
         GROUP BY 1, 2, 3, 4"
    ));
    let read = |row: &Row| {
        Ok(Runs {
            repo: row.word(0)?,
            job: row.text(1)?.to_owned(),
            status: row.text(2)?.to_owned(),
            millis: row.maybe(3, Row::integer)?,
            count: row.count(4)?,
            again: row.count(5)?,
        })
    };
    sql.query(&select, &parameters(window))?.iter().map(read).collect()
}

/// Where branches began to fail, and where they passed again, in order for each of them.
///
/// # Errors
/// When they cannot be read.
pub fn turns(sql: &mut dyn Sql, window: &Window) -> Result<Vec<Turn>, StoreError> {
    let select = lately(
        "SELECT repo, reference, well, ended FROM (SELECT repo, reference, number, ended,
         CASE WHEN status = 'success' THEN 1 ELSE 0 END AS well,
         lag(CASE WHEN status = 'success' THEN 1 ELSE 0 END) OVER (PARTITION BY repo, reference ORDER BY number) AS was
         FROM lately WHERE status IN ('success', 'failure', 'error') AND ended IS NOT NULL
         AND substr(reference, 1, 11) = 'refs/heads/') AS built
         WHERE was IS NULL OR was <> well ORDER BY repo, reference, number",
    );
    let read = |row: &Row| {
        let place = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        Ok(Turn { place, well: row.truth(2)?, ended: row.integer(3)? })
    };
    sql.query(&select, &parameters(window))?.iter().map(read).collect()
}

/// Tests that failed in an attempt of a job that went well at a later one of the same build.
///
/// # Errors
/// When they cannot be read.
pub fn flakes(sql: &mut dyn Sql, window: &Window) -> Result<Vec<Flake>, StoreError> {
    let select = lately(&format!(
        "SELECT DISTINCT lately.id, lately.repo, lately.number, job.id FROM lately JOIN job ON job.build = lately.id
         WHERE job.attempt > 1 AND job.status = 'success' ORDER BY lately.id DESC LIMIT {RETRIED}"
    ));
    let mut flakes = Vec::new();
    for row in sql.query(&select, &parameters(window))? {
        let (id, repo, build, job) = (row.count(0)?, row.word::<RepoId>(1)?, row.count(2)?, row.text(3)?.to_owned());
        let reports = "SELECT kind FROM event WHERE build = $1 AND kind LIKE $2 AND kind LIKE $3 ORDER BY seq";
        let patterns = values![id, "%\"job/executed\"%", "%\"monkey.ci/tests\"%"];
        for event in sql.query(reports, patterns)? {
            let EventKind::JobExecuted { job_id, result, .. } = event.json(0)? else { continue };
            if job_id.as_str() != job {
                continue;
            }
            let cases = result.tests.into_iter().flat_map(|suite| suite.test_cases);
            flakes.extend(cases.filter(|case| !case.failures.is_empty() || !case.errors.is_empty()).map(|case| {
                Flake { repo: repo.clone(), job: job.clone(), test: (case.class_name, case.test_case), build }
            }));
        }
    }
    Ok(flakes)
}
