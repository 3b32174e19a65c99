//! A store in an object store: a bucket or a folder, for builds that run without a server.
//!
//! ```text
//! builds/ORG/REPO/NUMBER/events/SEQ   facts of a build that belong together, with the rows that they lead to
//! open/ORG/REPO/NUMBER                a build that may not have ended
//! numbers/NAME/FIRST                  numbers that were taken out of a sequence
//! claims/HASH                         the number that was given for a key
//! last/NAME                           where a sequence was seen to end: a hint
//! ```
//!
//! Everything but hints and marks is written once, and only where nothing is: that is the fence between processes that
//! write to one build at once. Facts are the truth; where builds and jobs stand is written beside them, and read from
//! there. Positions are those among the events of one build ([`Feed`](super::Feed) says why).

mod batch;
mod bucket;
mod chain;
mod sequence;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _};
use monkeyci_model::{BuildId, Event, OrgId, RepoId};
use object_store::ObjectStore;

use super::{BuildRow, Commit, JobRow, Sequence, Store, StoreError};
pub use bucket::Bucket;
use bucket::{key_of, repo_key};
use chain::Tail;

/// Objects that are read at once.
const AT_ONCE: usize = 16;

/// A store in an object store. Its clones are the same.
#[derive(Clone)]
pub struct Objects {
    bucket: Bucket,
    memory: Arc<Mutex<Memory>>,
}

/// What this process knows without asking. The objects say whether it is still so.
#[derive(Default)]
struct Memory {
    /// Where the events of builds end that it writes to.
    tails: HashMap<BuildId, Tail>,
    /// Where sequences end.
    ends: HashMap<Sequence, u64>,
}

impl Objects {
    /// The store in `store`, all of which is its own.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { bucket: Bucket::new(store), memory: Arc::default() }
    }

    /// The objects that it is made of.
    #[must_use]
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// Up to `limit` builds of a repository, newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn builds_of(&self, org: &OrgId, repo: &RepoId, limit: usize) -> Result<Vec<BuildRow>, StoreError> {
        self.newest(&repo_key("builds", org, repo), limit).await
    }

    /// The newest builds of a repository, by the key of all of them.
    async fn newest(&self, repo: &str, limit: usize) -> Result<Vec<BuildRow>, StoreError> {
        let folders = self.bucket.folders(repo).await?;
        let mut numbers: Vec<u64> = folders.iter().filter_map(|name| name.parse().ok()).collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        let rows = numbers.into_iter().map(|number| self.row(format!("{repo}/{number}")));
        let rows = futures::stream::iter(rows).buffered(AT_ONCE.min(limit.max(1)));
        // One whose first facts were never written is none.
        rows.try_filter_map(|row| async { Ok(row) }).take(limit).try_collect().await
    }

    fn know<T>(&self, work: impl FnOnce(&mut Memory) -> T) -> T {
        // Each change is one call, which leaves it whole.
        work(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Store for Objects {
    fn most_builds(&self) -> usize {
        1
    }

    async fn commit(&self, batch: Vec<Commit>) -> Result<Vec<Arc<Event>>, StoreError> {
        let mut batch = batch.into_iter();
        match (batch.next(), batch.next()) {
            (None, _) => Ok(Vec::new()),
            (Some(commit), None) => self.append(commit).await,
            _ => Err(StoreError::Database {
                what: "cannot write",
                reason: format!("`{}` writes the facts of one build at once, and not of several", self.bucket),
            }),
        }
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, StoreError> {
        self.take(sequence, count).await
    }

    async fn claim(&self, key: &str, org: &OrgId, repo: &RepoId) -> Result<u64, StoreError> {
        self.claimed(key, org, repo).await
    }

    async fn events(&self, build: &BuildId, after: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        self.read(build, after, limit).await
    }

    async fn open_builds(&self) -> Result<Vec<BuildRow>, StoreError> {
        let marks = self.bucket.list("open").await?;
        let rows = marks.into_iter().map(|mark| async move {
            let (_, build) = mark.split_once('/').unwrap_or_default();
            let row = self.row(format!("builds/{build}")).await?;
            if row.as_ref().is_some_and(|row| row.status.is_terminal()) {
                // Whoever ended it died before it took the mark away.
                self.bucket.delete(&mark).await?;
            }
            Ok::<_, StoreError>(row.filter(|row| !row.status.is_terminal()))
        });
        let rows: Vec<_> = futures::stream::iter(rows).buffered(AT_ONCE).try_collect().await?;
        let mut open: Vec<_> = rows.into_iter().flatten().collect();
        open.sort_by(|a, b| a.created.cmp(&b.created).then_with(|| a.build.cmp(&b.build)));
        Ok(open)
    }

    async fn builds(&self, limit: usize) -> Result<Vec<BuildRow>, StoreError> {
        let mut all = Vec::new();
        for org in self.bucket.folders("builds").await? {
            for repo in self.bucket.folders(&format!("builds/{org}")).await? {
                all.extend(self.newest(&format!("builds/{org}/{repo}"), limit).await?);
            }
        }
        all.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| b.build.cmp(&a.build)));
        all.truncate(limit);
        Ok(all)
    }

    async fn build(&self, build: &BuildId) -> Result<Option<BuildRow>, StoreError> {
        self.row(key_of("builds", build)).await
    }

    async fn jobs(&self, build: &BuildId) -> Result<Vec<JobRow>, StoreError> {
        self.job_rows(build).await
    }
}

#[cfg(test)]
mod tests;
