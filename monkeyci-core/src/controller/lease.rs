//! Who runs a build: one process at a time, until it says that it is done or is not heard of any more.
//!
//! Leases are counted. The next one is an object that only one can create, so that two who want a build at once do not
//! both get it. Whoever holds one writes a beat into it again and again; a holder whose beat stands still for long enough
//! *by the clock of whoever watches* is taken to be dead. No two clocks are compared. That may be wrong: a process may have
//! been stopped and go on. What keeps the facts right is the [store](crate::store::object), in which of two writers one
//! wins; a holder that loses there, or sees the next lease, [has lost](Lease::lost) the build and touches nothing any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use monkeyci_model::{BuildId, Event, OrgId, RepoId};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::store::object::{Bucket, Objects};
use crate::store::{BuildRow, Commit, JobRow, Sequence, Store, StoreError};

/// Beats in the time after which a holder is taken to be dead.
const BEATS: u32 = 5;

/// How long the pauses are between looking at a lease that another holds.
const LOOK: Duration = Duration::from_millis(250);

/// What stands in a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// Drawn by lot for each holder.
    holder: String,
    /// Rises while the holder lives.
    beat: u64,
    /// Whether nothing is left of it: it ended well, or somebody cleared up after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    released: bool,
}

/// A build that is held.
pub struct Lease {
    holding: Holding,
    holder: String,
    /// Earlier ones whose holders did not end well.
    left: Vec<u64>,
    beating: JoinHandle<()>,
}

/// Why a build is not held.
#[derive(Debug, thiserror::Error)]
pub enum NotHeld {
    /// Somebody else runs it.
    #[error("build `{0}` is run by another process")]
    Busy(BuildId),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Lease {
    /// Takes hold of a build. A holder that is silent for `silence` is taken to be dead.
    ///
    /// # Errors
    /// [`NotHeld::Busy`] as soon as a sign of life of another holder is seen.
    pub async fn take(objects: &Objects, build: &BuildId, silence: Duration) -> Result<Self, NotHeld> {
        let bucket = objects.bucket().clone();
        let holder = Ulid::new().to_string();
        let mut watched: Option<(u64, Entry, Instant)> = None;
        loop {
            let newest = newest(&bucket, build).await?;
            if newest > 0 {
                let Some(entry) = bucket.get_json::<Entry>(&key(build, newest)).await? else { continue };
                if !entry.released {
                    let known = watched.as_ref().filter(|(fence, ..)| *fence == newest);
                    match known {
                        Some((_, known, _)) if *known != entry => {
                            return Err(NotHeld::Busy(build.clone()));
                        }
                        Some((.., since)) if since.elapsed() >= silence => {}
                        Some(_) => {
                            tokio::time::sleep(LOOK.min(silence)).await;
                            continue;
                        }
                        None => {
                            watched = Some((newest, entry, Instant::now()));
                            continue;
                        }
                    }
                }
            }
            let fence = newest + 1;
            let mine = Entry { holder: holder.clone(), beat: 0, released: false };
            if bucket.create_json(&key(build, fence), &mine).await? || is_mine(&bucket, build, fence, &holder).await? {
                let left = left(&bucket, build, fence).await?;
                let holding = Holding { bucket, build: build.clone(), fence, lost: CancellationToken::new() };
                let beats = Beats { holding: holding.clone(), holder: holder.clone() };
                let beating = tokio::spawn(beats.go_on(silence));
                return Ok(Self { holding, holder, left, beating });
            }
            // Somebody was faster: theirs is watched from now on.
        }
    }

    /// Its number among those of the build.
    #[must_use]
    pub fn fence(&self) -> u64 {
        self.holding.fence
    }

    /// Earlier leases whose holders did not end well: something that they started may still be there.
    #[must_use]
    pub fn left(&self) -> &[u64] {
        &self.left
    }

    /// Says that what an earlier holder left is cleared up.
    ///
    /// # Errors
    /// When that cannot be written: the next holder clears up once more.
    pub async fn cleared(&self, fence: u64) -> Result<(), StoreError> {
        let Holding { bucket, build, .. } = &self.holding;
        let entry = Entry { holder: String::new(), beat: 0, released: true };
        bucket.put_json(&key(build, fence), &entry).await
    }

    /// By this it is asked whether the build is still held.
    #[must_use]
    pub fn holding(&self) -> Holding {
        self.holding.clone()
    }

    /// Cancelled once the build is another's, or that cannot be ruled out.
    #[must_use]
    pub fn lost(&self) -> CancellationToken {
        self.holding.lost.clone()
    }

    /// The store, as long as the build is held: nothing is written any more once it is lost.
    #[must_use]
    pub fn guard(&self, objects: Objects) -> Held {
        Held { objects, build: self.holding.build.clone(), lost: self.holding.lost.clone() }
    }

    /// Lets go of it, with nothing left behind.
    ///
    /// # Errors
    /// When that cannot be written: the next holder waits for a sign of life first.
    pub async fn release(mut self) -> Result<(), StoreError> {
        // Asked first: without its beat it counts as lost.
        let is_lost = self.holding.lost.is_cancelled();
        self.beating.abort();
        let _ended = (&mut self.beating).await;
        if is_lost {
            return Ok(());
        }
        let entry = Entry { holder: self.holder.clone(), beat: u64::MAX, released: true };
        let Holding { bucket, build, fence, .. } = &self.holding;
        bucket.put_json(&key(build, *fence), &entry).await
    }
}

/// One that is dropped beats no more, and is dead to others after a while.
impl Drop for Lease {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

/// Asks whether a build is still held, before something is done that no store refuses and nobody takes back. A holder may
/// have stood still since it last asked.
#[derive(Clone)]
pub struct Holding {
    bucket: Bucket,
    build: BuildId,
    fence: u64,
    lost: CancellationToken,
}

impl std::fmt::Debug for Holding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holding").field("build", &self.build).field("fence", &self.fence).finish_non_exhaustive()
    }
}

#[cfg(feature = "oci")]
#[async_trait]
impl crate::executor::oci::Owner for Holding {
    /// What cannot be asked is taken to be lost: somebody else clears up then.
    async fn is_ours(&self) -> bool {
        let asked = Self::is_ours(self).await;
        asked
            .inspect_err(|error| tracing::warn!(build = %self.build, %error, "nobody can tell who runs it"))
            .unwrap_or(false)
    }
}

impl Holding {
    /// Whether it is. It is lost for good when it is not.
    ///
    /// # Errors
    /// When that cannot be asked.
    pub async fn is_ours(&self) -> Result<bool, StoreError> {
        if !self.lost.is_cancelled() && self.bucket.has(&key(&self.build, self.fence + 1)).await? {
            self.lost.cancel();
        }
        Ok(!self.lost.is_cancelled())
    }

    /// Cancelled once it is lost.
    #[must_use]
    pub fn lost(&self) -> &CancellationToken {
        &self.lost
    }
}

/// Shows that its holder lives.
struct Beats {
    holding: Holding,
    holder: String,
}

impl Beats {
    async fn go_on(self, silence: Duration) {
        let _ends = self.holding.lost.clone().drop_guard();
        let mut heard = Instant::now();
        for beat in 1.. {
            tokio::time::sleep(silence / BEATS).await;
            match tokio::time::timeout(silence, self.beat(beat)).await {
                Ok(Ok(true)) => heard = Instant::now(),
                Ok(Ok(false)) => return,
                // Others see what we wrote last: so long we are alive to them.
                _ if heard.elapsed() >= silence => return,
                Ok(Err(error)) => tracing::warn!(build = %self.holding.build, %error, "no sign of life can be given"),
                Err(_) => {}
            }
        }
    }

    /// Whether it is still ours.
    async fn beat(&self, beat: u64) -> Result<bool, StoreError> {
        if !self.holding.is_ours().await? {
            return Ok(false);
        }
        let Holding { bucket, build, fence, .. } = &self.holding;
        let entry = Entry { holder: self.holder.clone(), beat, released: false };
        bucket.put_json(&key(build, *fence), &entry).await?;
        Ok(true)
    }
}

/// The store of a build that is held.
#[derive(Clone)]
pub struct Held {
    objects: Objects,
    build: BuildId,
    lost: CancellationToken,
}

#[async_trait]
impl Store for Held {
    fn most_builds(&self) -> usize {
        self.objects.most_builds()
    }

    async fn commit(&self, batch: Vec<Commit>) -> Result<Vec<Arc<Event>>, StoreError> {
        if self.lost.is_cancelled() {
            return Err(StoreError::Conflict { build: self.build.clone() });
        }
        let written = self.objects.commit(batch).await;
        if matches!(written, Err(StoreError::Conflict { .. })) {
            self.lost.cancel();
        }
        written
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, StoreError> {
        self.objects.reserve(sequence, count).await
    }

    async fn claim(&self, key: &str, org: &OrgId, repo: &RepoId) -> Result<u64, StoreError> {
        self.objects.claim(key, org, repo).await
    }

    async fn events(&self, build: &BuildId, after: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        self.objects.events(build, after, limit).await
    }

    /// The build that is held, where it is open: those of others are theirs.
    async fn open_builds(&self) -> Result<Vec<BuildRow>, StoreError> {
        let row = self.objects.build(&self.build).await?;
        Ok(row.into_iter().filter(|row| !row.status.is_terminal()).collect())
    }

    async fn builds(&self, limit: usize) -> Result<Vec<BuildRow>, StoreError> {
        self.objects.builds(limit).await
    }

    async fn build(&self, build: &BuildId) -> Result<Option<BuildRow>, StoreError> {
        self.objects.build(build).await
    }

    async fn jobs(&self, build: &BuildId) -> Result<Vec<JobRow>, StoreError> {
        self.objects.jobs(build).await
    }
}

fn above(build: &BuildId) -> String {
    Bucket::beneath(build, "lease")
}

fn key(build: &BuildId, fence: u64) -> String {
    format!("{}/{fence:020}", above(build))
}

async fn newest(bucket: &Bucket, build: &BuildId) -> Result<u64, StoreError> {
    Ok(fences(bucket, build).await?.last().copied().unwrap_or(0))
}

async fn fences(bucket: &Bucket, build: &BuildId) -> Result<Vec<u64>, StoreError> {
    let keys = bucket.list(&above(build)).await?;
    Ok(keys.iter().filter_map(|key| key.rsplit('/').next()?.parse().ok()).collect())
}

/// Whether the answer got lost with which we were told that we had created it.
async fn is_mine(bucket: &Bucket, build: &BuildId, fence: u64, holder: &str) -> Result<bool, StoreError> {
    let there = bucket.get_json::<Entry>(&key(build, fence)).await?;
    Ok(there.is_some_and(|there| there.holder == holder))
}

async fn left(bucket: &Bucket, build: &BuildId, fence: u64) -> Result<Vec<u64>, StoreError> {
    let mut left = Vec::new();
    for older in fences(bucket, build).await?.into_iter().filter(|older| *older < fence) {
        let entry = bucket.get_json::<Entry>(&key(build, older)).await?;
        if entry.is_some_and(|entry| !entry.released) {
            left.push(older);
        }
    }
    Ok(left)
}
