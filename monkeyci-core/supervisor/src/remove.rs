//! Removes trees whose folders their owner may not write to, and never follows a link out of them.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Removes `path` and all that is in it. What is not there is removed already.
///
/// # Errors
/// When something is left; the first reason.
pub fn tree(path: &Path) -> io::Result<()> {
    match remove(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            // A folder without the right to write, as package caches leave them, keeps its entries even from its owner.
            open_folders(path)?;
            remove(path)
        }
        other => other,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn open_folders(top: &Path) -> io::Result<()> {
    // A stack instead of recursion: the tree may be deeper than our own stack.
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        // `file_type` of an entry and this test do not follow links.
        if !fs::symlink_metadata(&folder)?.is_dir() {
            continue;
        }
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_goes_and_what_its_links_point_to_stays() {
        let dir = tempfile::tempdir().expect("a folder");
        let (outside, tree) = (dir.path().join("outside"), dir.path().join("tree"));
        fs::create_dir_all(tree.join("a/b")).expect("folders");
        fs::create_dir(&outside).expect("a folder");
        fs::write(outside.join("kept"), "").expect("a file");
        fs::write(tree.join("a/b/file"), "").expect("a file");
        std::os::unix::fs::symlink(&outside, tree.join("a/link")).expect("a link");
        fs::set_permissions(tree.join("a/b"), Permissions::from_mode(0o555)).expect("permissions");
        super::tree(&tree).expect("removed");
        assert!(!tree.exists() && outside.join("kept").exists());
        super::tree(&tree).expect("removed already");
        std::os::unix::fs::symlink(&outside, &tree).expect("a link");
        super::tree(&tree).expect("removes the link");
        assert!(outside.join("kept").exists());
    }
}
