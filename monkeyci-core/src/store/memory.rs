//! A store that lives as long as its process: for tests, dry runs and embedders that want nothing on disk.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use monkeyci_model::{BuildId, Event, JobId, OrgId, RepoId};

use super::{BuildRow, Commit, Feed, JobRow, Sequence, Store, StoreError};

/// A store in memory. Its clones are the same store, so that one can outlive the engine that writes to it.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// All events; the one at position `p` is at `p - 1`.
    events: Vec<Arc<Event>>,
    builds: BTreeMap<u64, Entry>,
    /// Where each build is in `builds`, which are in the order they were made.
    index: HashMap<BuildId, u64>,
    sequences: HashMap<Sequence, u64>,
    claims: HashMap<String, u64>,
}

struct Entry {
    row: BuildRow,
    events: Vec<Arc<Event>>,
    jobs: Vec<JobRow>,
    job_index: HashMap<JobId, usize>,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing below panics half way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn entry(&self, build: &BuildId) -> Option<&Entry> {
        self.builds.get(self.index.get(build)?)
    }

    fn reserve(&mut self, sequence: Sequence, count: u64) -> u64 {
        let last = self.sequences.entry(sequence).or_default();
        let first = *last + 1;
        *last += count;
        first
    }

    fn write(&mut self, commit: Commit) -> Vec<Arc<Event>> {
        let Commit { after, facts, time, mut build, jobs } = commit;
        let next = self.index.len() as u64;
        let key = *self.index.entry(build.build.clone()).or_insert(next);
        let entry = self.builds.entry(key).or_insert_with(|| Entry {
            row: build.clone(),
            events: Vec::new(),
            jobs: Vec::new(),
            job_index: HashMap::new(),
        });

        let mut written = Vec::with_capacity(facts.len());
        for (seq, kind) in (after + 1..).zip(facts) {
            let position = self.events.len() as u64 + 1;
            let event = Arc::new(Event { position, subject: build.build.clone(), seq, time, kind });
            self.events.push(event.clone());
            entry.events.push(event.clone());
            written.push(event);
        }

        build.events = entry.events.len() as u64;
        build.keep(entry.row.clone());
        entry.row = build;
        for mut job in jobs {
            match entry.job_index.get(&job.job) {
                Some(&at) => {
                    job.keep(&entry.jobs[at]);
                    entry.jobs[at] = job;
                }
                None => {
                    entry.job_index.insert(job.job.clone(), entry.jobs.len());
                    entry.jobs.push(job);
                }
            }
        }
        written
    }
}

#[async_trait]
impl Store for Memory {
    async fn commit(&self, batch: Vec<Commit>) -> Result<Vec<Arc<Event>>, StoreError> {
        let mut state = self.state();
        for commit in &batch {
            let have = state.entry(&commit.build.build).map_or(0, |entry| entry.events.len() as u64);
            if have != commit.after {
                return Err(StoreError::Conflict { build: commit.build.build.clone() });
            }
        }
        Ok(batch.into_iter().flat_map(|commit| state.write(commit)).collect())
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, StoreError> {
        Ok(self.state().reserve(sequence, count))
    }

    async fn claim(&self, key: &str, org: &OrgId, repo: &RepoId) -> Result<u64, StoreError> {
        let mut state = self.state();
        if let Some(&number) = state.claims.get(key) {
            return Ok(number);
        }
        let number = state.reserve(Sequence::Build(org.clone(), repo.clone()), 1);
        state.claims.insert(key.to_owned(), number);
        Ok(number)
    }

    async fn events(&self, build: &BuildId, after: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        let state = self.state();
        Ok(state.entry(build).map(|entry| page(&entry.events, after, limit)).unwrap_or_default())
    }

    async fn open_builds(&self) -> Result<Vec<BuildRow>, StoreError> {
        let state = self.state();
        let rows = state.builds.values().map(|entry| &entry.row);
        Ok(rows.filter(|row| !row.status.is_terminal()).cloned().collect())
    }

    async fn builds(&self, limit: usize) -> Result<Vec<BuildRow>, StoreError> {
        Ok(self.state().builds.values().rev().take(limit).map(|entry| entry.row.clone()).collect())
    }

    async fn build(&self, build: &BuildId) -> Result<Option<BuildRow>, StoreError> {
        Ok(self.state().entry(build).map(|entry| entry.row.clone()))
    }

    async fn jobs(&self, build: &BuildId) -> Result<Vec<JobRow>, StoreError> {
        Ok(self.state().entry(build).map(|entry| entry.jobs.clone()).unwrap_or_default())
    }
}

#[async_trait]
impl Feed for Memory {
    async fn feed(&self, position: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        Ok(page(&self.state().events, position, limit))
    }
}

fn page(events: &[Arc<Event>], after: u64, limit: usize) -> Vec<Arc<Event>> {
    let after = usize::try_from(after).unwrap_or(usize::MAX);
    events.iter().skip(after).take(limit).cloned().collect()
}
