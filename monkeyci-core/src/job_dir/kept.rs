//! Files that are kept of an attempt, beside the halves of its job directory.
//!
//! No container sees them. A process that runs as our own user does, and may put anything in their place: a link is not
//! followed then, and a fifo is not waited for.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use super::JobDir;

/// Bytes of such a file, at most.
const MOST: u64 = 64 * 1024 * 1024;

impl JobDir {
    /// Keeps something under this name, whole or not at all, and in the place of whatever is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(self.root())?;
        file.write_all(bytes)?;
        file.persist(self.root().join(name)).map(drop).map_err(|error| error.error)
    }

    /// What was kept under this name, if anything.
    ///
    /// # Errors
    /// When it cannot be read, or something else is in its place.
    pub fn kept(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let file = match open(OpenOptions::new().read(true), &self.root().join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(MOST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MOST {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {MOST} bytes")));
        }
        Ok(Some(bytes))
    }
}

/// Opens a regular file, and nothing else: no link is followed, and no fifo waited for.
pub(super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = options.custom_flags(flags.bits().cast_signed()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file: the job may have put something else in its place"));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn fifo(path: &Path) {
        mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).expect("a fifo");
    }

    #[test]
    fn what_was_kept_is_read_and_what_a_job_put_there_is_not() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = JobDir::create(home.path().join("job")).expect("created");
        assert_eq!(dir.kept("told").expect("nothing"), None);
        fifo(&dir.root().join("told"));
        dir.kept("told").expect_err("a fifo");
        dir.keep("told", b"all").expect("kept in its place");
        assert_eq!(dir.kept("told").expect("kept").as_deref(), Some(&b"all"[..]));
        fs::remove_file(dir.root().join("told")).expect("removed");
        fs::write(home.path().join("mine"), "mine").expect("a file");
        std::os::unix::fs::symlink(home.path().join("mine"), dir.root().join("told")).expect("a link");
        dir.kept("told").expect_err("a link");
        dir.keep("told", b"all").expect("kept in its place");
        assert_eq!(fs::read_to_string(home.path().join("mine")).expect("there"), "mine");
        File::create(dir.root().join("told")).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
        dir.kept("told").expect_err("too much");
    }

    #[test]
    fn a_fifo_in_the_place_of_an_order_holds_nobody_up() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = JobDir::create(home.path().join("job")).expect("created");
        for name in ["lease.new", "cancel"] {
            fifo(&dir.control().join(name));
        }
        dir.grant(Duration::from_secs(3)).expect_err("nobody reads it");
        dir.cancel().expect_err("nobody reads it");
        // Also not when the job reads it.
        let flags = OFlags::RDWR | OFlags::NONBLOCK;
        let _reader = rustix::fs::open(dir.control().join("lease.new"), flags, Mode::empty()).expect("opens");
        dir.grant(Duration::from_secs(3)).expect_err("no file");
    }
}
