//! Files beneath a folder, opened one name at a time without ever following a link.
//!
//! A path is walked by the folder handles themselves, so that nothing that a job leaves in its workspace, and nothing
//! that an archive holds, can lead a reader or writer of ours to another place. Only calls that Linux and macOS share
//! are used.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::workspace::remove_beneath;

/// Names in one folder that are read, so that a job cannot fill our memory with them.
const NAMES: usize = 1_000_000;

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder(OwnedFd);

impl Folder {
    /// Opens the folder that everything else is beneath; links in this path are ours and are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::openat(CWD, path, flags, Mode::empty())?))
    }

    /// The same for a path whose last name may have become a link: that is refused.
    #[cfg(feature = "sidecar")]
    pub(crate) fn open_real(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::openat(CWD, path, flags, Mode::empty())?))
    }

    /// Opens a folder in this one.
    pub(crate) fn enter(&self, name: &OsStr) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::openat(&self.0, name, flags, Mode::empty())?))
    }

    /// Opens a folder in this one, and makes it first where it is not there.
    pub(crate) fn make(&self, name: &OsStr) -> io::Result<Self> {
        match rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => self.enter(name),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Opens the folder at the end of `names`, each in the one before.
    pub(crate) fn descend<'a>(&self, names: impl IntoIterator<Item = &'a OsStr>) -> io::Result<Self> {
        let mut folder = Self(self.0.try_clone()?);
        for name in names {
            folder = folder.enter(name)?;
        }
        Ok(folder)
    }

    /// What is known of a name in this folder; `None` when it is not there.
    pub(crate) fn stat(&self, name: &OsStr) -> io::Result<Option<Stat>> {
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// What is known of the folder itself.
    pub(crate) fn own_stat(&self) -> io::Result<Stat> {
        Ok(rustix::fs::fstat(&self.0)?)
    }

    /// Opens a regular file for reading. A fifo does not make it wait: anything but a regular file is an error.
    pub(crate) fn read(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.0, name, flags, Mode::empty())?;
        match kind(&rustix::fs::fstat(&file)?) {
            FileType::RegularFile => Ok(File::from(file)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "is no regular file")),
        }
    }

    /// Makes a new file in place of whatever had its name, unless that was a folder.
    pub(crate) fn create(&self, name: &OsStr) -> io::Result<File> {
        self.unlink(name)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::openat(&self.0, name, flags, Mode::from_raw_mode(0o600))?))
    }

    /// Puts a file that everybody may read in place of whatever had its name, unless that was a folder. Nobody sees half of it.
    #[cfg(feature = "sidecar")]
    pub(crate) fn write_whole(&self, name: &OsStr, bytes: &[u8]) -> io::Result<()> {
        use std::io::Write;

        let mut new = name.to_owned();
        new.push(".new");
        let mut file = self.create(&new)?;
        file.write_all(bytes)?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(0o644))?;
        self.rename(&new, name)
    }

    /// Gives a name of this folder another one, in the place of what has that.
    #[cfg(feature = "sidecar")]
    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, from, &self.0, to)?)
    }

    /// Makes a symbolic link in place of whatever had its name, unless that was a folder.
    pub(crate) fn link(&self, name: &OsStr, target: &[u8]) -> io::Result<()> {
        self.unlink(name)?;
        Ok(rustix::fs::symlinkat(OsStr::from_bytes(target), &self.0, name)?)
    }

    /// Where a symbolic link leads.
    pub(crate) fn read_link(&self, name: &OsStr) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.0, name, Vec::new())?.into_bytes())
    }

    /// Sets the folder's own permissions and time of change.
    pub(crate) fn finish(&self, mode: u32, mtime: i64) -> io::Result<()> {
        finish(&self.0, mode, mtime)
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
            if names.len() > NAMES {
                return Err(io::Error::other(format!("holds more than {NAMES} files")));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Removes what has this name, with all that is in it; links are not followed.
    pub(crate) fn remove(&self, name: &OsStr) -> io::Result<()> {
        remove_beneath(&self.0, Path::new(name))
    }

    /// Removes what has this name, unless that is a folder.
    pub(crate) fn unlink(&self, name: &OsStr) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// Sets the permissions of an open file, without the bits that give its owner's rights away, and its time of change.
pub(crate) fn finish(file: impl std::os::fd::AsFd, mode: u32, mtime: i64) -> io::Result<()> {
    // Only what everybody may have: setuid, setgid and sticky never come out of an archive.
    let mode = Mode::from_bits_truncate((mode & 0o777) as rustix::fs::RawMode);
    rustix::fs::fchmod(&file, mode)?;
    let time = rustix::fs::Timespec { tv_sec: mtime, tv_nsec: 0 };
    Ok(rustix::fs::futimens(&file, &rustix::fs::Timestamps { last_access: time, last_modification: time })?)
}

/// The kind of file that `stat` is about.
pub(crate) fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// The beginning of a name, escaped: a hostile one may be thousands of control characters.
pub(crate) fn shown(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let mut shown: String = text.chars().take(120).flat_map(char::escape_debug).collect();
    if text.chars().nth(120).is_some() {
        shown.push('…');
    }
    shown
}

/// Why a path cannot be beneath a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It begins with `/`.
    #[error("is absolute; it must be relative to the job's work dir")]
    Absolute,
    /// It has a `..`.
    #[error("holds `..`, which could leave the job's work dir")]
    Parent,
    /// It has a byte that no path can have.
    #[error("holds a NUL byte")]
    Nul,
}

/// The names of a path as a script writes it; `.` and empty names are left out.
pub(crate) fn names(path: &str) -> Result<Vec<&OsStr>, PathError> {
    if path.starts_with('/') {
        return Err(PathError::Absolute);
    }
    if path.contains('\0') {
        return Err(PathError::Nul);
    }
    let names: Vec<_> = path.split('/').filter(|name| !name.is_empty() && *name != ".").collect();
    if names.contains(&"..") {
        return Err(PathError::Parent);
    }
    Ok(names.into_iter().map(OsStr::new).collect())
}

/// Whether a name is a pattern.
pub(crate) fn is_glob(name: &OsStr) -> bool {
    name.as_bytes().iter().any(|byte| b"*?[{".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_its_folder() {
        assert_eq!(names("/etc"), Err(PathError::Absolute));
        assert_eq!(names("a/../../b"), Err(PathError::Parent));
        assert_eq!(names("a\0b"), Err(PathError::Nul));
        assert_eq!(names("./a//b/."), Ok(vec![OsStr::new("a"), OsStr::new("b")]));
        assert_eq!(names("."), Ok(vec![]));
    }

    #[test]
    fn neither_a_link_nor_a_fifo_is_opened() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(dir.path()).expect("opens");
        folder.link(OsStr::new("out"), b"/").expect("links");
        assert!(folder.enter(OsStr::new("out")).is_err());
        assert!(folder.make(OsStr::new("out")).is_err());
        assert!(folder.read(OsStr::new("out")).is_err());
        #[cfg(target_os = "linux")]
        {
            let mode = Mode::from_raw_mode(0o600);
            rustix::fs::mknodat(&folder.0, "pipe", FileType::Fifo, mode, 0).expect("a fifo");
            assert!(folder.read(OsStr::new("pipe")).is_err());
        }
    }
}
