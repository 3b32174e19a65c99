//! How far those who follow the events of all builds have come.

use monkeyci_core::store::{Sql, StoreError};
use monkeyci_core::values;

/// Who follows; each has a row from its schema on, but for who publishes, which has one from the first server on that does so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Who tells forges of builds.
    Report,
    /// Who tells subscribers.
    Notice,
    /// Who begins builds after builds.
    Trigger,
    /// Who sends traces.
    Trace,
    /// Who publishes events.
    Publish,
}

impl Reader {
    fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Notice => "notice",
            Self::Trigger => "trigger",
            Self::Trace => "trace",
            Self::Publish => "publish",
        }
    }
}

/// The position of the newest event that a reader has looked at.
///
/// # Errors
/// When it cannot be read.
pub fn position(sql: &mut dyn Sql, reader: Reader) -> Result<u64, StoreError> {
    let rows = sql.query("SELECT position FROM followed WHERE reader = $1", values![reader.name()])?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

/// Notes where a reader begins that has looked at nothing yet.
///
/// # Errors
/// When it cannot be written.
pub fn begin(sql: &mut dyn Sql, reader: Reader, position: u64) -> Result<(), StoreError> {
    let insert = "INSERT INTO followed (reader, position) VALUES ($1, $2) ON CONFLICT (reader) DO NOTHING";
    sql.execute(insert, values![reader.name(), position]).map(drop)
}

/// Notes that a reader has looked at the events up to this position.
///
/// # Errors
/// When it cannot be written.
pub fn keep(sql: &mut dyn Sql, reader: Reader, position: u64) -> Result<(), StoreError> {
    sql.execute("UPDATE followed SET position = $2 WHERE reader = $1", values![reader.name(), position]).map(drop)
}

/// Moves a reader on from one position to another; tells whether nobody else had.
///
/// # Errors
/// When it cannot be written.
pub fn move_on(sql: &mut dyn Sql, reader: Reader, from: u64, to: u64) -> Result<bool, StoreError> {
    let update = "UPDATE followed SET position = $3 WHERE reader = $1 AND position = $2";
    Ok(sql.execute(update, values![reader.name(), from, to])? == 1)
}
