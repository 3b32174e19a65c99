//! Gives trees to one owner, so that an engine without privileges can read and remove what a container's root left.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, lchown};
use std::path::Path;

/// Gives `top` and all that is in it to `uid` and `gid`, who can then read and remove it. Links are given, not followed.
///
/// # Errors
/// At the first that could not be given.
pub fn tree(top: &Path, uid: u32, gid: u32) -> io::Result<()> {
    // A stack instead of recursion: the tree may be deeper than our own stack.
    let mut left = vec![top.to_owned()];
    while let Some(path) = left.pop() {
        let metadata = fs::symlink_metadata(&path)?;
        lchown(&path, Some(uid), Some(gid))?;
        let kind = metadata.file_type();
        if !(kind.is_dir() || kind.is_file()) {
            continue;
        }
        let needed = if kind.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(&path, Permissions::from_mode(metadata.permissions().mode() & 0o777 | needed))?;
        if kind.is_dir() {
            for entry in fs::read_dir(&path)? {
                left.push(entry?.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn the_owner_can_read_all_of_it_and_links_are_not_followed() {
        let dir = tempfile::tempdir().expect("a folder");
        let (outside, tree) = (dir.path().join("outside"), dir.path().join("tree"));
        fs::write(&outside, "").expect("a file");
        fs::set_permissions(&outside, Permissions::from_mode(0o400)).expect("permissions");
        fs::create_dir_all(tree.join("a")).expect("folders");
        fs::write(tree.join("a/file"), "").expect("a file");
        fs::set_permissions(tree.join("a/file"), Permissions::from_mode(0o0)).expect("permissions");
        std::os::unix::fs::symlink(&outside, tree.join("a/link")).expect("a link");
        let us = fs::metadata(dir.path()).expect("there");
        super::tree(&tree, us.uid(), us.gid()).expect("given");
        assert_eq!(fs::metadata(tree.join("a/file")).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&outside).expect("there").permissions().mode() & 0o777, 0o400);
    }
}
