//! What survives from build to build, in scopes of trust.
//!
//! A build reads the caches of its own [`Scope`] and of the protected one, its own first, and writes to its own alone.
//!
//! A cache with a key is stored once for each key, and never again; one without is stored after each build, in place of
//! the one before. Either is seen only when it is whole, so that builds at the same time do not disturb each other: the
//! last to end wins.

mod key;

use std::path::Path;

use monkeyci_model::job::{Cache, limits};
use monkeyci_model::{Millis, OrgId, RepoId};

pub use key::{Facts, KeyError, Keys};

use super::archive::{LeftOut, Limits};
use super::files::{self, FilesError};
use super::store::{self, BlobError, Blobs, Found, Key};
pub use crate::scope::Scope;

/// Caches of repositories.
#[derive(Debug, Clone)]
pub struct Caches {
    blobs: Blobs,
    limits: Limits,
}

/// Which caches a build sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// The scope.
    pub scope: Scope,
}

/// What a job got from a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restored {
    /// The very cache, under its key or its id.
    Exact,
    /// One under another key, which has this beginning.
    Fallback(String),
    /// Nothing: there is none yet.
    Nothing,
}

/// What became of a cache after a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// It was stored; the files could not be taken along.
    Stored(Vec<LeftOut>),
    /// There is one with that key already.
    Kept,
}

/// What is kept when caches are pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Bytes of all caches.
    pub bytes: u64,
    /// Milliseconds since a cache was stored.
    pub age: u64,
}

/// Why a cache could not be saved or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Its files could not be saved or restored.
    #[error("cache `{id}`: {source}")]
    Files {
        /// The cache's id.
        id: String,
        /// What went wrong.
        source: FilesError,
    },
    /// Its key could not be made.
    #[error("cache `{id}`: {source}")]
    Key {
        /// The cache's id.
        id: String,
        /// What is wrong with it.
        source: KeyError,
    },
}

impl CacheError {
    /// Whether there was nothing to save.
    #[must_use]
    pub fn is_not_there(&self) -> bool {
        matches!(self, Self::Files { source, .. } if source.is_not_there())
    }
}

impl Caches {
    /// Caches kept in `blobs`, each of at most [`limits::CACHE_BYTES`].
    #[must_use]
    pub fn new(blobs: Blobs) -> Self {
        Self { blobs, limits: Limits::of(limits::CACHE_BYTES) }
    }

    /// The keys of a cache as they are before the job runs. The same are saved under afterwards: a job may well change
    /// the files that its key is made from.
    ///
    /// # Errors
    /// When a template cannot be filled in.
    pub async fn keys(&self, cache: &Cache, facts: Facts) -> Result<Keys, CacheError> {
        let (cache, id) = (cache.clone(), cache.id.clone());
        let made = tokio::task::spawn_blocking(move || Keys::of(&cache, &facts)).await;
        made.expect("hashing does not panic, and is never cancelled").map_err(|source| CacheError::Key { id, source })
    }

    /// Restores a cache to its path in `work_dir`: the one with its key, else the newest with one of the fallbacks.
    ///
    /// # Errors
    /// When a cache is there and cannot be read, is refused or cannot be written. The job can go on without it. One of
    /// the build's own scope that is not what was stored is removed, so that the job may save it anew.
    pub async fn restore(
        &self,
        place: &Place,
        cache: &Cache,
        keys: &Keys,
        work_dir: &Path,
    ) -> Result<Restored, CacheError> {
        for scope in place.scope.readable() {
            let key = place.key(scope, &cache.id, keys.key.as_deref());
            match files::restore(&self.blobs, &key, work_dir, &cache.path, self.limits).await {
                Ok(_) => return Ok(Restored::Exact),
                Err(error) if error.is_not_there() => {}
                Err(source) => return Err(self.given_up(place, scope, &key, cache, source).await),
            }
        }
        for fallback in &keys.fallbacks {
            for scope in place.scope.readable() {
                for found in self.newest(place, scope, &cache.id, fallback).await? {
                    match files::restore(&self.blobs, &found.key, work_dir, &cache.path, self.limits).await {
                        Ok(_) => return Ok(Restored::Fallback(fallback.clone())),
                        // Pruned since it was listed.
                        Err(error) if error.is_not_there() => {}
                        Err(source) => return Err(self.given_up(place, scope, &found.key, cache, source).await),
                    }
                }
            }
        }
        Ok(Restored::Nothing)
    }

    /// Saves a cache into the build's own scope, unless one with its key can be read already.
    ///
    /// # Errors
    /// [`CacheError::is_not_there`] when there is nothing at its path; others when it cannot be read or stored.
    pub async fn save(&self, place: &Place, cache: &Cache, keys: &Keys, work_dir: &Path) -> Result<Saved, CacheError> {
        let failed = |source| CacheError::Files { id: cache.id.clone(), source };
        if let Some(key) = &keys.key {
            for scope in place.scope.readable() {
                let key = place.key(scope, &cache.id, Some(key));
                if self.blobs.find(&key).await.map_err(|error| failed(error.into()))?.is_some() {
                    return Ok(Saved::Kept);
                }
            }
        }
        let key = place.key(&place.scope, &cache.id, keys.key.as_deref());
        let saved = files::save(&self.blobs, &key, work_dir, &cache.path, self.limits).await;
        Ok(Saved::Stored(saved.map_err(failed)?.0.left_out))
    }

    /// Removes caches that are too old, and then the oldest until what is left is small enough; answers how many.
    ///
    /// # Errors
    /// When the store cannot be asked; some may be removed then.
    pub async fn prune(&self, keep: Keep, now: Millis) -> Result<usize, BlobError> {
        let mut caches = self.blobs.list(&Key::of(["caches"])).await?;
        caches.sort_unstable_by(|a, b| b.time.cmp(&a.time).then_with(|| a.key.cmp(&b.key)));
        let (mut bytes, mut removed) = (0_u64, 0);
        for cache in caches {
            bytes = bytes.saturating_add(cache.size);
            let age = u64::try_from(now.saturating_sub(cache.time)).unwrap_or(0);
            if bytes > keep.bytes || age > keep.age {
                self.blobs.delete(&cache.key).await?;
                bytes -= cache.size;
                removed += 1;
            }
        }
        Ok(removed)
    }

    async fn given_up(&self, place: &Place, scope: &Scope, key: &Key, cache: &Cache, source: FilesError) -> CacheError {
        // Stored once for each key, it would stay broken for ever.
        if source.is_broken()
            && *scope == place.scope
            && let Err(error) = self.blobs.delete(key).await
        {
            tracing::warn!(%key, %error, "a broken cache cannot be removed");
        }
        CacheError::Files { id: cache.id.clone(), source }
    }

    /// The caches of an id whose keys begin so, the newest first.
    async fn newest(&self, place: &Place, scope: &Scope, id: &str, beginning: &str) -> Result<Vec<Found>, CacheError> {
        let listed = self.blobs.list(&place.above(scope, id)).await;
        let mut found = listed.map_err(|source| CacheError::Files { id: id.to_owned(), source: source.into() })?;
        let beginning = store::encode(beginning);
        found.retain(|found| found.key.last().starts_with(&beginning));
        found.sort_unstable_by(|a, b| b.time.cmp(&a.time).then_with(|| b.key.cmp(&a.key)));
        Ok(found)
    }
}

impl Place {
    /// `caches/<org>/<repo>/<scope>/<id>/keyed/<key>.tar.zst`, or `…/<id>/latest.tar.zst` without a key.
    fn key(&self, scope: &Scope, id: &str, key: Option<&str>) -> Key {
        let scope = scope.name();
        let above = ["caches", self.org.as_str(), self.repo.as_str(), &scope, id];
        match key {
            Some(key) => Key::of(above.into_iter().chain(["keyed", &format!("{key}.tar.zst")])),
            None => Key::of(above.into_iter().chain(["latest.tar.zst"])),
        }
    }

    fn above(&self, scope: &Scope, id: &str) -> Key {
        Key::of(["caches", self.org.as_str(), self.repo.as_str(), &scope.name(), id, "keyed"])
    }
}

#[cfg(test)]
mod tests;
