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

/// Restores files; where it fails and nothing was at `path` before, nothing is there afterwards.
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
            let fresh = is_fresh(&root, &path);
            archive::unpack(blob, size, &root, &path, &limits).map_err(|error| {
                if fresh {
                    // Half of a cache is worse than none. That it cannot be removed is the lesser error.
                    let half = root.join(&path);
                    let _ = std::fs::remove_dir_all(&half).or_else(|_| std::fs::remove_file(&half));
                }
                error.into()
            })
        })
        .await
}

/// Whether nothing is at the path, and only real folders lead to it.
fn is_fresh(root: &Path, path: &str) -> bool {
    let Ok(names) = beneath::names(path) else { return false };
    let Some((name, parents)) = names.split_last() else { return false };
    match Folder::open(root).and_then(|folder| folder.descend(parents.iter().copied())) {
        Ok(folder) => matches!(folder.stat(name), Ok(None)),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}
