//! Port: where facts and rows are kept.
//!
//! One verb writes: [`Store::commit`], a whole batch in one transaction. What it returns is durable. The events are
//! the outbox as well: what must happen because of them follows from replaying them, so there is no table of effects
//! that could disagree.

mod memory;
mod migration;
pub mod object;
#[cfg(feature = "postgres")]
pub mod postgres;
mod row;
mod sql;
pub mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use monkeyci_model::{BuildId, Event, EventKind, Millis, OrgId, RepoId};

pub use memory::Memory;
pub use object::Objects;
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
pub use row::{BuildRow, JobRow};
pub use sql::{Database, Row, Sql, Tables, Task, Value};
pub use sqlite::Sqlite;

/// Facts of one build that belong together, with the rows that they change.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// How many events the build has before these; another number means that somebody else wrote in between.
    pub after: u64,
    /// The facts, in order.
    pub facts: Vec<EventKind>,
    /// When they were recorded.
    pub time: Millis,
    /// Where the build stands after them. A time or text that is absent keeps what is stored.
    pub build: BuildRow,
    /// Where the jobs that they are about stand after them, each once. A time that is absent keeps what is stored.
    pub jobs: Vec<JobRow>,
}

/// Numbers that rise and never repeat, whatever crashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sequence {
    /// Fences of leases.
    Fence,
    /// Builds of a repository.
    Build(OrgId, RepoId),
}

/// Where facts and rows are kept.
#[async_trait]
pub trait Store: Send + Sync {
    /// How many builds one batch may be of. Most stores write a batch of any in one transaction; an object store writes one
    /// object whole, which is of one build.
    fn most_builds(&self) -> usize {
        usize::MAX
    }

    /// Writes every commit of the batch or none; each build occurs at most once in it, and there are no more of them than
    /// [`most_builds`](Self::most_builds). What it returns is durable.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a build has other events than expected; whatever keeps the batch from being
    /// written. A commit that ends a build is written even when the disk has room for nothing else, as long as the
    /// store's reserve lasts.
    async fn commit(&self, batch: Vec<Commit>) -> Result<Vec<Arc<Event>>, StoreError>;

    /// Takes `count` numbers out of a sequence and returns the first, from 1.
    ///
    /// # Errors
    /// When it cannot be written.
    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, StoreError>;

    /// The number of the build that was asked for with this key: a new one of the repository's builds the first time, and
    /// the same ever after. Keys are the caller's, unique over all repositories.
    ///
    /// # Errors
    /// When it cannot be written.
    async fn claim(&self, key: &str, org: &OrgId, repo: &RepoId) -> Result<u64, StoreError>;

    /// Up to `limit` events of a build after its event `after`, in order.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn events(&self, build: &BuildId, after: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError>;

    /// Builds that have not ended, oldest first.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn open_builds(&self) -> Result<Vec<BuildRow>, StoreError>;

    /// Up to `limit` builds, newest first.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn builds(&self, limit: usize) -> Result<Vec<BuildRow>, StoreError>;

    /// A build, when there is one of that id.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn build(&self, build: &BuildId) -> Result<Option<BuildRow>, StoreError>;

    /// The jobs of a build, in the order of its script.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn jobs(&self, build: &BuildId) -> Result<Vec<JobRow>, StoreError>;
}

/// Port: a store with one order of all that happens in it.
///
/// Where many processes write to one store at once and nothing but single objects can be written whole, there is none:
/// see [`object`]. There the events of each build have an order of their own, by their `seq`.
#[async_trait]
pub trait Feed: Store {
    /// Up to `limit` events of all builds after `position`, in order. Positions have no gaps, so a reader that keeps
    /// the last position it saw misses nothing.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn feed(&self, position: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError>;
}

/// One that others hold too.
#[async_trait]
impl<S: Store + ?Sized> Store for Arc<S> {
    fn most_builds(&self) -> usize {
        (**self).most_builds()
    }

    async fn commit(&self, batch: Vec<Commit>) -> Result<Vec<Arc<Event>>, StoreError> {
        (**self).commit(batch).await
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, StoreError> {
        (**self).reserve(sequence, count).await
    }

    async fn claim(&self, key: &str, org: &OrgId, repo: &RepoId) -> Result<u64, StoreError> {
        (**self).claim(key, org, repo).await
    }

    async fn events(&self, build: &BuildId, after: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        (**self).events(build, after, limit).await
    }

    async fn open_builds(&self) -> Result<Vec<BuildRow>, StoreError> {
        (**self).open_builds().await
    }

    async fn builds(&self, limit: usize) -> Result<Vec<BuildRow>, StoreError> {
        (**self).builds(limit).await
    }

    async fn build(&self, build: &BuildId) -> Result<Option<BuildRow>, StoreError> {
        (**self).build(build).await
    }

    async fn jobs(&self, build: &BuildId) -> Result<Vec<JobRow>, StoreError> {
        (**self).jobs(build).await
    }
}

/// Why a store could not do its work.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else wrote to the build in between.
    #[error("build `{build}` has other events than expected: another process writes to this store")]
    Conflict {
        /// The build.
        build: BuildId,
    },
    /// The disk is full.
    #[error("the disk of `{path}` is full: free some room")]
    Full {
        /// The database, or its file.
        path: String,
    },
    /// Another process uses the store.
    #[error("`{path}` is in use by another process: end it, or choose another state folder or database")]
    InUse {
        /// The database, or its file.
        path: String,
    },
    /// What is stored cannot be read.
    #[error("`{path}` cannot be used: {reason}")]
    Damaged {
        /// The database, or its file.
        path: String,
        /// What was found, and what to do.
        reason: String,
    },
    /// The database cannot be reached. What was asked for was not done.
    #[error("`{path}` cannot be reached: {reason}")]
    Unreachable {
        /// The database.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The database broke.
    #[error("{what}: {reason}")]
    Database {
        /// What was being done.
        what: &'static str,
        /// What went wrong.
        reason: String,
    },
}

#[cfg(test)]
mod contract;

#[cfg(all(test, feature = "postgres"))]
#[path = "../../../tests/fixture/postgres.rs"]
#[expect(dead_code, reason = "other crates fill its disk")]
mod postgres_server;
