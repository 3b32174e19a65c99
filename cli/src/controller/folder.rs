//! The folder of a build on this machine, as long as this process runs it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of a build: checkout, job directories, logs.
///
/// A holder that died on this machine left it with the jobs that it ran, and whoever comes next goes on in it. One that only
/// stands still has it still: its jobs are not taken up, and whoever comes next has a folder of its own.
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// The holder that left it, where one did.
    pub left: Option<u64>,
    // Held until the process ends, however it ends.
    _lock: File,
}

/// What its holder has the lock of.
const LOCK: &str = "lock";

impl Folder {
    /// That of the newest of the holders in `left` which is here and dead, else a new one for the holder `fence`.
    ///
    /// # Errors
    /// When none can be made.
    pub fn take(above: &Path, fence: u64, left: &[u64]) -> io::Result<Self> {
        for left in left.iter().rev() {
            let path = Self::of(above, *left);
            if let Ok(lock) = File::options().write(true).open(path.join(LOCK))
                && lock.try_lock().is_ok()
            {
                return Ok(Self { path, left: Some(*left), _lock: lock });
            }
        }
        let path = Self::of(above, fence);
        std::fs::create_dir_all(&path)?;
        let lock = File::options().write(true).create(true).truncate(false).open(path.join(LOCK))?;
        lock.try_lock().map_err(|_| io::Error::other("another process has its lock"))?;
        Ok(Self { path, left: None, _lock: lock })
    }

    /// That of a holder.
    pub fn of(above: &Path, fence: u64) -> PathBuf {
        above.join(fence.to_string())
    }

    /// Removes it, and that of its build where it was the last.
    pub fn remove(self) {
        remove(&self.path);
    }
}

/// Removes the folder of a holder, and that of its build where it was the last. Best effort: it only costs room.
pub fn remove(folder: &Path) {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::debug!(folder = %folder.display(), %error, "the folder of a build stays");
        }
        _ => {}
    }
    let _others = folder.parent().map(std::fs::remove_dir);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_holder_left_is_taken_over_and_what_a_living_one_has_is_not() {
        let home = tempfile::tempdir().expect("a folder");
        let first = Folder::take(home.path(), 1, &[]).expect("a folder");
        assert_eq!((first.left, &first.path), (None, &home.path().join("1")));
        std::fs::write(first.path.join("jobs"), "").expect("written");
        let other = Folder::take(home.path(), 2, &[1]).expect("a folder");
        assert_eq!((other.left, &other.path), (None, &home.path().join("2")));
        other.remove();
        drop(first);
        let third = Folder::take(home.path(), 3, &[1, 2]).expect("a folder");
        assert_eq!((third.left, third.path.join("jobs").exists()), (Some(1), true));
        let path = third.path.clone();
        third.remove();
        assert!(!path.exists());
    }
}
