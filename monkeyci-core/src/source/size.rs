//! How much a checkout holds, as far as a limit.

use std::path::Path;

use git2::{Commit, ObjectType, Repository};

/// Bytes that a file or folder takes at least: a million empty ones fill a disk, too.
const LEAST: u64 = 4096;

/// Whether all that is below a folder takes more bytes than `limit`. What goes away meanwhile takes none.
pub(super) fn is_larger(dir: &Path, limit: u64) -> bool {
    let (mut bytes, mut open) = (0_u64, vec![dir.to_owned()]);
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            bytes = bytes.saturating_add(metadata.len().max(LEAST));
            if bytes > limit {
                return true;
            }
            if metadata.is_dir() {
                open.push(entry.path());
            }
        }
    }
    false
}

/// Whether the files and folders of a commit, were all of them empty, take more bytes than `limit`. A few trees that hold one
/// another can be more files than git can count: it would list them all before it writes the first.
pub(super) fn has_more(repository: &Repository, commit: &Commit<'_>, limit: u64) -> Result<bool, git2::Error> {
    let (mut bytes, mut open) = (0_u64, vec![commit.tree_id()]);
    while let Some(tree) = open.pop() {
        let tree = repository.find_tree(tree)?;
        bytes = bytes.saturating_add((tree.len() as u64).saturating_mul(LEAST));
        if bytes > limit {
            return Ok(true);
        }
        open.extend(tree.iter().filter(|entry| entry.kind() == Some(ObjectType::Tree)).map(|entry| entry.id()));
    }
    Ok(false)
}
