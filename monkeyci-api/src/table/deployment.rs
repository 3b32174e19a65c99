//! Jobs of environments: which came into builds, and who approved them. How they went, the engine writes.

use monkeyci_core::model::{BuildId, JobId, Millis, OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::Deployment;

/// Where a page of a list ends: the number of a build, and a job of it.
pub type Cursor = (u64, String);

/// Notes that a job of an environment comes into a build; nothing where that is noted.
///
/// # Errors
/// When it cannot be written.
pub fn add(sql: &mut dyn Sql, build: &BuildId, environment: &str, job: &JobId, now: Millis) -> Result<(), StoreError> {
    let insert = "INSERT INTO deployment (org, repo, environment, number, job, created)
                  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org, repo, environment, number, job) DO NOTHING";
    sql.execute(insert, values![&build.org, &build.repo, environment, build.number, job.as_str(), now]).map(drop)
}

/// Notes who approved it.
///
/// # Errors
/// When it cannot be written.
pub fn approve(
    sql: &mut dyn Sql,
    build: &BuildId,
    environment: &str,
    job: &JobId,
    approver: &str,
    now: Millis,
) -> Result<(), StoreError> {
    let update = "UPDATE deployment SET approver = $6, approved = $7
                  WHERE org = $1 AND repo = $2 AND environment = $3 AND number = $4 AND job = $5";
    let parameters = values![&build.org, &build.repo, environment, build.number, job.as_str(), approver, now];
    sql.execute(update, parameters).map(drop)
}

/// The environment that a job of a build has worked on, where it has one and ran there: nothing is deployed again by what is
/// taken over of another build.
///
/// # Errors
/// When it cannot be read.
pub fn environment(sql: &mut dyn Sql, build: &BuildId, job: &JobId) -> Result<Option<String>, StoreError> {
    let select = "SELECT d.environment FROM deployment d
                  JOIN build b ON b.org = d.org AND b.repo = d.repo AND b.number = d.number
                  JOIN job j ON j.build = b.id AND j.id = d.job AND j.attempt > 0
                  WHERE d.org = $1 AND d.repo = $2 AND d.number = $3 AND d.job = $4";
    let rows = sql.query(select, values![&build.org, &build.repo, build.number, job.as_str()])?;
    rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Up to `limit` deployments to an environment before `cursor`, those of the newest build first.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    environment: &str,
    cursor: Option<Cursor>,
    limit: u64,
) -> Result<Vec<Deployment>, StoreError> {
    let select = "SELECT d.number, d.job, j.status, b.reference, d.approver, d.approved, d.created, j.started, j.ended
                  FROM deployment d JOIN build b ON b.org = d.org AND b.repo = d.repo AND b.number = d.number
                  JOIN job j ON j.build = b.id AND j.id = d.job
                  WHERE d.org = $1 AND d.repo = $2 AND d.environment = $3
                  AND (d.number < $4 OR (d.number = $4 AND d.job > $5))
                  ORDER BY d.number DESC, d.job LIMIT $6";
    let (number, job) = cursor.unwrap_or((u64::from(u32::MAX), String::new()));
    sql.query(select, values![org, repo, environment, number, job, limit])?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Deployment, StoreError> {
    let text = |column| row.maybe(column, Row::text).map(|text| text.map(str::to_owned));
    Ok(Deployment {
        number: row.count(0)?,
        job: row.word(1)?,
        status: row.word(2)?,
        reference: text(3)?,
        approver: text(4)?,
        approved: row.maybe(5, Row::integer)?,
        created: row.integer(6)?,
        started: row.maybe(7, Row::integer)?,
        ended: row.maybe(8, Row::integer)?,
    })
}
