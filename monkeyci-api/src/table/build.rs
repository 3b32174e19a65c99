//! Builds, as lists show them. The engine writes them; here they are only read.

use std::collections::BTreeMap;

use monkeyci_core::model::{BuildId, BuildStatus, EventKind, JobResult, JobStatus, Millis, OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::Build;
use monkeyci_rest::repo::Branch;

const COLUMNS: &str = "SELECT org, repo, number, status, message, cause, created, ended, events, id FROM build";

/// Which builds of a list are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those of this repository.
    pub repo: Option<RepoId>,
    /// Those that stand so.
    pub status: Option<BuildStatus>,
    /// Those of this ref.
    pub reference: Option<String>,
}

fn read(row: &Row) -> Result<Build, StoreError> {
    Ok(Build {
        org: row.word(0)?,
        repo: row.word(1)?,
        number: row.count(2)?,
        status: row.word(3)?,
        message: row.maybe(4, Row::text)?.map(str::to_owned),
        trigger: row.maybe(5, Row::json)?.unwrap_or_default(),
        created: row.maybe(6, Row::integer)?.unwrap_or_default(),
        ended: row.maybe(7, Row::integer)?,
        events: row.count(8)?,
    })
}

/// Up to `limit` builds of an organisation before `cursor`, newest first, each with what stands for it in a cursor.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    org: &OrgId,
    filter: &Filter,
    cursor: Option<u64>,
    limit: u64,
) -> Result<Vec<(u64, Build)>, StoreError> {
    let select = format!(
        "{COLUMNS} WHERE org = $1 AND ($2 IS NULL OR repo = $2) AND ($3 IS NULL OR status = $3)
         AND ($4 IS NULL OR reference = $4) AND id < $5 ORDER BY id DESC LIMIT $6"
    );
    let (repo, status) = (filter.repo.as_ref().map(RepoId::as_str), filter.status.map(BuildStatus::as_str));
    let parameters = values![org, repo, status, filter.reference.as_deref(), cursor.unwrap_or(u64::MAX), limit];
    sql.query(&select, parameters)?.iter().map(|row| Ok((row.count(9)?, read(row)?))).collect()
}

/// A build, when there is one of that number.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, number: u64) -> Result<Option<Build>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND number = $3");
    sql.query(&select, values![org, repo, number])?.first().map(read).transpose()
}

/// What is kept of the request for a build.
///
/// # Errors
/// When it cannot be read.
pub fn request(sql: &mut dyn Sql, build: &BuildId) -> Result<Option<String>, StoreError> {
    let select = "SELECT request FROM build WHERE org = $1 AND repo = $2 AND number = $3";
    let rows = sql.query(select, values![&build.org, &build.repo, build.number])?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(row.maybe(0, Row::text)?.map(str::to_owned))
}

/// The newest build of a repository.
///
/// # Errors
/// When it cannot be read.
pub fn latest(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId) -> Result<Option<Build>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 ORDER BY number DESC LIMIT 1");
    sql.query(&select, values![org, repo])?.first().map(read).transpose()
}

/// How the newest build of each branch of a repository stands.
///
/// # Errors
/// When they cannot be read.
pub fn branches(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId) -> Result<BTreeMap<String, Branch>, StoreError> {
    let select = "SELECT reference, number, status, created FROM build WHERE org = $1 AND repo = $2 AND number IN
                  (SELECT max(number) FROM build WHERE org = $1 AND repo = $2 AND reference LIKE 'refs/heads/%'
                   GROUP BY reference)";
    let read = |row: &Row| {
        let reference = row.text(0)?;
        let name = reference.strip_prefix("refs/heads/").unwrap_or(reference).to_owned();
        let created = row.maybe(3, Row::integer)?.unwrap_or_default();
        Ok((name, Branch { number: row.count(1)?, status: row.word(2)?, created }))
    };
    sql.query(select, values![org, repo])?.iter().map(read).collect()
}

/// The builds of a ref that have not ended, before `number`: those that a newer one makes superfluous.
///
/// # Errors
/// When they cannot be read.
pub fn open_before(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    reference: &str,
    number: u64,
) -> Result<Vec<u64>, StoreError> {
    let select =
        "SELECT number FROM build WHERE org = $1 AND repo = $2 AND reference = $3 AND number < $4 AND open = 1";
    sql.query(select, values![org, repo, reference, number])?.iter().map(|row| row.count(0)).collect()
}

/// Up to `limit` builds after `cursor` that ended before a moment, oldest first, each with what stands for it in a cursor
/// and whether it is the newest of its ref.
///
/// # Errors
/// When they cannot be read.
pub fn ended_before(
    sql: &mut dyn Sql,
    moment: Millis,
    cursor: u64,
    limit: u64,
) -> Result<Vec<(u64, Build, bool)>, StoreError> {
    let select = format!("{COLUMNS} WHERE open = 0 AND ended < $1 AND id > $2 ORDER BY id LIMIT $3");
    let mut found = Vec::new();
    for row in sql.query(&select, values![moment, cursor, limit])? {
        let build = read(&row)?;
        let newer = "SELECT 1 FROM build WHERE org = $1 AND repo = $2 AND number > $3 AND open = 0
                     AND coalesce(reference, '') = $4 LIMIT 1";
        let reference = build.trigger.git.as_ref().and_then(|git| git.reference.as_deref()).unwrap_or_default();
        let is_newest = sql.query(newer, values![&build.org, &build.repo, build.number, reference])?.is_empty();
        found.push((row.count(9)?, build, is_newest));
    }
    Ok(found)
}

/// Removes a build that has ended, with its jobs, its events, and what was noted of it for forges and environments; tells whether it did. The one with the newest event of all
/// stays, since no position may ever be given twice.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, id: u64) -> Result<bool, StoreError> {
    let newest = "SELECT build FROM event ORDER BY position DESC LIMIT 1";
    if sql.query(newest, &[])?.first().map(|row| row.count(0)).transpose()? == Some(id) {
        return Ok(false);
    }
    let of_it = "(org, repo, number) IN (SELECT org, repo, number FROM build WHERE id = $1)";
    for table in ["report", "deployment"] {
        sql.execute(&format!("DELETE FROM {table} WHERE {of_it}"), values![id])?;
    }
    for table in ["event", "job"] {
        sql.execute(&format!("DELETE FROM {table} WHERE build = $1"), values![id])?;
    }
    Ok(sql.execute("DELETE FROM build WHERE id = $1 AND open = 0", values![id])? == 1)
}

/// How many jobs of builds that have not ended stand how.
///
/// # Errors
/// When they cannot be read.
pub fn jobs(sql: &mut dyn Sql) -> Result<BTreeMap<String, u64>, StoreError> {
    let select = "SELECT job.status, count(*) FROM job JOIN build ON build.id = job.build
                  WHERE build.open = 1 GROUP BY job.status";
    sql.query(select, &[])?.iter().map(|row| Ok((row.text(0)?.to_owned(), row.count(1)?))).collect()
}

/// The position of the newest event; 0 where there is none.
///
/// # Errors
/// When it cannot be read.
pub fn position(sql: &mut dyn Sql) -> Result<u64, StoreError> {
    sql.query("SELECT max(position) FROM event", &[])?
        .first()
        .map_or(Ok(0), |row| Ok(row.maybe(0, Row::count)?.unwrap_or_default()))
}

/// When a job started, and when it ended.
pub type JobTimes = (Option<Millis>, Option<Millis>);

/// When the jobs of a build started and ended, by id.
///
/// # Errors
/// When they cannot be read.
pub fn job_times(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    number: u64,
) -> Result<BTreeMap<String, JobTimes>, StoreError> {
    let select = "SELECT job.id, job.started, job.ended FROM job JOIN build ON build.id = job.build
                  WHERE org = $1 AND repo = $2 AND number = $3";
    let read = |row: &Row| Ok((row.text(0)?.to_owned(), (row.maybe(1, Row::integer)?, row.maybe(2, Row::integer)?)));
    sql.query(select, values![org, repo, number])?.iter().map(read).collect()
}

/// How the jobs of a build stand, by id.
///
/// # Errors
/// When they cannot be read.
pub fn job_statuses(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    number: u64,
) -> Result<BTreeMap<String, JobStatus>, StoreError> {
    let select = "SELECT job.id, job.status FROM job JOIN build ON build.id = job.build
                  WHERE org = $1 AND repo = $2 AND number = $3";
    let read = |row: &Row| Ok((row.text(0)?.to_owned(), row.word(1)?));
    sql.query(select, values![org, repo, number])?.iter().map(read).collect()
}

/// What the last attempt of each of these jobs of a build came to, with its number.
///
/// # Errors
/// When it cannot be read.
pub fn results(
    sql: &mut dyn Sql,
    build: &BuildId,
    jobs: &[String],
) -> Result<BTreeMap<String, (u32, JobResult)>, StoreError> {
    let select = "SELECT event.kind FROM event JOIN build ON build.id = event.build
                  WHERE build.org = $1 AND build.repo = $2 AND build.number = $3 AND event.kind LIKE $4 ORDER BY event.seq";
    let mut results = BTreeMap::new();
    for row in sql.query(select, values![&build.org, &build.repo, build.number, "%\"job/executed\"%"])? {
        if let EventKind::JobExecuted { job_id, attempt, result, .. } = row.json(0)?
            && jobs.iter().any(|job| *job == job_id.as_str())
        {
            results.insert(job_id.to_string(), (attempt, *result));
        }
    }
    Ok(results)
}

/// The newest build before this one, of the same ref or pull request, that came to something: one that was canceled says
/// nothing of the commit.
///
/// # Errors
/// When it cannot be read.
pub fn before(sql: &mut dyn Sql, build: &Build) -> Result<Option<Build>, StoreError> {
    let Some(reference) = build.trigger.git.as_ref().and_then(|git| git.reference.as_deref()) else { return Ok(None) };
    let select = format!(
        "{COLUMNS} WHERE org = $1 AND repo = $2 AND reference = $3 AND number < $4 AND open = 0
         AND status IN ('success', 'failure', 'error') ORDER BY number DESC LIMIT 20"
    );
    let request = |build: &Build| build.trigger.pull_request.as_ref().map(|request| request.number);
    for row in sql.query(&select, values![&build.org, &build.repo, reference, build.number])? {
        let found = read(&row)?;
        if request(&found) == request(build) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
