//! The events of a build: objects that follow each other, each of which begins where the one before ends.

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use monkeyci_model::{BuildId, Event};
use ulid::Ulid;

use super::batch::Batch;
use super::bucket::{Bucket, key_of};
use super::{AT_ONCE, Objects};
use crate::store::{BuildRow, Commit, JobRow, StoreError};

/// Where the events of a build end.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail {
    /// How many there are.
    events: u64,
    /// Where the build stands.
    row: Option<BuildRow>,
}

impl Objects {
    /// Writes facts after those that are there.
    ///
    /// Two who write after the same event write the same key, and one of them finds the other's object there. What a
    /// process remembers of a build's end can only be too old, and then the key is taken.
    pub(super) async fn append(&self, commit: Commit) -> Result<Vec<Arc<Event>>, StoreError> {
        let Commit { after, facts, time, mut build, jobs } = commit;
        let id = build.build.clone();
        if facts.is_empty() {
            return Err(StoreError::Database { what: "cannot write", reason: format!("`{id}` has no new facts") });
        }
        let known = self.know(|memory| memory.tails.remove(&id)).filter(|tail| tail.events == after);
        let tail = match known {
            Some(tail) => tail,
            None => self.tail(&key_of("builds", &id)).await?,
        };
        if tail.events != after {
            return Err(StoreError::Conflict { build: id });
        }
        let mark = key_of("open", &id);
        if after == 0 {
            // Before the build is there: one without a mark would never be found again.
            self.bucket.put(&mark, Vec::new()).await?;
        }
        build.events = after + facts.len() as u64;
        if let Some(old) = tail.row {
            build.keep(old);
        }
        let batch = Batch { writer: Ulid::new().to_string(), after, time, build, jobs, facts };
        let key = event_key(&key_of("builds", &id), after);
        if !self.bucket.create_json(&key, &batch).await? {
            let there: Option<Batch> = self.bucket.get_json(&key).await?;
            if there.is_none_or(|there| there.writer != batch.writer) {
                return Err(StoreError::Conflict { build: id });
            }
        }
        if batch.build.status.is_terminal() {
            if let Err(error) = self.bucket.delete(&mark).await {
                // Whoever looks for open builds takes it away.
                tracing::debug!(build = %id, %error, "the mark of a build that has ended stays for now");
            }
        } else {
            let tail = Tail { events: batch.end(), row: Some(batch.build.clone()) };
            self.know(|memory| memory.tails.insert(id, tail));
        }
        Ok(batch.events().collect())
    }

    /// Up to `limit` events after the event `after`.
    pub(super) async fn read(&self, build: &BuildId, after: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        let keys = self.keys(&key_of("builds", build)).await?;
        // The last that begins before what is wanted may hold some of it.
        let first = keys.partition_point(|key| begins(key) <= after.saturating_add(1)).saturating_sub(1);
        let mut events = Vec::new();
        let mut batches = self.batches(keys.into_iter().skip(first));
        while events.len() < limit
            && let Some(batch) = batches.try_next().await?
        {
            events.extend(batch.events().filter(|event| event.seq > after));
        }
        events.truncate(limit);
        Ok(events)
    }

    /// The row of a build, by the key of all that belongs to it.
    pub(super) async fn row(&self, build: String) -> Result<Option<BuildRow>, StoreError> {
        Ok(self.tail(&build).await?.row)
    }

    /// The rows of its jobs: each as the last facts about it left it.
    pub(super) async fn job_rows(&self, build: &BuildId) -> Result<Vec<JobRow>, StoreError> {
        let keys = self.keys(&key_of("builds", build)).await?;
        let mut batches = self.batches(keys);
        let (mut rows, mut places) = (Vec::<JobRow>::new(), HashMap::new());
        while let Some(batch) = batches.try_next().await? {
            for mut job in batch.jobs {
                match places.get(&job.job) {
                    Some(&place) => {
                        let known: &mut JobRow = &mut rows[place];
                        job.keep(known);
                        *known = job;
                    }
                    None => {
                        places.insert(job.job.clone(), rows.len());
                        rows.push(job);
                    }
                }
            }
        }
        Ok(rows)
    }

    async fn tail(&self, build: &str) -> Result<Tail, StoreError> {
        let keys = self.keys(build).await?;
        let Some(last) = keys.last() else { return Ok(Tail::default()) };
        let batch = self.batch(last).await?;
        Ok(Tail { events: batch.end(), row: Some(batch.build) })
    }

    async fn keys(&self, build: &str) -> Result<Vec<String>, StoreError> {
        let mut keys = self.bucket.list(&format!("{build}/events")).await?;
        keys.retain(|key| begins(key) > 0);
        Ok(keys)
    }

    /// The facts that stand under these keys, one after the other.
    fn batches(&self, keys: impl IntoIterator<Item = String>) -> BoxStream<'_, Result<Batch, StoreError>> {
        let batches = keys.into_iter().map(|key| async move { self.batch(&key).await }.boxed()).collect::<Vec<_>>();
        futures::stream::iter(batches).buffered(AT_ONCE).boxed()
    }

    async fn batch(&self, key: &str) -> Result<Batch, StoreError> {
        let gone = || StoreError::Damaged {
            path: self.bucket.to_string(),
            reason: format!("`{key}` was there and is not any more: nothing may remove single events of a build"),
        };
        self.bucket.get_json(key).await?.ok_or_else(gone)
    }
}

/// The key of the facts after the event `after`. Numbers are of one length, so that they sort as such.
fn event_key(build: &str, after: u64) -> String {
    format!("{build}/events/{:020}", after + 1)
}

/// The event with which the object of a key begins; 0 of what is none.
fn begins(key: &str) -> u64 {
    key.rsplit('/').next().and_then(|name| name.parse().ok()).unwrap_or(0)
}

impl Bucket {
    /// Whether something of a build is there.
    ///
    /// # Errors
    /// When that cannot be asked.
    pub async fn has_build(&self, build: &BuildId) -> Result<bool, StoreError> {
        self.has(&event_key(&key_of("builds", build), 0)).await
    }
}
