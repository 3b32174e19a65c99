use std::sync::Arc;

use monkeyci_model::{BuildId, Event, OrgId, RepoId};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::sync::mpsc;

use super::Reply;
use super::ballast::Ballast;
use super::file::{DatabaseFile, Lock};
use super::tables;
use crate::store::{BuildRow, Commit, JobRow, Sequence, StoreError, Task};

/// Requests that share one transaction, at most.
const GROUP: usize = 256;

/// What the thread that writes is asked to do.
pub(super) enum Work {
    Commit(Vec<Commit>, Reply<Vec<Arc<Event>>>),
    Reserve(Sequence, u64, Reply<u64>),
    Claim(String, OrgId, RepoId, Reply<u64>),
    /// There until it has run.
    Task(Option<Task>, Reply<()>),
}

/// The one that writes.
pub(super) struct Writer {
    connection: Connection,
    file: DatabaseFile,
    ballast: Ballast,
    /// The position of the last event that is durable.
    position: u64,
    lock: Lock,
}

/// What is answered once the transaction is durable.
enum Done {
    /// The facts are written, the first at this position.
    Facts(u64),
    /// The first of the numbers.
    Numbers(u64),
    /// What was asked for is done.
    Ran,
    Refused(StoreError),
}

impl Work {
    /// Whether it ends builds and does nothing else: only that may use the room held back for a full disk.
    fn only_ends(&self) -> bool {
        match self {
            Self::Commit(batch, _) => batch.iter().all(|commit| commit.build.status.is_terminal()),
            Self::Reserve(..) | Self::Claim(..) | Self::Task(..) => false,
        }
    }

    fn answer(self, done: Done) {
        // Whoever asked may have stopped waiting: then there is nobody to tell.
        let _ = match (self, done) {
            (Self::Commit(batch, reply), Done::Facts(first)) => reply.send(Ok(events(batch, first))).is_ok(),
            (Self::Reserve(_, _, reply) | Self::Claim(_, _, _, reply), Done::Numbers(first)) => {
                reply.send(Ok(first)).is_ok()
            }
            (Self::Task(_, reply), Done::Ran) => reply.send(Ok(())).is_ok(),
            (Self::Commit(_, reply), Done::Refused(error)) => reply.send(Err(error)).is_ok(),
            (Self::Reserve(_, _, reply) | Self::Claim(_, _, _, reply), Done::Refused(error)) => {
                reply.send(Err(error)).is_ok()
            }
            (Self::Task(_, reply), Done::Refused(error)) => reply.send(Err(error)).is_ok(),
            // What was done is of the kind that was asked for.
            _ => false,
        };
    }
}

impl Writer {
    pub(super) fn new(connection: Connection, lock: Lock, file: DatabaseFile) -> Result<Self, StoreError> {
        let position = connection
            .query_row("SELECT coalesce(max(position), 0) FROM event", [], |row| row.get(0))
            .map_err(|error| file.error("cannot read the last event", error))?;
        let mut ballast = Ballast::new(file.beside(".ballast"));
        ballast.hold();
        Ok(Self { connection, file, ballast, position, lock })
    }

    /// Writes until nobody can ask any more, then closes the file.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Work>) {
        let mut group = Vec::with_capacity(GROUP);
        while queue.blocking_recv_many(&mut group, GROUP) > 0 {
            self.write(std::mem::take(&mut group));
        }
        // Where no build is open none has an end to be written: the room is taken again with the next one.
        if self.is_idle() {
            self.ballast.release();
        }
        match self.connection.close() {
            Ok(()) => self.lock.closed_well(),
            Err((_, error)) => tracing::warn!(path = self.file.name(), %error, "cannot close the store"),
        }
    }

    fn write(&mut self, group: Vec<Work>) {
        let full = || StoreError::Full { path: self.file.name().to_owned() };
        let room = self.ballast.hold();
        let (mut group, starved): (Vec<_>, Vec<_>) = group.into_iter().partition(|work| room || work.only_ends());
        for work in starved {
            work.answer(Done::Refused(full()));
        }
        match self.transact(&mut group) {
            Ok(done) => group.into_iter().zip(done).for_each(|(work, done)| work.answer(done)),
            Err(StoreError::Full { .. }) => self.write_ends(group),
            Err(error) => group.into_iter().for_each(|work| work.answer(Done::Refused(error.clone()))),
        }
    }

    fn is_idle(&self) -> bool {
        let open = self.connection.query_row("SELECT EXISTS (SELECT 1 FROM build WHERE open)", [], |row| row.get(0));
        matches!(open, Ok(false))
    }

    /// The disk is full: gives up the room that was held back for the ends of builds, and writes those.
    fn write_ends(&mut self, group: Vec<Work>) {
        let full = StoreError::Full { path: self.file.name().to_owned() };
        let (mut ends, others): (Vec<_>, Vec<_>) = group.into_iter().partition(Work::only_ends);
        for work in others {
            work.answer(Done::Refused(full.clone()));
        }
        if ends.is_empty() {
            return;
        }
        self.ballast.release();
        match self.transact(&mut ends) {
            Ok(done) => ends.into_iter().zip(done).for_each(|(work, done)| work.answer(done)),
            Err(error) => ends.into_iter().for_each(|work| work.answer(Done::Refused(error.clone()))),
        }
    }

    /// One transaction. An error means that nothing of it was written.
    fn transact(&mut self, group: &mut [Work]) -> Result<Vec<Done>, StoreError> {
        let Self { connection, file, position, .. } = self;
        let sql = |error| file.error("cannot write", error);
        let mut last = *position;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
        let mut done = Vec::with_capacity(group.len());
        for work in group {
            done.push(match work {
                Work::Commit(batch, _) => write_batch(&transaction, batch, &mut last).map_err(sql)?,
                Work::Reserve(sequence, count, _) => {
                    Done::Numbers(take_numbers(&transaction, sequence, *count).map_err(sql)?)
                }
                Work::Claim(key, org, repo, _) => Done::Numbers(claim(&transaction, key, org, repo).map_err(sql)?),
                Work::Task(task, _) => {
                    let task = task.take().expect("a task runs once");
                    match tables::run(&transaction, file, task) {
                        Ok(()) => Done::Ran,
                        // The database itself may have ended the whole transaction.
                        Err(error @ StoreError::Full { .. }) => return Err(error),
                        Err(error) => Done::Refused(error),
                    }
                }
            });
        }
        transaction.commit().map_err(sql)?;
        *position = last;
        Ok(done)
    }
}

/// The facts as they are read from now on.
fn events(batch: Vec<Commit>, first: u64) -> Vec<Arc<Event>> {
    let facts = batch.into_iter().flat_map(|Commit { after, facts, time, build, .. }| {
        (after + 1..).zip(facts).map(move |(seq, kind)| (build.build.clone(), seq, time, kind))
    });
    let event = |(position, (subject, seq, time, kind))| Arc::new(Event { position, subject, seq, time, kind });
    (first..).zip(facts).map(event).collect()
}

fn write_batch(transaction: &Transaction<'_>, batch: &[Commit], position: &mut u64) -> rusqlite::Result<Done> {
    // All of them are looked at before the first is written: a refused batch leaves nothing.
    let mut keys = Vec::with_capacity(batch.len());
    for commit in batch {
        let known = find(transaction, &commit.build.build)?;
        if known.map_or(0, |(_, events)| events) != commit.after {
            return Ok(Done::Refused(StoreError::Conflict { build: commit.build.build.clone() }));
        }
        keys.push(known.map(|(key, _)| key));
    }
    let first = *position + 1;
    for (commit, key) in batch.iter().zip(keys) {
        let key = write_build(transaction, commit, key)?;
        write_facts(transaction, commit, key, position)?;
        write_jobs(transaction, key, &commit.jobs)?;
    }
    Ok(Done::Facts(first))
}

fn find(transaction: &Transaction<'_>, build: &BuildId) -> rusqlite::Result<Option<(i64, u64)>> {
    transaction
        .prepare_cached("SELECT id, events FROM build WHERE org = ? AND repo = ? AND number = ?")?
        .query_row(params![build.org.as_str(), build.repo.as_str(), build.number], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

fn write_build(transaction: &Transaction<'_>, commit: &Commit, key: Option<i64>) -> rusqlite::Result<i64> {
    let row = &commit.build;
    let events = commit.after + commit.facts.len() as u64;
    let open = !row.status.is_terminal();
    let reference = row.trigger.as_ref().and_then(|trigger| trigger.git.as_ref()?.reference.as_deref());
    let cause = row.trigger.as_ref().map(json).transpose()?;
    if let Some(key) = key {
        let mut update = transaction.prepare_cached(
            "UPDATE build SET status = ?, open = ?, events = ?, message = coalesce(?, message),
             request = coalesce(?, request), created = coalesce(?, created), ended = coalesce(?, ended),
             reference = coalesce(?, reference), cause = coalesce(?, cause) WHERE id = ?",
        )?;
        let BuildRow { message, request, created, ended, .. } = row;
        let status = row.status.as_str();
        update.execute(params![status, open, events, message, request, created, ended, reference, cause, key])?;
        return Ok(key);
    }
    let mut insert = transaction.prepare_cached(
        "INSERT INTO build (org, repo, number, status, open, events, message, request, created, ended, reference, cause)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.insert(params![
        row.build.org.as_str(),
        row.build.repo.as_str(),
        row.build.number,
        row.status.as_str(),
        open,
        events,
        row.message,
        row.request,
        row.created,
        row.ended,
        reference,
        cause
    ])
}

fn write_facts(transaction: &Transaction<'_>, commit: &Commit, key: i64, position: &mut u64) -> rusqlite::Result<()> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO event (position, build, seq, time, kind) VALUES (?, ?, ?, ?, ?)")?;
    for (seq, kind) in (commit.after + 1..).zip(&commit.facts) {
        *position += 1;
        insert.execute(params![*position, key, seq, commit.time, json(kind)?])?;
    }
    Ok(())
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn write_jobs(transaction: &Transaction<'_>, key: i64, jobs: &[JobRow]) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO job (build, id, status, attempt, fence, started, ended) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (build, id) DO UPDATE SET status = excluded.status, attempt = excluded.attempt,
         fence = excluded.fence, started = coalesce(excluded.started, started), ended = coalesce(excluded.ended, ended)",
    )?;
    for row in jobs {
        let status = row.status.as_str();
        upsert.execute(params![key, row.job.as_str(), status, row.attempt, row.fence, row.started, row.ended])?;
    }
    Ok(())
}

fn take_numbers(transaction: &Transaction<'_>, sequence: &Sequence, count: u64) -> rusqlite::Result<u64> {
    let name = match sequence {
        Sequence::Fence => "fence".to_owned(),
        Sequence::Build(org, repo) => format!("build/{org}/{repo}"),
    };
    let last: u64 = transaction
        .prepare_cached(
            "INSERT INTO sequence (name, last) VALUES (?, ?)
             ON CONFLICT (name) DO UPDATE SET last = last + excluded.last RETURNING last",
        )?
        .query_row(params![name, count], |row| row.get(0))?;
    Ok(last - count + 1)
}

fn claim(transaction: &Transaction<'_>, key: &str, org: &OrgId, repo: &RepoId) -> rusqlite::Result<u64> {
    let known = transaction
        .prepare_cached("SELECT number FROM claim WHERE key = ?")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    if let Some(number) = known {
        return Ok(number);
    }
    let number = take_numbers(transaction, &Sequence::Build(org.clone(), repo.clone()), 1)?;
    transaction.prepare_cached("INSERT INTO claim (key, number) VALUES (?, ?)")?.execute(params![key, number])?;
    Ok(number)
}
