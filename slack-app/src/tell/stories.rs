//! The builds that are told of, as they stand now.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use monkeyci_client::model::{BuildId, Event, JobStatus};
use monkeyci_client::{Client, ClientError};
use tokio::sync::Mutex;

use crate::message::site::{Before, Site};
use crate::message::{Excerpt, Story};

/// Builds that are remembered.
const MANY: usize = 500;

/// Bytes at the end of a log that are read.
const END: u64 = 64 * 1024;

/// Lines of a log that are told where nobody says how many.
const LINES: usize = crate::message::LINES;

/// Environments of a build that are looked at, and deployments of each.
const SITES: usize = 5;
const DEPLOYMENTS: usize = 20;

/// A build, with what the logs of its failed jobs say.
#[derive(Debug, Clone)]
pub struct Known {
    /// The build.
    pub story: Story,
    /// What the logs say, by job.
    pub excerpts: BTreeMap<String, Excerpt>,
    /// The environments that its jobs wait for or have worked on, by name.
    pub sites: BTreeMap<String, Site>,
    read: BTreeMap<String, u32>,
}

/// The builds that are told of.
pub struct Stories {
    api: Client,
    known: Mutex<HashMap<BuildId, Arc<Mutex<Known>>>>,
}

impl Stories {
    /// None yet.
    #[must_use]
    pub fn new(api: Client) -> Self {
        Self { api, known: Mutex::default() }
    }

    /// Goes on with an event, where the build is known.
    pub async fn apply(&self, event: &Event) {
        let known = self.known.lock().await.get(&event.subject).cloned();
        if let Some(known) = known {
            known.lock().await.story.apply(event);
        }
    }

    /// A build as it stands now.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn get(&self, id: &BuildId) -> Result<Known, ClientError> {
        let slot = {
            let mut all = self.known.lock().await;
            if all.len() >= MANY && !all.contains_key(id) {
                // One that nobody waits for; those of builds that go on are read again.
                let free = all.iter().find(|(_, known)| Arc::strong_count(known) == 1).map(|(id, _)| id.clone());
                free.and_then(|id| all.remove(&id));
            }
            let none = || Known {
                story: Story::new(id.clone()),
                excerpts: BTreeMap::new(),
                sites: BTreeMap::new(),
                read: BTreeMap::new(),
            };
            Arc::clone(all.entry(id.clone()).or_insert_with(|| Arc::new(Mutex::new(none()))))
        };
        let mut known = slot.lock().await;
        if known.story.seq == 0 {
            let events = self.api.org(&id.org).repo(&id.repo).build(id.number).history().all().await?;
            for event in &events {
                known.story.apply(event);
            }
        }
        self.read_logs(&mut known).await;
        self.read_sites(&mut known).await?;
        Ok(known.clone())
    }

    /// Reads the logs of jobs that failed, once for each attempt.
    async fn read_logs(&self, known: &mut Known) {
        let failed: Vec<(String, u32, u64)> = known
            .story
            .failed()
            .filter_map(|job| Some((job.id.to_string(), job.attempt, job.failure.as_ref()?.log_bytes)))
            .filter(|(job, attempt, _)| known.read.get(job) != Some(attempt))
            .take(3)
            .collect();
        for (job, newest, size) in failed {
            let taken = known.story.job(&job).and_then(|job| job.taken.clone());
            let (id, attempt) = taken.unwrap_or_else(|| (known.story.id.clone(), newest));
            let log = self.api.org(&id.org).repo(&id.repo).build(id.number).job(&job).attempt(attempt).log();
            let from = size.saturating_sub(END);
            match log.read(from, END).await {
                Ok(bytes) => {
                    known.excerpts.insert(job.clone(), Excerpt::of(&bytes, from, LINES));
                    known.read.insert(job, newest);
                }
                // A message without it is better than none.
                Err(error) => tracing::warn!(%id, job, %error, "a log cannot be read"),
            }
        }
    }

    /// Reads how the environments stand that its jobs wait for or have worked on, once for each.
    async fn read_sites(&self, known: &mut Known) -> Result<(), ClientError> {
        let jobs = known.story.waiting().chain(known.story.deployed());
        let wanted: BTreeSet<String> = jobs.filter_map(|job| job.environment.clone()).collect();
        for name in wanted.into_iter().filter(|name| !known.sites.contains_key(name)).take(SITES).collect::<Vec<_>>() {
            let id = &known.story.id;
            let environment = self.api.org(&id.org).repo(&id.repo).environment(&name);
            let found = match environment.get().await {
                Ok(found) => found.body,
                // It was removed, or is not ours to see, and is only a name.
                Err(ClientError::NotFound(_) | ClientError::Refused(_)) => {
                    known.sites.insert(name, Site::default());
                    continue;
                }
                Err(error) => return Err(error),
            };
            let newest = environment.deployments().first(DEPLOYMENTS).await?;
            let stood = newest.into_iter().find(|one| one.number < id.number && one.status == JobStatus::Success);
            let before = stood.and_then(|one| {
                let place = one.reference.as_deref().map(short);
                Some(Before { build: one.number, place, ended: one.ended? })
            });
            let site =
                Site { description: found.description, approvers: found.approvers, role: found.approver_role, before };
            known.sites.insert(name, site);
        }
        Ok(())
    }
}

/// What a full ref is called.
fn short(reference: &str) -> String {
    let name = reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/"));
    name.unwrap_or(reference).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_is_called_what_people_call_it() {
        let called = ["refs/heads/feature/x", "refs/tags/v1", "refs/pull/7/head"].map(short);
        assert_eq!(called, ["feature/x", "v1", "refs/pull/7/head"]);
    }
}
