//! A store in a PostgreSQL database: for who runs one already, and keeps it safe with all the rest.
//!
//! One thread of one server writes, as with SQLite, and commits whatever is queued in one transaction; a second server is
//! refused by a lock. When the connection is lost, it connects once more and goes on: each transaction counts up a row of
//! the table `writer`, so that one whose COMMIT was never answered is known to be written or not. Facts wait for the
//! database; requests of people are refused after a while.

mod address;
mod connection;
mod facts;
mod read;
mod readers;
#[cfg(test)]
mod secured;
mod session;
mod tables;
#[cfg(test)]
mod tests;
mod value;
mod work;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use async_trait::async_trait;
use monkeyci_model::{BuildId, Event, OrgId, RepoId};
use tokio::sync::{mpsc, oneshot};

pub use address::{Address, AddressError, Password};

use super::migration::migrate;
use super::{BuildRow, Commit, Database, Feed, JobRow, Sequence, Sql, Store, StoreError, Task};
use readers::Readers;
use tables::Statements;
use work::{Reply, Work};
use writer::Writer;

/// Requests that may wait for the writer before whoever asks has to.
const QUEUE: usize = 1024;

/// A store in a PostgreSQL database.
pub struct Postgres {
    name: String,
    readers: Readers,
    queue: Option<mpsc::Sender<Work>>,
    writer: Option<JoinHandle<()>>,
    is_over: Arc<AtomicBool>,
}

impl Postgres {
    /// Opens the store in a database, and makes its tables when there are none.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when nobody answers there or lets nobody in, [`StoreError::InUse`] when another server
    /// has it open, [`StoreError::Damaged`] when it is no database for this version.
    pub fn open(address: &Address) -> Result<Self, StoreError> {
        let is_over = Arc::new(AtomicBool::new(false));
        let (queue, work) = mpsc::channel(QUEUE);
        let (opened, is_open) = std::sync::mpsc::channel();
        let (place, over) = (address.clone(), Arc::clone(&is_over));
        let run = move || match Writer::open(place, over) {
            Ok(writer) => {
                let _heard = opened.send(Ok(()));
                writer.run(work);
            }
            Err(error) => drop(opened.send(Err(error))),
        };
        let name = address.name().to_owned();
        let failed = |error: std::io::Error| broken(&name, "cannot start a thread", &error);
        let writer = std::thread::Builder::new().name("store".into()).spawn(run).map_err(failed)?;
        is_open.recv().map_err(|error| broken(&name, "cannot open", &error))??;
        let readers = Readers::start(address).map_err(failed)?;
        Ok(Self { name, readers, queue: Some(queue), writer: Some(writer), is_over })
    }

    async fn write<T>(&self, work: impl FnOnce(Reply<T>) -> Work) -> Result<T, StoreError> {
        let gone = || broken(&self.name, "cannot write", &"the thread that writes is gone");
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(work(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut dyn Sql) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if self.is_over.load(Ordering::Relaxed) {
            // What another server writes is nothing that this one could act on.
            return Err(StoreError::InUse { path: self.name.clone() });
        }
        let (reply, answer) = oneshot::channel();
        self.readers.read(Box::new(|connection| {
            let found = connection.and_then(|connection| query(&mut Statements::on(connection)));
            // Whoever asked may have stopped waiting.
            let _heard = reply.send(found);
        }));
        answer.await.map_err(|_| broken(&self.name, "cannot read", &"the thread that reads is gone"))?
    }
}

fn broken(name: &str, what: &'static str, reason: &impl ToString) -> StoreError {
    StoreError::Database { what, reason: format!("`{name}`: {}", reason.to_string()) }
}

/// Waits until what is queued is written, and lets go of the database.
impl Drop for Postgres {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(Err(_)) = self.writer.take().map(JoinHandle::join) {
            tracing::error!(database = self.name, "the thread that writes the store panicked");
        }
    }
}

#[async_trait]
impl Store for Postgres {
    async fn commit(&self, batch: Vec<Commit>) -> Result<Vec<Arc<Event>>, StoreError> {
        self.write(|reply| Work::Commit(batch, reply)).await
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, StoreError> {
        self.write(|reply| Work::Reserve(sequence, count, reply)).await
    }

    async fn claim(&self, key: &str, org: &OrgId, repo: &RepoId) -> Result<u64, StoreError> {
        self.write(|reply| Work::Claim(key.to_owned(), org.clone(), repo.clone(), reply)).await
    }

    async fn events(&self, build: &BuildId, after: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        let build = build.clone();
        self.read(move |sql| read::events(sql, &build, after, limit)).await
    }

    async fn open_builds(&self) -> Result<Vec<BuildRow>, StoreError> {
        self.read(read::open_builds).await
    }

    async fn builds(&self, limit: usize) -> Result<Vec<BuildRow>, StoreError> {
        self.read(move |sql| read::builds(sql, limit)).await
    }

    async fn build(&self, build: &BuildId) -> Result<Option<BuildRow>, StoreError> {
        let build = build.clone();
        self.read(move |sql| read::build(sql, &build)).await
    }

    async fn jobs(&self, build: &BuildId) -> Result<Vec<JobRow>, StoreError> {
        let build = build.clone();
        self.read(move |sql| read::jobs(sql, &build)).await
    }
}

#[async_trait]
impl Feed for Postgres {
    async fn feed(&self, position: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        self.read(move |sql| read::feed(sql, position, limit)).await
    }
}

#[async_trait]
impl Database for Postgres {
    async fn write(&self, task: Task) -> Result<(), StoreError> {
        self.write(|reply| Work::Task(Some(task), reply)).await
    }

    async fn read(&self, task: Task) -> Result<(), StoreError> {
        self.read(task).await
    }

    async fn migrate(&self, component: &'static str, migrations: &'static [&'static str]) -> Result<(), StoreError> {
        let task: Task = Box::new(move |sql| migrate(sql, component, migrations, tables::in_its_words));
        self.write(|reply| Work::Migration(Some(task), reply)).await
    }
}
