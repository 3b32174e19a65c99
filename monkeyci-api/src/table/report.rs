//! What forges are to be told of builds, and what they were told.
//!
//! A build has one row, so that of all that happens only the newest is told. Of the builds of a commit only the newest
//! is told of at all: they share one status at the forge.

use monkeyci_core::model::{BuildId, BuildStatus, Millis, OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;

/// What is to be told of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// The build.
    pub build: BuildId,
    /// How it stands.
    pub wanted: BuildStatus,
    /// What the forge knows, when it knows something.
    pub sent: Option<BuildStatus>,
    /// When it came to stand so.
    pub since: Millis,
    /// How often in a row it could not be told.
    pub tries: u64,
    /// When it is to be told; never when it is absent.
    pub next: Option<Millis>,
    /// Why it was not told, for people.
    pub note: Option<String>,
}

const COLUMNS: &str = "SELECT org, repo, number, wanted, sent, since, tries, next, note FROM report";

fn read(row: &Row) -> Result<ReportRow, StoreError> {
    Ok(ReportRow {
        build: BuildId::new(row.word(0)?, row.word(1)?, row.count(2)?),
        wanted: row.word(3)?,
        sent: row.maybe(4, Row::word)?,
        since: row.integer(5)?,
        tries: row.count(6)?,
        next: row.maybe(7, Row::integer)?,
        note: row.maybe(8, Row::text)?.map(str::to_owned),
    })
}

/// The position of the newest event of all builds that was looked at.
///
/// # Errors
/// When it cannot be read.
pub fn position(sql: &mut dyn Sql) -> Result<u64, StoreError> {
    let rows = sql.query("SELECT position FROM followed WHERE reader = 'report'", &[])?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

/// Notes that the events up to this position were looked at.
///
/// # Errors
/// When it cannot be written.
pub fn keep_position(sql: &mut dyn Sql, position: u64) -> Result<(), StoreError> {
    sql.execute("UPDATE followed SET position = $1 WHERE reader = 'report'", values![position]).map(drop)
}

/// What is to be told of a build, when something is or was.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, build: &BuildId) -> Result<Option<ReportRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND number = $3");
    sql.query(&select, values![&build.org, &build.repo, build.number])?.first().map(read).transpose()
}

/// Notes that a build of a commit stands so. What could not be told before keeps the wait that the forge asked for.
///
/// # Errors
/// When it cannot be written.
pub fn want(
    sql: &mut dyn Sql,
    build: &BuildId,
    commit: &str,
    wanted: BuildStatus,
    now: Millis,
) -> Result<(), StoreError> {
    let BuildId { org, repo, number } = build;
    let newer = "SELECT 1 FROM report WHERE org = $1 AND repo = $2 AND commit_id = $3 AND number > $4 LIMIT 1";
    if !sql.query(newer, values![org, repo, commit, *number])?.is_empty() {
        return Ok(());
    }
    let former = "UPDATE report SET next = NULL, note = $5
                  WHERE org = $1 AND repo = $2 AND commit_id = $3 AND number < $4 AND next IS NOT NULL";
    let note = format!("build {number} of the same commit is newer");
    sql.execute(former, values![org, repo, commit, *number, note])?;
    let upsert = "INSERT INTO report (org, repo, number, commit_id, wanted, since, tries, next)
                  VALUES ($1, $2, $3, $4, $5, $6, 0, $6) ON CONFLICT (org, repo, number) DO UPDATE SET
                  wanted = excluded.wanted, since = excluded.since, note = NULL,
                  tries = CASE WHEN report.next IS NULL THEN 0 ELSE report.tries END,
                  next = coalesce(report.next, excluded.next) WHERE report.wanted <> excluded.wanted";
    sql.execute(upsert, values![org, repo, *number, commit, wanted.as_str(), now]).map(drop)
}

/// The repositories of which something is due.
///
/// # Errors
/// When they cannot be read.
pub fn due(sql: &mut dyn Sql, now: Millis) -> Result<Vec<(OrgId, RepoId)>, StoreError> {
    let rows = sql.query("SELECT DISTINCT org, repo FROM report WHERE next <= $1", values![now])?;
    rows.iter().map(|row| Ok((row.word(0)?, row.word(1)?))).collect()
}

/// What is due first of a repository.
///
/// # Errors
/// When it cannot be read.
pub fn due_of(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, now: Millis) -> Result<Option<ReportRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND next <= $3 ORDER BY next, number LIMIT 1");
    sql.query(&select, values![org, repo, now])?.first().map(read).transpose()
}

/// When the next after `now` is due.
///
/// # Errors
/// When it cannot be read.
pub fn next(sql: &mut dyn Sql, now: Millis) -> Result<Option<Millis>, StoreError> {
    let rows = sql.query("SELECT min(next) FROM report WHERE next > $1", values![now])?;
    rows.first().map_or(Ok(None), |row| row.maybe(0, Row::integer))
}

/// Notes that the forge knows that a build stands so; what it came to in the meantime is due.
///
/// # Errors
/// When it cannot be written.
pub fn told(sql: &mut dyn Sql, build: &BuildId, sent: BuildStatus, now: Millis) -> Result<(), StoreError> {
    let update = "UPDATE report SET sent = $4, tries = 0, note = NULL,
                  next = CASE WHEN next IS NULL OR wanted = $4 THEN NULL ELSE $5 END
                  WHERE org = $1 AND repo = $2 AND number = $3";
    sql.execute(update, values![&build.org, &build.repo, build.number, sent.as_str(), now]).map(drop)
}

/// Notes that it could not be told, and when that is tried again.
///
/// # Errors
/// When it cannot be written.
pub fn later(sql: &mut dyn Sql, build: &BuildId, next: Millis, note: &str) -> Result<(), StoreError> {
    let update = "UPDATE report SET tries = tries + 1, next = $4, note = $5
                  WHERE org = $1 AND repo = $2 AND number = $3 AND next IS NOT NULL";
    sql.execute(update, values![&build.org, &build.repo, build.number, next, note]).map(drop)
}

/// Notes that it is told no more that a build stood so; what it came to in the meantime is due.
///
/// # Errors
/// When it cannot be written.
pub fn give_up(
    sql: &mut dyn Sql,
    build: &BuildId,
    stood: BuildStatus,
    note: &str,
    now: Millis,
) -> Result<(), StoreError> {
    let update = "UPDATE report SET tries = 0, note = $5,
                  next = CASE WHEN next IS NULL OR wanted = $4 THEN NULL ELSE $6 END
                  WHERE org = $1 AND repo = $2 AND number = $3";
    let parameters = values![&build.org, &build.repo, build.number, stood.as_str(), note, now];
    sql.execute(update, parameters).map(drop)
}
