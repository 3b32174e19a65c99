//! What the thread that writes is asked to do, and what is answered once that is durable.

use std::sync::Arc;
use std::time::Duration;

use monkeyci_model::{Event, OrgId, RepoId};
use tokio::sync::oneshot;

use super::connection::Connection;
use super::facts::{self, Last};
use super::tables;
use crate::store::{Commit, Sequence, StoreError, Task};

/// How long facts of builds wait for a database that cannot be reached: as long as jobs go on without a server.
const FACTS: Duration = Duration::from_secs(10 * 60);

/// How long everything else does: somebody waits for an answer.
const REQUESTS: Duration = Duration::from_secs(10);

/// How long a statement of a migration may take: some of them rewrite tables.
const MIGRATION: Duration = Duration::from_secs(60 * 60);

pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the thread that writes is asked to do.
pub(super) enum Work {
    Commit(Vec<Commit>, Reply<Vec<Arc<Event>>>),
    Reserve(Sequence, u64, Reply<u64>),
    Claim(String, OrgId, RepoId, Reply<u64>),
    /// There until it has run.
    Task(Option<Task>, Reply<()>),
    /// A task that makes tables, for which there is more time.
    Migration(Option<Task>, Reply<()>),
}

/// What is answered once the transaction is durable.
pub(super) enum Done {
    /// The facts are written, the first at this position.
    Facts(u64),
    /// The first of the numbers.
    Numbers(u64),
    /// What was asked for is done.
    Ran,
    Refused(StoreError),
}

impl Work {
    /// Does it, within a transaction.
    pub(super) fn run(&mut self, connection: &mut Connection, last: &mut Last) -> Result<Done, StoreError> {
        Ok(match self {
            Self::Commit(batch, _) => Done::Facts(facts::write(connection, batch, last)?),
            Self::Reserve(sequence, count, _) => Done::Numbers(facts::take_numbers(connection, sequence, *count)?),
            Self::Claim(key, org, repo, _) => Done::Numbers(facts::claim(connection, key, org, repo)?),
            Self::Task(task, _) => {
                tables::run(connection, task.take().expect("a task runs once"))?;
                Done::Ran
            }
            Self::Migration(task, _) => {
                let task = task.take().expect("a task runs once");
                connection.with_patience(MIGRATION, |connection| tables::run(connection, task))?;
                Done::Ran
            }
        })
    }

    /// Whether it can be done once more, or for the first time.
    pub(super) fn can_run(&self) -> bool {
        match self {
            Self::Task(task, _) | Self::Migration(task, _) => task.is_some(),
            Self::Commit(..) | Self::Reserve(..) | Self::Claim(..) => true,
        }
    }

    /// How long it waits for a database that cannot be reached.
    pub(super) fn patience(&self) -> Duration {
        if matches!(self, Self::Commit(..)) { FACTS } else { REQUESTS }
    }

    pub(super) fn answer(self, done: Done) {
        // Whoever asked may have stopped waiting: then there is nobody to tell.
        let _heard = match (self, done) {
            (Self::Commit(batch, reply), Done::Facts(first)) => reply.send(Ok(events(batch, first))).is_ok(),
            (Self::Reserve(_, _, reply) | Self::Claim(_, _, _, reply), Done::Numbers(first)) => {
                reply.send(Ok(first)).is_ok()
            }
            (Self::Task(_, reply) | Self::Migration(_, reply), Done::Ran) => reply.send(Ok(())).is_ok(),
            (Self::Commit(_, reply), Done::Refused(error)) => reply.send(Err(error)).is_ok(),
            (Self::Reserve(_, _, reply) | Self::Claim(_, _, _, reply), Done::Refused(error)) => {
                reply.send(Err(error)).is_ok()
            }
            (Self::Task(_, reply) | Self::Migration(_, reply), Done::Refused(error)) => reply.send(Err(error)).is_ok(),
            // What was done is of the kind that was asked for.
            _ => false,
        };
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
