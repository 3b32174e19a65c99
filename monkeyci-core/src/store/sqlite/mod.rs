//! A store in one SQLite file: the embedded default.
//!
//! One thread writes, and commits whatever is queued in one transaction, so that one `fsync` serves many; readers have
//! connections of their own. A second process that opens the same file is refused. Network file systems lack the locks
//! and the shared memory that this stands on.

mod backup;
mod ballast;
mod file;
mod read;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use monkeyci_model::{BuildId, Event, OrgId, RepoId};
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::migration::migrate;
use super::{BuildRow, Commit, Database, Feed, JobRow, Sequence, Store, StoreError, Task};
use file::DatabaseFile;
use tables::Statements;
use writer::{Work, Writer};

/// Connections for reading that are kept open; more are opened while they are needed.
const READERS: usize = 4;

/// Batches that may wait for the writer before whoever commits has to.
const QUEUE: usize = 1024;

/// A store in one SQLite file.
pub struct Sqlite {
    file: DatabaseFile,
    readers: Arc<Mutex<Vec<Connection>>>,
    queue: Option<mpsc::Sender<Work>>,
    writer: Option<JoinHandle<()>>,
}

impl Sqlite {
    /// Opens the store at `path`, and makes it when there is none. Its folder must exist.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it open, [`StoreError::Damaged`] when the file is no store of
    /// this version, or broken.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let file = DatabaseFile::new(path.as_ref());
        let (connection, lock) = file.open_for_writing()?;
        let writer = Writer::new(connection, lock, file.clone())?;
        let (queue, work) = mpsc::channel(QUEUE);
        let writer = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || writer.run(work))
            .map_err(|error| file.broken("cannot start the thread that writes", &error))?;
        Ok(Self { file, readers: Arc::default(), queue: Some(queue), writer: Some(writer) })
    }

    async fn write<T>(&self, work: impl FnOnce(Reply<T>) -> Work) -> Result<T, StoreError> {
        let gone = || self.file.broken("cannot write", &"the thread that writes is gone");
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(work(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (file, readers) = (self.file.clone(), Arc::clone(&self.readers));
        let read = tokio::task::spawn_blocking(move || {
            let idle = readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = idle.map_or_else(|| file.open_for_reading(), Ok)?;
            let answer = query(&connection).map_err(|error| file.error("cannot read", error))?;
            let mut idle = readers.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < READERS {
                idle.push(connection);
            }
            Ok(answer)
        });
        read.await.map_err(|error| self.file.broken("cannot read", &error))?
    }
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Waits until what is queued is written, and closes the file.
impl Drop for Sqlite {
    fn drop(&mut self) {
        self.queue = None;
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(Err(_)) = self.writer.take().map(JoinHandle::join) {
            tracing::error!(path = self.file.name(), "the thread that writes the store panicked");
        }
    }
}

#[async_trait]
impl Store for Sqlite {
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
        self.read(move |connection| read::events(connection, &build, after, limit)).await
    }

    async fn open_builds(&self) -> Result<Vec<BuildRow>, StoreError> {
        self.read(read::open_builds).await
    }

    async fn builds(&self, limit: usize) -> Result<Vec<BuildRow>, StoreError> {
        self.read(move |connection| read::builds(connection, limit)).await
    }

    async fn build(&self, build: &BuildId) -> Result<Option<BuildRow>, StoreError> {
        let build = build.clone();
        self.read(move |connection| read::build(connection, &build)).await
    }

    async fn jobs(&self, build: &BuildId) -> Result<Vec<JobRow>, StoreError> {
        let build = build.clone();
        self.read(move |connection| read::jobs(connection, &build)).await
    }
}

#[async_trait]
impl Feed for Sqlite {
    async fn feed(&self, position: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        self.read(move |connection| read::feed(connection, position, limit)).await
    }
}

#[async_trait]
impl Database for Sqlite {
    async fn write(&self, task: Task) -> Result<(), StoreError> {
        self.write(|reply| Work::Task(Some(task), reply)).await
    }

    async fn read(&self, task: Task) -> Result<(), StoreError> {
        let file = self.file.clone();
        let run = move |connection: &Connection| Ok(task(&mut Statements { connection, file: &file }));
        self.read(run).await?
    }

    async fn migrate(&self, component: &'static str, migrations: &'static [&'static str]) -> Result<(), StoreError> {
        let task: Task = Box::new(move |sql| migrate(sql, component, migrations, tables::in_its_words));
        Database::write(self, task).await
    }
}

impl DatabaseFile {
    fn broken(&self, what: &'static str, reason: &impl ToString) -> StoreError {
        StoreError::Database { what, reason: format!("`{}`: {}", self.name(), reason.to_string()) }
    }

    /// What an error of SQLite means for whoever uses the store.
    fn error(&self, what: &'static str, error: rusqlite::Error) -> StoreError {
        let path = self.name().to_owned();
        let repair = "restore it from a backup, or move it and the files beside it away to begin with an empty one";
        match &error {
            rusqlite::Error::SqliteFailure(cause, _) => match (cause.code, cause.extended_code) {
                // A full disk also shows as shared memory that cannot grow.
                (ErrorCode::DiskFull, _) | (_, rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => StoreError::Full { path },
                (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => {
                    StoreError::Damaged { path, reason: format!("{error}; {repair}") }
                }
                (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => StoreError::InUse { path },
                _ => self.broken(what, &error),
            },
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => {
                StoreError::Damaged { path, reason: format!("a row of it is not readable ({error}); {repair}") }
            }
            _ => self.broken(what, &error),
        }
    }
}
