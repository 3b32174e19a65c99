use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use super::archive::{self, ArchiveError, Limits, Packed, Unpacked};
use super::beneath::{self, Folder};
use super::store::{BlobError, Blobs, Key, Stored};

/// Why files could not be saved or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// They could not be packed or unpacked.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The archive could not be stored or read.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl FilesError {
    /// Whether there was nothing to save, or nothing to restore.
    #[must_use]
    pub fn is_not_there(&self) -> bool {
        matches!(self, Self::Archive(ArchiveError::NotThere { .. }) | Self::Blob(BlobError::NotThere { .. }))
    }

    /// Whether what was stored is no longer what it was, and never will be again.
    pub(super) fn is_broken(&self) -> bool {
        match self {
            Self::Archive(ArchiveError::Broken { source }) | Self::Blob(BlobError::Read { source, .. }) => {
                source.kind() != ErrorKind::ConnectionAborted
            }
            _ => false,
        }
    }
}

pub(super) async fn save(
    blobs: &Blobs,
    key: &Key,
    root: &Path,
    path: &str,
    limits: Limits,
) -> Result<(Packed, Stored), FilesError> {
    let (root, path) = (root.to_owned(), path.to_owned());
    blobs.put(key, move |out| Ok(archive::pack(&root, &path, &limits, out)?)).await
}

/// Restores files; where it fails, nothing is left where nothing was before.
pub(super) async fn restore(
    blobs: &Blobs,
    key: &Key,
    root: &Path,
    path: &str,
    limits: Limits,
) -> Result<Unpacked, FilesError> {
    let (root, path) = (root.to_owned(), path.to_owned());
    blobs
        .get(key, move |blob, size| {
            let fresh = fresh(&root, &path);
            archive::unpack(blob, size, &root, &path, &limits).map_err(|error| {
                // Half of a cache is worse than none.
                if let Some((folder, name)) = fresh
                    && let Err(error) = folder.remove(&name)
                {
                    tracing::warn!(path, %error, "what was restored in part cannot be removed");
                }
                error.into()
            })
        })
        .await
}

/// The first name on the way to the path that is not there, with the folder that it is missing in: what comes beneath it
/// is the archive's alone. Only real folders lead there, so that it is what it is whatever a job left in its workspace.
fn fresh(root: &Path, path: &str) -> Option<(Folder, OsString)> {
    let mut folder = Folder::open(root).ok()?;
    for name in beneath::names(path).ok()? {
        if folder.stat(name).ok()?.is_none() {
            return Some((folder, name.to_owned()));
        }
        folder = folder.enter(name).ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[tokio::test]
    async fn what_comes_back_in_part_goes_again_and_nothing_else_does() {
        let dir = tempfile::tempdir().expect("a folder");
        let blobs = Blobs::on_disk(dir.path().join("blobs")).expect("opens");
        let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
        fs::create_dir_all(root.join("saved/deep")).expect("makes");
        fs::create_dir_all(outside.join("back")).expect("makes");
        fs::write(outside.join("back/canary"), "alive").expect("writes");
        for name in ["saved/deep/a", "saved/deep/b"] {
            fs::write(root.join(name), name).expect("writes");
        }
        symlink("../outside", root.join("out")).expect("links");
        fs::create_dir(root.join("here")).expect("makes");
        fs::write(root.join("here/mine"), "mine").expect("writes");
        let key = Key::of(["a"]);
        save(&blobs, &key, &root, "saved", Limits::of(1000)).await.expect("saves");

        // Two of its five entries come back before it is refused.
        let few = Limits { entries: 3, ..Limits::of(1000) };
        for (path, left) in [("back", "back"), ("new/way/back", "new"), ("here/back", "here/back")] {
            restore(&blobs, &key, &root, path, few).await.expect_err("one too many");
            assert!(!root.join(left).exists(), "{left} is left of {path}");
        }
        for path in ["out/back", "here/../../outside/back"] {
            restore(&blobs, &key, &root, path, few).await.expect_err("leads out");
        }
        assert_eq!(fs::read_to_string(outside.join("back/canary")).expect("there"), "alive");
        assert_eq!(fs::read_to_string(root.join("here/mine")).expect("there"), "mine");
    }
}
