//! Shells that are open. A row goes as its shell is closed; what a server finds as it starts, a server before it left.

use monkeyci_core::model::{BuildId, JobId, Millis};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;

/// A shell that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellRow {
    /// Its id.
    pub id: String,
    /// The build.
    pub build: BuildId,
    /// The job.
    pub job: JobId,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Who opened it.
    pub person: String,
    /// When.
    pub opened: Millis,
}

/// Adds a shell.
///
/// # Errors
/// When it cannot be written.
pub fn add(sql: &mut dyn Sql, shell: &ShellRow) -> Result<(), StoreError> {
    let insert = "INSERT INTO shell (id, org, repo, number, job, attempt, person, opened)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let ShellRow { id, build, job, attempt, person, opened } = shell;
    let attempt = u64::from(*attempt);
    let row = values![id, &build.org, &build.repo, build.number, job.as_str(), attempt, person, *opened];
    sql.execute(insert, row).map(drop)
}

/// All of them.
///
/// # Errors
/// When they cannot be read.
pub fn all(sql: &mut dyn Sql) -> Result<Vec<ShellRow>, StoreError> {
    let read = |row: &Row| {
        Ok(ShellRow {
            id: row.text(0)?.to_owned(),
            build: BuildId::new(row.word(1)?, row.word(2)?, row.count(3)?),
            job: row.word(4)?,
            attempt: u32::try_from(row.count(5)?).unwrap_or(u32::MAX),
            person: row.text(6)?.to_owned(),
            opened: row.integer(7)?,
        })
    };
    let select = "SELECT id, org, repo, number, job, attempt, person, opened FROM shell ORDER BY id";
    sql.query(select, &[])?.iter().map(read).collect()
}

/// Removes one.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, id: &str) -> Result<(), StoreError> {
    sql.execute("DELETE FROM shell WHERE id = $1", values![id]).map(drop)
}
