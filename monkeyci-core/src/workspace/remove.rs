//! Removes a tree that a job may have left in any state.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Folders that are open at a time. A deeper one is moved up to the top first, so that a job that nests a million
/// folders costs neither stack, nor open files, nor paths that are too long.
const MAX_DEPTH: usize = 64;

/// Removes the file, link or folder `path` with all in it; nothing there is no error.
///
/// Links are removed, never followed. Folders without permissions are given some first. Nothing may write to the tree
/// meanwhile.
///
/// # Errors
/// When something is not ours to remove, or is a mount.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    remove_beneath(CWD, path)
}

/// Removes a tree as [`remove_tree`] does, in the open folder `parent`.
pub(crate) fn remove_beneath(parent: impl AsFd, path: &Path) -> io::Result<()> {
    let named = |e: Errno| {
        let error = io::Error::from(e);
        io::Error::new(error.kind(), format!("`{}` could not be removed: {error}", path.display()))
    };
    match rustix::fs::unlinkat(&parent, path, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        // Linux says `ISDIR` of a folder, others `PERM`.
        Err(Errno::ISDIR | Errno::PERM | Errno::ACCESS) => {}
        Err(error) => return Err(named(error)),
    }
    let top = open_folder(&parent, path).map_err(named)?;
    let mut moved = Moved { top: top.as_fd(), count: 0, done: 0 };
    empty(top.as_fd(), 1, &mut moved).map_err(named)?;
    while moved.done < moved.count {
        let name = Moved::name(moved.done);
        moved.done += 1;
        let folder = match open_folder(top.as_fd(), name.as_str()) {
            // The top was being listed when it was moved there, and it was met again.
            Err(Errno::NOENT) => continue,
            other => other.map_err(named)?,
        };
        empty(folder.as_fd(), 2, &mut moved).map_err(named)?;
        rustix::fs::unlinkat(top.as_fd(), name.as_str(), AtFlags::REMOVEDIR).map_err(named)?;
    }
    rustix::fs::unlinkat(&parent, path, AtFlags::REMOVEDIR).map_err(named)
}

/// Folders that were moved up to the top, by number.
struct Moved<'fd> {
    top: BorrowedFd<'fd>,
    count: u64,
    done: u64,
}

impl Moved<'_> {
    fn name(number: u64) -> String {
        format!(".monkeyci-removed-{number}")
    }

    fn take(&mut self, folder: BorrowedFd<'_>, name: &std::ffi::CStr) -> Result<(), Errno> {
        // What moves gets another `..`, so that all three of them are written to.
        for written in [folder, open_folder(folder, name)?.as_fd(), self.top] {
            rustix::fs::fchmod(written, Mode::RWXU)?;
        }
        loop {
            let to = Self::name(self.count);
            self.count += 1;
            match rustix::fs::renameat(folder, name, self.top, to.as_str()) {
                // The tree has an entry of that very name, which goes away like any other.
                Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
                other => return other,
            }
        }
    }
}

/// Removes all in a folder, except what was moved up to the top.
fn empty(folder: BorrowedFd<'_>, depth: usize, moved: &mut Moved<'_>) -> Result<(), Errno> {
    let entries = match Dir::read_from(folder) {
        // One that may be read and not searched.
        Err(Errno::ACCESS) => {
            rustix::fs::fchmod(folder, Mode::RWXU)?;
            Dir::read_from(folder)?
        }
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        if entry.file_type() != FileType::Directory && unlink(folder, name, AtFlags::empty())? {
            continue;
        }
        if depth >= MAX_DEPTH {
            moved.take(folder, name)?;
            continue;
        }
        let inner = open_folder(folder, name)?;
        empty(inner.as_fd(), depth + 1, moved)?;
        drop(inner);
        unlink(folder, name, AtFlags::REMOVEDIR)?;
    }
    Ok(())
}

/// Removes one entry, in a folder that may be read-only; false when it is a folder after all.
fn unlink(folder: BorrowedFd<'_>, name: &std::ffi::CStr, flags: AtFlags) -> Result<bool, Errno> {
    let mut result = rustix::fs::unlinkat(folder, name, flags);
    if matches!(result, Err(Errno::ACCESS | Errno::PERM)) {
        rustix::fs::fchmod(folder, Mode::RWXU)?;
        result = rustix::fs::unlinkat(folder, name, flags);
    }
    match result {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::ISDIR | Errno::PERM) if flags.is_empty() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Opens a folder, never through a link, and makes it readable when it is not.
fn open_folder<P: rustix::path::Arg + Copy>(parent: impl AsFd, name: P) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(parent.as_fd(), name, flags, Mode::empty());
    match open() {
        Err(Errno::ACCESS) => {
            let stat = rustix::fs::statat(parent.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW)?;
            if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
                return Err(Errno::NOTDIR);
            }
            rustix::fs::chmodat(parent.as_fd(), name, Mode::RWXU, AtFlags::empty())?;
            open()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    #[test]
    fn links_are_removed_and_never_followed() {
        let outside = tempfile::tempdir().expect("a folder");
        fs::write(outside.path().join("kept"), "").expect("a file");
        let inside = tempfile::tempdir().expect("a folder");
        let tree = inside.path().join("tree");
        fs::create_dir(&tree).expect("a folder");
        symlink(outside.path(), tree.join("link")).expect("a link");
        remove_tree(&tree).expect("removes");
        assert!(!tree.exists());
        symlink(outside.path(), &tree).expect("a link");
        remove_tree(&tree).expect("removes a link");
        remove_tree(&tree).expect("nothing is no error");
        assert!(outside.path().join("kept").exists());
    }

    #[test]
    fn folders_deeper_than_any_path_go_too() {
        let inside = tempfile::tempdir().expect("a folder");
        let tree = inside.path().join("tree");
        fs::create_dir(&tree).expect("a folder");
        let mut at: OwnedFd = fs::File::open(&tree).expect("opens").into();
        for _ in 0..3000 {
            rustix::fs::mkdirat(&at, "nested", Mode::RWXU).expect("a folder");
            drop(rustix::fs::openat(&at, "file", OFlags::CREATE, Mode::empty()).expect("a file"));
            at = open_folder(&at, "nested").expect("opens");
        }
        drop(at);
        fs::create_dir_all(tree.join(".monkeyci-removed-0/x")).expect("a name of ours");
        remove_tree(&tree).expect("removes");
        assert!(!tree.exists());
    }

    /// Whether this is to be tested here: as an ordinary user, as whom root runs the test once more.
    fn is_ordinary(test: &str) -> bool {
        if !rustix::process::geteuid().is_root() {
            return true;
        }
        let program = std::env::current_exe().expect("a test program");
        let test = format!("workspace::remove::tests::{test}");
        let run = Command::new(program).args(["--exact", &test]).env_remove("TMPDIR").uid(65534).gid(65534).output();
        match run {
            Ok(run) => assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout)),
            Err(error) => {
                let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
                assert!(
                    !required.split(',').any(|name| ["ordinary-user", "all"].contains(&name)),
                    "cannot run as another user: {error}"
                );
                eprintln!("skipped: ordinary-user: another user cannot run this program: {error}");
            }
        }
        false
    }

    #[test]
    fn folders_without_permissions_go_too() {
        if !is_ordinary("folders_without_permissions_go_too") {
            return;
        }
        for mode in [0o0, 0o100, 0o200, 0o400, 0o500, 0o600] {
            let inside = tempfile::tempdir().expect("a folder");
            let tree = inside.path().join("tree");
            fs::create_dir_all(tree.join("a/b")).expect("folders");
            fs::write(tree.join("a/b/file"), "").expect("a file");
            for path in ["a/b", "a", ""] {
                fs::set_permissions(tree.join(path), Permissions::from_mode(mode)).expect("a mode");
            }
            remove_tree(&tree).unwrap_or_else(|error| panic!("{mode:o}: {error}"));
            assert!(!tree.exists());
        }
    }

    #[test]
    fn a_deep_tree_of_folders_that_cannot_be_written_goes_too() {
        if !is_ordinary("a_deep_tree_of_folders_that_cannot_be_written_goes_too") {
            return;
        }
        let inside = tempfile::tempdir().expect("a folder");
        let tree = inside.path().join("tree");
        let deep = tree.join("n/".repeat(3 * MAX_DEPTH));
        fs::create_dir_all(&deep).expect("folders");
        for folder in deep.ancestors().take_while(|folder| folder.starts_with(&tree)) {
            fs::set_permissions(folder, Permissions::from_mode(0o500)).expect("a mode");
        }
        remove_tree(&tree).expect("removes");
        assert!(!tree.exists());
    }
}
