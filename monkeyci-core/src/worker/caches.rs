//! The caches of one attempt.

use std::path::Path;

use monkeyci_model::job::{Arch, Cache, SaveWhen};

use super::save::missing;
use crate::blob::Caches;
use crate::blob::cache::{CacheError, Facts, Keys, Place, Saved};
use crate::lease::Lease;
use crate::scope::Scope;

/// The caches of one attempt, with their keys as they were before it ran: a job may change the files that keys hash.
pub(super) struct JobCaches<'a> {
    caches: &'a Caches,
    place: Place,
    keyed: Vec<(&'a Cache, Keys)>,
}

impl<'a> JobCaches<'a> {
    /// Makes the keys; a cache whose key cannot be made is left out, with a warning.
    pub(super) async fn of(
        caches: &'a Caches,
        lease: &'a Lease,
        work_dir: &Path,
        warnings: &mut Vec<String>,
    ) -> JobCaches<'a> {
        let mut keyed = Vec::new();
        for cache in &lease.job.caches {
            match keys(caches, lease, cache, work_dir).await {
                Ok(keys) => keyed.push((cache, keys)),
                Err(error) => warnings.push(format!("not used: {error}")),
            }
        }
        Self { caches, place: place(lease), keyed }
    }

    /// Restores what there is. A job must be able to do without, so that what goes wrong is a warning.
    pub(super) async fn restore(&self, work_dir: &Path, warnings: &mut Vec<String>) {
        for (cache, keys) in &self.keyed {
            if let Err(error) = self.caches.restore(&self.place, cache, keys, work_dir).await {
                warnings.push(format!("not restored: {error}"));
            }
        }
    }

    /// Saves those that are due; what goes wrong is a warning.
    pub(super) async fn save(&self, work_dir: &Path, due: impl Fn(SaveWhen) -> bool, warnings: &mut Vec<String>) {
        for (cache, keys) in self.keyed.iter().filter(|(cache, _)| due(cache.save)) {
            match self.caches.save(&self.place, cache, keys, work_dir).await {
                Ok(Saved::Kept) => {}
                Ok(Saved::Stored(left_out)) => warnings.extend(missing(&format!("cache `{}`", cache.id), &left_out)),
                Err(error) => warnings.push(format!("not saved: {error}")),
            }
        }
    }
}

/// Which caches an attempt sees.
pub(super) fn place(lease: &Lease) -> Place {
    let build = &lease.attempt.build;
    Place { org: build.org.clone(), repo: build.repo.clone(), scope: Scope::of(&lease.trigger) }
}

/// The keys of a cache, made from files as they are now.
pub(super) async fn keys(caches: &Caches, lease: &Lease, cache: &Cache, work_dir: &Path) -> Result<Keys, CacheError> {
    let facts = Facts {
        branch: lease.trigger.branch().or(lease.trigger.tag()).map(str::to_owned),
        arch: lease.job.resources.arch.unwrap_or_else(Arch::host).oci_name().to_owned(),
        image: lease.job.image.clone(),
        work_dir: work_dir.to_owned(),
    };
    caches.keys(cache, facts).await
}
