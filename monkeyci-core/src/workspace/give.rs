//! Lets the user of a job write to what was put there for it.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::PathBuf;

/// Gives trees to an owner, and lets everybody write to them when they are `open`: for an image whose programs are not run
/// as root. No link is followed. Others on the host are kept out by the folder around them.
pub(crate) fn give(trees: &[PathBuf], owner: Option<(u32, u32)>, open: bool) -> io::Result<()> {
    let mut left = trees.to_vec();
    while let Some(path) = left.pop() {
        let metadata = path.symlink_metadata()?;
        if let Some((user, group)) = owner
            && (metadata.uid(), metadata.gid()) != (user, group)
        {
            lchown(&path, Some(user), Some(group))?;
        }
        if metadata.is_symlink() {
            continue;
        }
        let mode = metadata.permissions().mode();
        let wanted = if open { open_mode(mode, metadata.is_dir()) } else { mode };
        if wanted != mode {
            std::fs::set_permissions(&path, Permissions::from_mode(wanted))?;
        }
        if metadata.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                left.push(entry?.path());
            }
        }
    }
    Ok(())
}

/// The mode with which everybody may do what the owner may, and write.
pub(crate) fn open_mode(mode: u32, folder: bool) -> u32 {
    if folder || mode & 0o100 != 0 { mode | 0o777 } else { mode | 0o666 }
}
