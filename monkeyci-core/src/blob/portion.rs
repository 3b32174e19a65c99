//! What of all blobs one attempt may see and write, for one that runs on another machine.
//!
//! It is asked in keys as the store has them, and trusts none: an attempt reads the artifacts of its own build and writes
//! its own; it reads caches of the scopes that its build may read, and writes to its build's own scope.

use std::io;

use bytes::Bytes;
use futures::stream::BoxStream;
use monkeyci_model::job::limits;

use super::cache::Place;
use super::store::{BlobError, Blobs, Key, Object};
use crate::attempt::Attempt;
use crate::lease::Lease;
use crate::scope::Scope;

/// Where all blobs are.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Artifacts of builds.
    pub artifacts: Blobs,
    /// Caches of repositories.
    pub caches: Blobs,
}

/// What of them one attempt may see and write.
pub struct Portion {
    kept: Kept,
    attempt: Attempt,
    place: Place,
}

/// Why a blob is not shown or stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortionError {
    /// It is none of the attempt's business.
    #[error("`{0}` is not for this job")]
    NotYours(String),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] BlobError),
}

#[derive(Clone, Copy, PartialEq)]
enum Use {
    Read,
    Write,
}

impl Kept {
    /// What the attempt of a lease may see and write.
    #[must_use]
    pub fn portion(&self, lease: &Lease) -> Portion {
        let build = &lease.attempt.build;
        let place = Place { org: build.org.clone(), repo: build.repo.clone(), scope: Scope::of(&lease.trigger) };
        Portion { kept: self.clone(), attempt: lease.attempt.clone(), place }
    }
}

impl Portion {
    /// The blob with this key, and its bytes.
    ///
    /// # Errors
    /// When there is none, or it is not for the attempt.
    pub async fn read(&self, key: &str) -> Result<(Object, BoxStream<'static, io::Result<Bytes>>), PortionError> {
        let (blobs, key) = self.allowed(key, Use::Read)?;
        Ok(blobs.stream(&key).await?)
    }

    /// The blob with this key, without its bytes.
    ///
    /// # Errors
    /// When there is none, or it is not for the attempt.
    pub async fn find(&self, key: &str) -> Result<Object, PortionError> {
        let (blobs, key) = self.allowed(key, Use::Read)?;
        Ok(blobs.object(&key).await?)
    }

    /// The blobs beneath a key.
    ///
    /// # Errors
    /// When the store cannot be asked, or they are not for the attempt.
    pub async fn list(&self, above: &str) -> Result<Vec<Object>, PortionError> {
        let (blobs, key) = self.allowed(&format!("{above}/"), Use::Read)?;
        Ok(blobs.objects(&key).await?)
    }

    /// Stores a blob, which is seen once all of it is there.
    ///
    /// # Errors
    /// When it is too large, breaks off, cannot be stored or is not for the attempt.
    pub async fn write(&self, key: &str, bytes: BoxStream<'static, io::Result<Bytes>>) -> Result<(), PortionError> {
        let most = if key.starts_with("artifacts/") { limits::ARTIFACT_BYTES } else { limits::CACHE_BYTES };
        let (blobs, key) = self.allowed(key, Use::Write)?;
        Ok(blobs.store(&key, bytes, most).await?)
    }

    /// Removes a blob.
    ///
    /// # Errors
    /// When the store cannot do it, or it is not for the attempt.
    pub async fn delete(&self, key: &str) -> Result<(), PortionError> {
        let (blobs, key) = self.allowed(key, Use::Write)?;
        Ok(blobs.delete(&key).await?)
    }

    /// Where the blob is, if it may be used so.
    fn allowed(&self, key: &str, used: Use) -> Result<(&Blobs, Key), PortionError> {
        let refused = || PortionError::NotYours(key.chars().take(200).collect());
        let parsed = Key::parse(key.trim_end_matches('/')).ok_or_else(refused)?;
        let beneath = |above: Key| key.strip_prefix(&format!("{above}/")).map(str::to_owned);
        let build = &self.attempt.build;
        let (org, repo, number) = (build.org.as_str(), build.repo.as_str(), build.number.to_string());
        if let Some(rest) = beneath(Key::of(["artifacts", org, repo, &number])) {
            let own = format!("{:020}.tar.zst", self.attempt.fence);
            let is_own = rest.split('/').count() == 2 && rest.ends_with(&format!("/{own}"));
            return (used == Use::Read || is_own).then_some((&self.kept.artifacts, parsed)).ok_or_else(refused);
        }
        let own = [&self.place.scope];
        let scopes = match used {
            Use::Read => self.place.scope.readable(),
            Use::Write => own.to_vec(),
        };
        let is_in = |scope: &&Scope| beneath(Key::of(["caches", org, repo, &scope.name()])).is_some();
        scopes.iter().any(is_in).then_some((&self.kept.caches, parsed)).ok_or_else(refused)
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use monkeyci_model::{Job, Trigger};

    use super::*;

    fn lease(trigger: Trigger) -> Lease {
        let build = "acme/web/build-7".parse().expect("an id");
        let job = Job::new("unit".parse().expect("an id"));
        let attempt = Attempt { instance: "test".into(), build, job: job.id.clone(), number: 1, fence: 42 };
        Lease {
            attempt,
            job: job.into(),
            trigger: trigger.into(),
            checkout: "/nowhere".into(),
            script_dir: ".monkeyci".into(),
        }
    }

    #[tokio::test]
    async fn an_attempt_reads_what_its_build_may_and_writes_its_own_alone() {
        let dir = tempfile::tempdir().expect("a folder");
        let blobs = Blobs::on_disk(dir.path()).expect("opens");
        let kept = Kept { artifacts: blobs.clone(), caches: blobs };
        let fork = kept.portion(&lease(Trigger { fork: true, ..Trigger::default() }));
        let own_cache = format!("caches/acme/web/{}/deps/latest.tar.zst", Key::of([&*fork.place.scope.name()]));
        let protected = format!("caches/acme/web/{}/deps/latest.tar.zst", Key::of([&*Scope::Protected.name()]));
        let artifact = "artifacts/acme/web/7/app/00000000000000000042.tar.zst";
        for (key, read, write) in [
            (artifact, true, true),
            ("artifacts/acme/web/7/app/00000000000000000041.tar.zst", true, false),
            ("artifacts/acme/web/7/00000000000000000042.tar.zst", true, false),
            ("artifacts/acme/web/8/app/00000000000000000042.tar.zst", false, false),
            ("artifacts/acme/web/7/../8/app/00000000000000000042.tar.zst", false, false),
            ("artifacts/acme/web/77/app/00000000000000000042.tar.zst", false, false),
            ("caches/other/web/protected/deps/latest.tar.zst", false, false),
            ("../builds.db", false, false),
            ("", false, false),
            (&own_cache, true, true),
            (&protected, true, false),
        ] {
            assert_eq!(fork.allowed(key, Use::Read).is_ok(), read, "read {key}");
            assert_eq!(fork.allowed(key, Use::Write).is_ok(), write, "write {key}");
        }
        let bytes = futures::stream::iter([Ok(Bytes::from_static(b"half")), Err(io::Error::other("cut"))]).boxed();
        fork.write(artifact, bytes).await.expect_err("it breaks off");
        assert!(matches!(fork.find(artifact).await, Err(PortionError::Store(BlobError::NotThere { .. }))));
        let bytes = futures::stream::iter([Ok(Bytes::from_static(b"whole"))]).boxed();
        fork.write(artifact, bytes).await.expect("stores");
        assert_eq!(fork.find(artifact).await.expect("there").size, 5);
        assert_eq!(fork.list("artifacts/acme/web/7/app").await.expect("lists")[0].key, artifact);
        assert_eq!(fork.list("artifacts/acme/web/7").await.expect("lists").len(), 1);
    }
}
