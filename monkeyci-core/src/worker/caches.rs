//! The caches of one attempt.

use std::path::Path;

use monkeyci_model::Trigger;
use monkeyci_model::job::{Arch, Cache, SaveWhen};
use monkeyci_model::trigger::Source;

use super::save::missing;
use crate::blob::Caches;
use crate::blob::cache::{CacheError, Facts, Keys, Place, Saved, Scope};
use crate::lease::Lease;

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
    Place { org: build.org.clone(), repo: build.repo.clone(), scope: scope(&lease.trigger) }
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

/// Whose caches a build may write: those of the main branch and of a person at a terminal are everybody's to read.
fn scope(trigger: &Trigger) -> Scope {
    let git = trigger.git.as_ref();
    let reference = git.and_then(|git| git.reference.as_deref());
    if trigger.fork {
        let url = git.and_then(|git| git.url.as_deref()).unwrap_or_default();
        return Scope::Fork(format!("{url} {}", reference.unwrap_or_default()));
    }
    let main = git.and_then(|git| git.main_branch.as_deref());
    match reference {
        Some(reference) if trigger.source != Source::Cli && (main.is_none() || trigger.branch() != main) => {
            // The whole of it: a branch may well be called `refs/tags/v1`.
            Scope::Branch(reference.to_owned())
        }
        // Any commit that the server can fetch, also one that nobody with the right to push has seen.
        None if trigger.source != Source::Cli
            && let Some(commit) = git.and_then(|git| git.commit_id.as_deref()) =>
        {
            Scope::Branch(format!("commit {commit}"))
        }
        _ => Scope::Protected,
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_model::trigger::Git;

    use super::*;

    #[test]
    fn only_trusted_builds_write_what_everybody_reads() {
        let trigger = |source, reference: &str, fork| Trigger {
            source,
            git: Some(Git {
                url: Some("https://example.com/web".into()),
                reference: Some(reference.into()),
                main_branch: Some("main".into()),
                ..Git::default()
            }),
            fork,
            ..Trigger::default()
        };
        let branch = |name: &str| Scope::Branch(name.into());
        for (trigger, expected) in [
            (Trigger::default(), Scope::Protected),
            (trigger(Source::Cli, "refs/heads/x", false), Scope::Protected),
            (trigger(Source::Api, "refs/heads/main", false), Scope::Protected),
            (trigger(Source::Api, "refs/heads/x", false), branch("refs/heads/x")),
            (trigger(Source::Api, "refs/heads/refs/tags/main", false), branch("refs/heads/refs/tags/main")),
            (trigger(Source::Api, "refs/tags/main", false), branch("refs/tags/main")),
            (
                trigger(Source::GithubWebhook, "refs/heads/main", true),
                Scope::Fork("https://example.com/web refs/heads/main".into()),
            ),
        ] {
            assert_eq!(scope(&trigger), expected, "{trigger:?}");
        }
        let mut bare = trigger(Source::Api, "", false);
        bare.git = Some(Git { commit_id: Some("c0ffee".into()), ..Git::default() });
        assert_eq!(scope(&bare), branch("commit c0ffee"));
    }
}
