//! Facts and rows of builds, written with one statement for each table, however many there are.

use std::borrow::Cow;
use std::collections::HashMap;

use monkeyci_model::{OrgId, RepoId};
use tokio_postgres::types::{ToSql, Type};

use super::connection::Connection;
use super::tables::Statements;
use super::value::escape;
use crate::store::{Commit, JobRow, Sequence, Sql, StoreError};
use crate::values;

/// Bytes of the longest reference that builds are looked for by: an index takes no longer ones.
const REFERENCE: usize = 1024;

/// Where the numbers that only the writer gives have come to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    /// The position of the last event.
    pub(super) position: i64,
    /// The key of the last build.
    pub(super) build: i64,
}

impl Last {
    pub(super) fn read(sql: &mut dyn Sql) -> Result<Self, StoreError> {
        let select = "SELECT (SELECT coalesce(max(position), 0) FROM event), (SELECT coalesce(max(id), 0) FROM build)";
        let rows = sql.query(select, &[])?;
        let row = rows.first().ok_or(StoreError::Database { what: "cannot read", reason: "no row".into() })?;
        Ok(Self { position: row.integer(0)?, build: row.integer(1)? })
    }
}

/// Writes a batch; returns the position of its first fact.
pub(super) fn write(connection: &mut Connection, batch: &[Commit], last: &mut Last) -> Result<u64, StoreError> {
    let known = find(connection, batch)?;
    let mut keys = Vec::with_capacity(batch.len());
    for (index, commit) in batch.iter().enumerate() {
        let found = known.get(&index);
        if found.map_or(0, |(_, events)| *events) != integer(commit.after)? {
            return Err(StoreError::Conflict { build: commit.build.build.clone() });
        }
        keys.push(found.map_or_else(
            || {
                last.build += 1;
                last.build
            },
            |(key, _)| *key,
        ));
    }
    let first = last.position + 1;
    write_builds(connection, batch, &keys)?;
    write_events(connection, batch, &keys, last)?;
    write_jobs(connection, batch, &keys)?;
    Ok(first.unsigned_abs())
}

/// The key and the number of events of each build of the batch that there is.
fn find(connection: &mut Connection, batch: &[Commit]) -> Result<HashMap<usize, (i64, i64)>, StoreError> {
    let orgs: Vec<_> = batch.iter().map(|commit| commit.build.build.org.as_str()).collect();
    let repos: Vec<_> = batch.iter().map(|commit| commit.build.build.repo.as_str()).collect();
    let numbers = batch.iter().map(|commit| integer(commit.build.build.number)).collect::<Result<Vec<_>, _>>()?;
    let select = "SELECT place, id, events FROM unnest($1, $2, $3) WITH ORDINALITY AS asked (org, repo, number, place)
                  JOIN build USING (org, repo, number)";
    let parameters = [texts(&orgs), texts(&repos), integers(&numbers)];
    let row = |row: &tokio_postgres::Row| Ok((row.try_get::<_, i64>(0)?, (row.try_get(1)?, row.try_get(2)?)));
    let found = connection.query(select, &parameters, row)?;
    Ok(found.into_iter().filter_map(|(place, build)| Some((usize::try_from(place - 1).ok()?, build))).collect())
}

fn write_builds(connection: &mut Connection, batch: &[Commit], keys: &[i64]) -> Result<(), StoreError> {
    let rows: Vec<_> = batch.iter().map(|commit| &commit.build).collect();
    let orgs: Vec<_> = rows.iter().map(|row| row.build.org.as_str()).collect();
    let repos: Vec<_> = rows.iter().map(|row| row.build.repo.as_str()).collect();
    let numbers = rows.iter().map(|row| integer(row.build.number)).collect::<Result<Vec<_>, _>>()?;
    let status: Vec<_> = rows.iter().map(|row| row.status.as_str()).collect();
    let open: Vec<_> = rows.iter().map(|row| i64::from(!row.status.is_terminal())).collect();
    let events = batch.iter().map(|commit| integer(commit.after + commit.facts.len() as u64));
    let events = events.collect::<Result<Vec<_>, _>>()?;
    let messages: Vec<_> = rows.iter().map(|row| row.message.as_deref().map(escape)).collect();
    let requests: Vec<_> = rows.iter().map(|row| row.request.as_deref().map(escape)).collect();
    let created: Vec<_> = rows.iter().map(|row| row.created).collect();
    let ended: Vec<_> = rows.iter().map(|row| row.ended).collect();
    let references: Vec<_> = rows
        .iter()
        .map(|row| row.trigger.as_ref()?.git.as_ref()?.reference.as_deref().map(escape))
        .map(|reference| reference.filter(|text| text.len() <= REFERENCE))
        .collect();
    let causes = rows.iter().map(|row| row.trigger.as_ref().map(json).transpose());
    let causes = causes.collect::<Result<Vec<_>, _>>()?;
    let upsert = "INSERT INTO build (id, org, repo, number, status, open, events, message, request, created, ended,
                  reference, cause) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                  ON CONFLICT (id) DO UPDATE SET status = excluded.status, open = excluded.open,
                  events = excluded.events, message = coalesce(excluded.message, build.message),
                  request = coalesce(excluded.request, build.request),
                  created = coalesce(excluded.created, build.created), ended = coalesce(excluded.ended, build.ended),
                  reference = coalesce(excluded.reference, build.reference),
                  cause = coalesce(excluded.cause, build.cause)";
    let parameters = [
        (&keys as _, Type::INT8_ARRAY),
        texts(&orgs),
        texts(&repos),
        integers(&numbers),
        texts(&status),
        integers(&open),
        integers(&events),
        texts(&messages),
        texts(&requests),
        integers(&created),
        integers(&ended),
        texts(&references),
        texts(&causes),
    ];
    connection.execute(upsert, &parameters).map(drop)
}

fn write_events(
    connection: &mut Connection,
    batch: &[Commit],
    keys: &[i64],
    last: &mut Last,
) -> Result<(), StoreError> {
    let (mut builds, mut seqs, mut times, mut kinds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (commit, key) in batch.iter().zip(keys) {
        for (seq, kind) in (commit.after + 1..).zip(&commit.facts) {
            builds.push(*key);
            seqs.push(integer(seq)?);
            times.push(commit.time);
            kinds.push(json(kind)?);
        }
    }
    let positions: Vec<_> = (last.position + 1..).take(kinds.len()).collect();
    last.position += i64::try_from(kinds.len()).unwrap_or(i64::MAX);
    let insert = "INSERT INTO event (position, build, seq, time, kind) SELECT * FROM unnest($1, $2, $3, $4, $5)";
    let parameters = [integers(&positions), integers(&builds), integers(&seqs), integers(&times), texts(&kinds)];
    connection.execute(insert, &parameters).map(drop)
}

fn write_jobs(connection: &mut Connection, batch: &[Commit], keys: &[i64]) -> Result<(), StoreError> {
    let (builds, rows): (Vec<i64>, Vec<&JobRow>) =
        batch.iter().zip(keys).flat_map(|(commit, key)| commit.jobs.iter().map(move |row| (*key, row))).unzip();
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = rows.iter().map(|row| row.job.as_str()).collect();
    let status: Vec<_> = rows.iter().map(|row| row.status.as_str()).collect();
    let attempts: Vec<_> = rows.iter().map(|row| i64::from(row.attempt)).collect();
    let fences = rows.iter().map(|row| integer(row.fence)).collect::<Result<Vec<_>, _>>()?;
    let started: Vec<_> = rows.iter().map(|row| row.started).collect();
    let ended: Vec<_> = rows.iter().map(|row| row.ended).collect();
    let upsert = "INSERT INTO job (build, id, status, attempt, fence, started, ended)
                  SELECT build, id, status, attempt, fence, started, ended FROM unnest($1, $2, $3, $4, $5, $6, $7)
                  WITH ORDINALITY AS given (build, id, status, attempt, fence, started, ended, place) ORDER BY place
                  ON CONFLICT (build, id) DO UPDATE SET status = excluded.status, attempt = excluded.attempt,
                  fence = excluded.fence, started = coalesce(excluded.started, job.started),
                  ended = coalesce(excluded.ended, job.ended)";
    let parameters = [
        integers(&builds),
        texts(&ids),
        texts(&status),
        integers(&attempts),
        integers(&fences),
        integers(&started),
        integers(&ended),
    ];
    connection.execute(upsert, &parameters).map(drop)
}

/// Takes `count` numbers out of a sequence; returns the first.
pub(super) fn take_numbers(connection: &mut Connection, sequence: &Sequence, count: u64) -> Result<u64, StoreError> {
    let name = match sequence {
        Sequence::Fence => "fence".to_owned(),
        Sequence::Build(org, repo) => format!("build/{org}/{repo}"),
    };
    let upsert = "INSERT INTO sequence (name, last) VALUES ($1, $2)
                  ON CONFLICT (name) DO UPDATE SET last = sequence.last + excluded.last RETURNING last";
    let rows = Statements::on(connection).query(upsert, values![name, count])?;
    Ok(rows.first().map_or(Ok(count), |row| row.count(0))? - count + 1)
}

/// The number that belongs to a key.
pub(super) fn claim(connection: &mut Connection, key: &str, org: &OrgId, repo: &RepoId) -> Result<u64, StoreError> {
    let known = Statements::on(connection).query("SELECT number FROM claim WHERE key = $1", values![key])?;
    if let Some(row) = known.first() {
        return row.count(0);
    }
    let number = take_numbers(connection, &Sequence::Build(org.clone(), repo.clone()), 1)?;
    Statements::on(connection).execute("INSERT INTO claim (key, number) VALUES ($1, $2)", values![key, number])?;
    Ok(number)
}

fn json(value: &impl serde::Serialize) -> Result<Cow<'static, str>, StoreError> {
    let json = serde_json::to_string(value);
    let json = json.map_err(|error| StoreError::Database { what: "cannot write", reason: error.to_string() })?;
    Ok(Cow::Owned(escape(&json).into_owned()))
}

fn integer(number: u64) -> Result<i64, StoreError> {
    let beyond = |_| StoreError::Database { what: "cannot write", reason: format!("{number} is too large a number") };
    i64::try_from(number).map_err(beyond)
}

fn integers<T: ToSql + Sync>(values: &Vec<T>) -> (&(dyn ToSql + Sync), Type) {
    (values, Type::INT8_ARRAY)
}

fn texts<T: ToSql + Sync>(values: &Vec<T>) -> (&(dyn ToSql + Sync), Type) {
    (values, Type::TEXT_ARRAY)
}
