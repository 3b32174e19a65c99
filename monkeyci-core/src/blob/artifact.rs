//! What a job keeps for other jobs of its build, and for people.

use std::path::Path;

use monkeyci_model::BuildId;
use monkeyci_model::job::{Artifact, limits};
use monkeyci_model::result::SavedFile;

use super::archive::{LeftOut, Limits, Unpacked};
use super::files::{self, FilesError};
use super::store::{BlobError, Blobs, Found, Key};
use crate::attempt::Attempt;

/// Artifacts of builds.
#[derive(Debug, Clone)]
pub struct Artifacts {
    blobs: Blobs,
    limits: Limits,
}

/// An artifact that was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// For the job's result.
    pub file: SavedFile,
    /// What could not be taken along: worth a warning.
    pub left_out: Vec<LeftOut>,
}

/// Why an artifact could not be saved or restored.
#[derive(Debug, thiserror::Error)]
#[error("artifact `{id}`: {source}")]
pub struct ArtifactError {
    id: String,
    source: FilesError,
}

impl ArtifactError {
    /// Whether there was nothing to save, or nothing was saved under the id. MonkeyCI goes on then, and so should a
    /// job, with a warning.
    #[must_use]
    pub fn is_not_there(&self) -> bool {
        self.source.is_not_there()
    }
}

impl Artifacts {
    /// Artifacts kept in `blobs`, each of at most [`limits::ARTIFACT_BYTES`].
    #[must_use]
    pub fn new(blobs: Blobs) -> Self {
        Self { blobs, limits: Limits::of(limits::ARTIFACT_BYTES) }
    }

    /// Saves an artifact of an attempt; it takes the place of what older attempts saved under its id in this build.
    ///
    /// What an attempt saves that was given up meanwhile changes nothing: the highest fence is the one that counts.
    ///
    /// # Errors
    /// [`ArtifactError::is_not_there`] when there is nothing at its path; others when it cannot be read, is more than
    /// an artifact may be, or cannot be stored.
    pub async fn save(&self, attempt: &Attempt, artifact: &Artifact, work_dir: &Path) -> Result<Saved, ArtifactError> {
        let key = key(&attempt.build, &artifact.id, attempt.fence);
        let saved = files::save(&self.blobs, &key, work_dir, &artifact.path, self.limits).await;
        let (packed, stored) = saved.map_err(|source| ArtifactError { id: artifact.id.clone(), source })?;
        let file = SavedFile {
            id: artifact.id.clone(),
            path: artifact.path.clone(),
            size: stored.size,
            digest: stored.digest,
        };
        Ok(Saved { file, left_out: packed.left_out })
    }

    /// Restores the artifact with this id to its path in `work_dir`; its files replace those that are there.
    ///
    /// # Errors
    /// [`ArtifactError::is_not_there`] when the build has none with this id; others when it is broken, is refused, or
    /// cannot be written.
    pub async fn restore(
        &self,
        build: &BuildId,
        artifact: &Artifact,
        work_dir: &Path,
    ) -> Result<Unpacked, ArtifactError> {
        let failed = |source| ArtifactError { id: artifact.id.clone(), source };
        let found = self.find(build, &artifact.id).await?;
        let key = match found {
            Some(found) => found.key,
            None => return Err(failed(BlobError::NotThere { key: above(build, &artifact.id) }.into())),
        };
        files::restore(&self.blobs, &key, work_dir, &artifact.path, self.limits).await.map_err(failed)
    }

    /// The stored archive of an artifact, if there is one.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn find(&self, build: &BuildId, id: &str) -> Result<Option<Found>, ArtifactError> {
        let listed = self.blobs.list(&above(build, id)).await;
        let listed = listed.map_err(|source| ArtifactError { id: id.to_owned(), source: source.into() })?;
        // The encoded fences are of one length, so that they sort as numbers do.
        Ok(listed.into_iter().max_by(|a, b| a.key.cmp(&b.key)))
    }

    /// Reads the archive of an artifact that was [found](Self::find), as it is stored: tar in zstd. `read` runs on a thread
    /// where it may block.
    ///
    /// # Errors
    /// That of `read`, or that of the store.
    pub async fn read<T, E>(
        &self,
        found: &Found,
        read: impl FnOnce(&mut dyn std::io::Read, u64) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<BlobError> + Send + 'static,
    {
        self.blobs.get(&found.key, read).await
    }

    /// Has an artifact of a build kept for another one as well, which has it even if it is removed from the first.
    ///
    /// # Errors
    /// [`ArtifactError::is_not_there`] when there is none with this id; others when the store cannot do it.
    pub async fn keep_for(&self, from: &BuildId, to: &BuildId, id: &str) -> Result<(), ArtifactError> {
        let failed = |source: BlobError| ArtifactError { id: id.to_owned(), source: source.into() };
        let Some(found) = self.find(from, id).await? else {
            return Err(failed(BlobError::NotThere { key: above(from, id) }));
        };
        // Fences rise over all builds: whatever this one saves under the id counts more.
        let number = to.number.to_string();
        let copy = Key::of(["artifacts", to.org.as_str(), to.repo.as_str(), &number, id, found.key.last()]);
        self.blobs.copy(&found.key, &copy).await.map_err(failed)
    }

    /// Removes every artifact of a build.
    ///
    /// # Errors
    /// When the store cannot do it; some may be removed then.
    pub async fn remove(&self, build: &BuildId) -> Result<(), ArtifactError> {
        let failed = |source: BlobError| ArtifactError { id: "*".into(), source: source.into() };
        let number = build.number.to_string();
        let above = Key::of(["artifacts", build.org.as_str(), build.repo.as_str(), &number]);
        for found in self.blobs.list(&above).await.map_err(failed)? {
            self.blobs.delete(&found.key).await.map_err(failed)?;
        }
        Ok(())
    }
}

/// `artifacts/<org>/<repo>/<build>/<id>`, each name encoded: above what attempts saved under this id.
fn above(build: &BuildId, id: &str) -> Key {
    Key::of(["artifacts", build.org.as_str(), build.repo.as_str(), &build.number.to_string(), id])
}

/// `<fence>.tar.zst` beneath that.
fn key(build: &BuildId, id: &str, fence: u64) -> Key {
    let (number, file) = (build.number.to_string(), format!("{fence:020}.tar.zst"));
    Key::of(["artifacts", build.org.as_str(), build.repo.as_str(), &number, id, &file])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(id: &str, path: &str) -> Artifact {
        Artifact { id: id.into(), path: path.into(), save: Default::default() }
    }

    fn attempt(fence: u64) -> Attempt {
        Attempt {
            instance: "test".into(),
            build: "acme/web/build-1".parse().expect("an id"),
            job: "make".parse().expect("an id"),
            number: 1,
            fence,
        }
    }

    #[tokio::test]
    async fn what_a_stale_attempt_saves_late_does_not_replace_what_the_newest_saved() {
        let dir = tempfile::tempdir().expect("a folder");
        let artifacts = Artifacts::new(Blobs::on_disk(dir.path().join("blobs")).expect("opens"));
        let build = attempt(0).build;
        for (fence, text) in [(9, "first"), (10, "newest"), (8, "late")] {
            std::fs::write(dir.path().join("app"), text).expect("writes");
            artifacts.save(&attempt(fence), &artifact("app", "app"), dir.path()).await.expect("saves");
        }
        artifacts.restore(&build, &artifact("app", "back"), dir.path()).await.expect("restores");
        assert_eq!(std::fs::read_to_string(dir.path().join("back")).expect("there"), "newest");
        artifacts.remove(&build).await.expect("removes");
        assert_eq!(artifacts.find(&build, "app").await.expect("asks"), None);
    }

    #[tokio::test]
    async fn what_is_mostly_zeros_is_saved_and_comes_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let artifacts = Artifacts::new(Blobs::on_disk(dir.path().join("blobs")).expect("opens"));
        std::fs::write(dir.path().join("disk.img"), vec![0; 8_000_000]).expect("writes");
        artifacts.save(&attempt(1), &artifact("image", "disk.img"), dir.path()).await.expect("saves");
        let build = attempt(1).build;
        let back = artifacts.restore(&build, &artifact("image", "back.img"), dir.path()).await.expect("restores");
        assert_eq!(back.bytes, 8_000_000);
    }

    #[tokio::test]
    async fn one_job_saves_and_another_restores() {
        let dir = tempfile::tempdir().expect("a folder");
        let artifacts = Artifacts::new(Blobs::on_disk(dir.path().join("blobs")).expect("opens"));
        let build: BuildId = "acme/web/build-1".parse().expect("an id");
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::create_dir_all(from.join("target/doc")).expect("makes");
        std::fs::create_dir_all(&to).expect("makes");
        std::fs::write(from.join("target/app.jar"), "jar").expect("writes");
        std::fs::write(from.join("target/doc/index.html"), "doc").expect("writes");

        let hostile = "../../etc/passwd";
        for (id, path, back, file) in [
            ("jar", "target/app.jar", "x.jar", "x.jar"),
            ("jar", "target/app.jar", "lib/", "lib/app.jar"),
            ("docs", "target/doc", "site", "site/index.html"),
            ("jars", "target/*.jar", "out/*.jar", "out/app.jar"),
            (hostile, "target/app.jar", "y.jar", "y.jar"),
        ] {
            let saved = artifacts.save(&attempt(1), &artifact(id, path), &from).await.expect("saves");
            assert_eq!((saved.file.id.as_str(), saved.left_out.len()), (id, 0));
            assert_eq!(artifacts.find(&build, id).await.expect("asks").expect("there").size, saved.file.size);
            artifacts.restore(&build, &artifact(id, back), &to).await.expect("restores");
            assert!(to.join(file).is_file(), "{file} is not there");
        }
        artifacts.remove(&build).await.expect("removes");
        let error = artifacts.restore(&build, &artifact("jar", "z"), &to).await.expect_err("removed");
        assert!(error.is_not_there());
    }

    #[tokio::test]
    async fn a_path_that_is_not_there_is_told_from_one_that_is_not_allowed() {
        let dir = tempfile::tempdir().expect("a folder");
        let artifacts = Artifacts::new(Blobs::on_disk(dir.path().join("blobs")).expect("opens"));
        let build: BuildId = "acme/web/build-1".parse().expect("an id");
        for path in ["missing", "no/such/file", "*.jar"] {
            let error = artifacts.save(&attempt(1), &artifact("a", path), dir.path()).await.expect_err("missing");
            assert!(error.is_not_there(), "{error}");
        }
        for path in ["/etc/passwd", "../x"] {
            let error = artifacts.save(&attempt(1), &artifact("a", path), dir.path()).await.expect_err("outside");
            assert!(!error.is_not_there() && error.to_string().contains(path), "{error}");
        }
        assert_eq!(artifacts.find(&build, "a").await.expect("asks"), None, "a save that failed left a blob");
    }
}
