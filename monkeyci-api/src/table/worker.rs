//! Workers elsewhere. Of the token by which one is known only a hash is kept.

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Worker, WorkerFacts};

/// A worker, and in which of its folders it works.
#[derive(Debug, Clone)]
pub struct WorkerRow {
    /// The worker; what it runs is not known here.
    pub worker: Worker,
    /// Its folder.
    pub home: Option<String>,
}

const COLUMNS: &str = "SELECT name, org, paused, created, seen, facts, home FROM worker";

fn read(row: &Row) -> Result<WorkerRow, StoreError> {
    let org = row.maybe(1, |row, column| row.text(column).map(str::to_owned))?;
    let worker = Worker {
        name: row.text(0)?.to_owned(),
        org: org.and_then(|org| org.parse::<OrgId>().ok()),
        paused: row.integer(2)? != 0,
        created: row.integer(3)?,
        seen: row.maybe(4, Row::integer)?,
        facts: row.maybe(5, Row::json::<WorkerFacts>)?,
        running: Vec::new(),
    };
    Ok(WorkerRow { worker, home: row.maybe(6, |row, column| row.text(column).map(str::to_owned))? })
}

/// The worker whose token has that hash.
///
/// # Errors
/// When it cannot be read.
pub fn known_by(sql: &mut dyn Sql, hash: &str) -> Result<Option<WorkerRow>, StoreError> {
    sql.query(&format!("{COLUMNS} WHERE hash = $1"), values![hash])?.first().map(read).transpose()
}

/// The worker of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, name: &str) -> Result<Option<Worker>, StoreError> {
    let rows = sql.query(&format!("{COLUMNS} WHERE name = $1"), values![name])?;
    rows.first().map(|row| read(row).map(|row| row.worker)).transpose()
}

/// Workers after `cursor`.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, cursor: Option<&str>, limit: u64) -> Result<Vec<Worker>, StoreError> {
    let select = format!("{COLUMNS} WHERE name > $1 ORDER BY name LIMIT $2");
    let rows = sql.query(&select, values![cursor.unwrap_or_default(), limit])?;
    rows.iter().map(|row| read(row).map(|row| row.worker)).collect()
}

/// Adds a worker; tells whether its name was free.
///
/// # Errors
/// When it cannot be written.
pub fn add(sql: &mut dyn Sql, worker: &Worker, hash: &str) -> Result<bool, StoreError> {
    let insert = "INSERT INTO worker (name, hash, org, paused, created) VALUES ($1, $2, $3, 0, $4)
                  ON CONFLICT (name) DO NOTHING";
    let org = worker.org.as_ref().map(ToString::to_string);
    Ok(sql.execute(insert, values![worker.name.clone(), hash, org, worker.created])? == 1)
}

/// Lets a worker take no new jobs, or take them again; tells whether there is one.
///
/// # Errors
/// When it cannot be written.
pub fn pause(sql: &mut dyn Sql, name: &str, paused: bool) -> Result<bool, StoreError> {
    Ok(sql.execute("UPDATE worker SET paused = $2 WHERE name = $1", values![name, i64::from(paused)])? == 1)
}

/// Removes a worker; tells whether there was one.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, name: &str) -> Result<bool, StoreError> {
    Ok(sql.execute("DELETE FROM worker WHERE name = $1", values![name])? == 1)
}

/// Notes what a worker says of itself as it begins.
///
/// # Errors
/// When it cannot be written.
pub fn begins(sql: &mut dyn Sql, name: &str, home: &str, facts: &WorkerFacts, now: Millis) -> Result<(), StoreError> {
    let facts = serde_json::to_string(facts).expect("facts are JSON");
    let update = "UPDATE worker SET home = $2, facts = $3, seen = $4 WHERE name = $1";
    sql.execute(update, values![name, home, facts, now]).map(drop)
}

/// Notes that a worker was heard of.
///
/// # Errors
/// When it cannot be written.
pub fn seen(sql: &mut dyn Sql, name: &str, now: Millis) -> Result<(), StoreError> {
    sql.execute("UPDATE worker SET seen = $2 WHERE name = $1", values![name, now]).map(drop)
}
