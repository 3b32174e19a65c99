use std::sync::Arc;

use monkeyci_model::{BuildId, BuildStatus, Event, JobId, JobStatus, Trigger};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde::de::{DeserializeOwned, IntoDeserializer, value::StrDeserializer};

use crate::store::{BuildRow, JobRow};

const BUILD: &str = "SELECT org, repo, number, status, message, request, created, ended, events, cause FROM build";
const EVENT: &str =
    "SELECT position, seq, time, kind, org, repo, number FROM event JOIN build ON build.id = event.build";

pub(super) fn events(
    connection: &Connection,
    build: &BuildId,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Vec<Arc<Event>>> {
    let sql = format!("{EVENT} WHERE org = ? AND repo = ? AND number = ? AND seq > ? ORDER BY seq LIMIT ?");
    let parameters =
        params![build.org.as_str(), build.repo.as_str(), integer(build.number), integer(after), integer(limit as u64)];
    connection.prepare_cached(&sql)?.query_map(parameters, event)?.collect()
}

pub(super) fn feed(connection: &Connection, position: u64, limit: usize) -> rusqlite::Result<Vec<Arc<Event>>> {
    let sql = format!("{EVENT} WHERE position > ? ORDER BY position LIMIT ?");
    connection.prepare_cached(&sql)?.query_map(params![integer(position), integer(limit as u64)], event)?.collect()
}

pub(super) fn open_builds(connection: &Connection) -> rusqlite::Result<Vec<BuildRow>> {
    connection.prepare_cached(&format!("{BUILD} WHERE open = 1 ORDER BY id"))?.query_map([], build_row)?.collect()
}

pub(super) fn builds(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<BuildRow>> {
    connection
        .prepare_cached(&format!("{BUILD} ORDER BY id DESC LIMIT ?"))?
        .query_map([integer(limit as u64)], build_row)?
        .collect()
}

pub(super) fn build(connection: &Connection, build: &BuildId) -> rusqlite::Result<Option<BuildRow>> {
    connection
        .prepare_cached(&format!("{BUILD} WHERE org = ? AND repo = ? AND number = ?"))?
        .query_row(params![build.org.as_str(), build.repo.as_str(), integer(build.number)], build_row)
        .optional()
}

pub(super) fn jobs(connection: &Connection, build: &BuildId) -> rusqlite::Result<Vec<JobRow>> {
    let mut query = connection.prepare_cached(
        "SELECT job.id, job.status, attempt, fence, started, job.ended FROM job JOIN build ON build.id = job.build
         WHERE org = :org AND repo = :repo AND number = :number ORDER BY job.rowid",
    )?;
    let build =
        named_params! {":org": build.org.as_str(), ":repo": build.repo.as_str(), ":number": integer(build.number)};
    query.query_map(build, job_row)?.collect()
}

/// SQLite's integers end at 2^63 - 1. Whoever asks may name a larger number; nothing that is stored has one.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads what is written as one word: an id or a status.
fn word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: StrDeserializer<'_, serde::de::value::Error> = row.get_ref(column)?.as_str()?.into_deserializer();
    T::deserialize(text).map_err(|error| unreadable(column, error))
}

fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

fn event(row: &Row<'_>) -> rusqlite::Result<Arc<Event>> {
    let kind = serde_json::from_slice(row.get_ref(3)?.as_bytes()?).map_err(|error| unreadable(3, error))?;
    let subject = BuildId::new(word(row, 4)?, word(row, 5)?, row.get(6)?);
    Ok(Arc::new(Event { position: row.get(0)?, subject, seq: row.get(1)?, time: row.get(2)?, kind }))
}

fn build_row(row: &Row<'_>) -> rusqlite::Result<BuildRow> {
    Ok(BuildRow {
        build: BuildId::new(word(row, 0)?, word(row, 1)?, row.get(2)?),
        status: word::<BuildStatus>(row, 3)?,
        message: row.get(4)?,
        request: row.get(5)?,
        trigger: cause(row, 9)?,
        created: row.get(6)?,
        ended: row.get(7)?,
        events: row.get(8)?,
    })
}

fn cause(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Box<Trigger>>> {
    let read = |json: &[u8]| serde_json::from_slice(json).map_err(|error| unreadable(column, error));
    row.get_ref(column)?.as_bytes_or_null()?.map(read).transpose()
}

fn job_row(row: &Row<'_>) -> rusqlite::Result<JobRow> {
    Ok(JobRow {
        job: word::<JobId>(row, 0)?,
        status: word::<JobStatus>(row, 1)?,
        attempt: row.get(2)?,
        fence: row.get(3)?,
        started: row.get(4)?,
        ended: row.get(5)?,
    })
}
