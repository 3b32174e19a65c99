//! Schedules.

use monkeyci_core::model::{Millis, OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Schedule, ScheduleBody};

use crate::revision;

const COLUMNS: &str = "SELECT name, body, next, last, org, repo FROM schedule";

fn read(row: &Row) -> Result<Schedule, StoreError> {
    let (next, last) = (row.maybe(2, Row::integer)?, row.maybe(3, Row::integer)?);
    let body: ScheduleBody = row.json(1)?;
    Ok(Schedule { name: row.text(0)?.to_owned(), revision: revision::of(&body), body, next, last })
}

/// The schedule of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, name: &str) -> Result<Option<Schedule>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND name = $3");
    sql.query(&select, values![org, repo, name])?.first().map(read).transpose()
}

/// Up to `limit` schedules of a repository after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    cursor: Option<&str>,
    limit: u64,
) -> Result<Vec<Schedule>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND name > $3 ORDER BY name LIMIT $4");
    sql.query(&select, values![org, repo, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Makes a schedule or changes it; `next` is when it fires next.
///
/// # Errors
/// When it cannot be written.
pub fn put(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    name: &str,
    body: &ScheduleBody,
    next: Option<Millis>,
) -> Result<(), StoreError> {
    let upsert = "INSERT INTO schedule (org, repo, name, body, next) VALUES ($1, $2, $3, $4, $5)
                  ON CONFLICT (org, repo, name) DO UPDATE SET body = excluded.body, next = excluded.next";
    let body = serde_json::to_string(body).expect("a body is JSON");
    sql.execute(upsert, values![org, repo, name, body, next]).map(drop)
}

/// The schedules that are due.
///
/// # Errors
/// When they cannot be read.
pub fn due(sql: &mut dyn Sql, now: Millis) -> Result<Vec<(OrgId, RepoId, Schedule)>, StoreError> {
    let rows = sql.query(&format!("{COLUMNS} WHERE next <= $1 ORDER BY next"), values![now])?;
    rows.iter().map(|row| Ok((row.word(4)?, row.word(5)?, read(row)?))).collect()
}

/// When the next of all schedules is due.
///
/// # Errors
/// When it cannot be read.
pub fn next(sql: &mut dyn Sql) -> Result<Option<Millis>, StoreError> {
    let rows = sql.query("SELECT min(next) FROM schedule", &[])?;
    rows.first().map_or(Ok(None), |row| row.maybe(0, Row::integer))
}

/// Notes that a schedule has fired for the instant `at`, and when it does next; only if that was still to come.
///
/// # Errors
/// When it cannot be written.
pub fn fired(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    name: &str,
    at: Millis,
    next: Option<Millis>,
) -> Result<bool, StoreError> {
    let update = "UPDATE schedule SET last = $4, next = $5 WHERE org = $1 AND repo = $2 AND name = $3 AND next = $4";
    Ok(sql.execute(update, values![org, repo, name, at, next])? == 1)
}

/// Removes a schedule; tells whether there was one.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, name: &str) -> Result<bool, StoreError> {
    let delete = "DELETE FROM schedule WHERE org = $1 AND repo = $2 AND name = $3";
    Ok(sql.execute(delete, values![org, repo, name])? == 1)
}
