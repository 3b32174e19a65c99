//! Reads the report half of a job directory, of which nothing is believed.
//!
//! The job can write to the same folder. Whatever it puts there, a reader neither hangs nor follows a link nor holds
//! more than a few hundred kilobytes: it sees the facts that the job claims about itself, or a [`ReportError`].

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use monkeyci_supervisor::frame::{Decoder, Frame, Garbage};
use monkeyci_supervisor::outcome::{MAX_BYTES, Outcome};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::JobDir;

/// Bytes that one [`Reader::read`] takes in at most.
const STEP: usize = 256 * 1024;

/// Why a report cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The job put something else in the place of a file.
    #[error("`{path}` is {found} and no file of its own: the job replaced its report")]
    Replaced {
        /// The file.
        path: PathBuf,
        /// What is there instead.
        found: &'static str,
    },
    /// The file is shorter than it was.
    #[error("`{path}` was cut to {length} bytes after {read} were read: the job changed its report")]
    Cut {
        /// The file.
        path: PathBuf,
        /// Its length now.
        length: u64,
        /// How far it had been read.
        read: u64,
    },
    /// Its bytes are no frames.
    #[error("`{path}`, before byte {offset}: {garbage}: the job forged its report")]
    Forged {
        /// The file.
        path: PathBuf,
        /// How far it had been read.
        offset: u64,
        /// What is wrong with the bytes.
        garbage: Garbage,
    },
    /// The result is not one.
    #[error("`{path}` holds no result: the job forged its report")]
    ForgedResult {
        /// The file.
        path: PathBuf,
    },
    /// The file is longer than it may be.
    #[error("`{path}` has more than {limit} bytes")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Bytes that it may have.
        limit: u64,
    },
    /// The file could not be read.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
}

/// Reads one job's report while it grows.
#[derive(Debug)]
pub struct Reader {
    folder: OwnedFd,
    path: PathBuf,
    frames: Option<File>,
    offset: u64,
    decoder: Decoder,
}

impl Reader {
    /// Opens the report of `dir`. Best before the job starts: from then on the folder's name may mean another one.
    ///
    /// # Errors
    /// When the folder is not there, or is no folder.
    pub fn open(dir: &JobDir) -> Result<Self, ReportError> {
        let path = dir.report();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(folder) => Ok(Self { folder, path, frames: None, offset: 0, decoder: Decoder::default() }),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(ReportError::Replaced { path, found: "no folder" }),
            Err(error) => Err(ReportError::Io { path, source: error.into() }),
        }
    }

    /// Goes on at this byte, which must be the first of a frame.
    pub fn seek(&mut self, offset: u64) {
        (self.offset, self.decoder) = (offset, Decoder::default());
    }

    /// Whether a supervisor has begun the report, as far as was looked.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.frames.is_some()
    }

    /// Bytes that [`read`](Self::read) has not taken in yet.
    ///
    /// # Errors
    /// When the report is not what a supervisor writes.
    pub fn unread(&mut self) -> Result<u64, ReportError> {
        if self.frames.is_none() {
            self.frames = self.file("frames")?;
        }
        let Some(file) = &self.frames else { return Ok(0) };
        let path = self.path.join("frames");
        match file.metadata() {
            Ok(metadata) => metadata.len().checked_sub(self.offset).ok_or(ReportError::Cut {
                path,
                length: metadata.len(),
                read: self.offset,
            }),
            Err(source) => Err(ReportError::Io { path, source }),
        }
    }

    /// The frames that came since the last call. None of them: nothing new yet.
    ///
    /// Reads a bounded step; call it again until it is empty before the job counts as wholly read.
    ///
    /// # Errors
    /// When the report is not what a supervisor writes. Every further call may fail alike.
    pub fn read(&mut self) -> Result<Vec<Frame>, ReportError> {
        let new = self.unread()?;
        let Some(file) = &self.frames else { return Ok(Vec::new()) };
        let path = || self.path.join("frames");
        let broken = |source| ReportError::Io { path: path(), source };
        let mut bytes = vec![0; STEP.min(usize::try_from(new).unwrap_or(STEP))];
        let count = file.read_at(&mut bytes, self.offset).map_err(broken)?;
        self.offset += count as u64;
        self.decoder.push(&bytes[..count]);
        let mut frames = Vec::new();
        loop {
            match self.decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return Ok(frames),
                // What came before the garbage is kept; the next call meets the garbage first.
                Err(_) if !frames.is_empty() => return Ok(frames),
                Err(garbage) => return Err(ReportError::Forged { path: path(), offset: self.offset, garbage }),
            }
        }
    }

    /// How the job ended, once it did. Frames written before are all there when this says so.
    ///
    /// # Errors
    /// When the result is not what a supervisor writes.
    pub fn outcome(&self) -> Result<Option<Outcome>, ReportError> {
        let Some(file) = self.file("result")? else { return Ok(None) };
        let path = self.path.join("result");
        let mut bytes = Vec::new();
        match file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes) {
            Ok(_) => Outcome::decode(&bytes).map(Some).ok_or(ReportError::ForgedResult { path }),
            Err(source) => Err(ReportError::Io { path, source }),
        }
    }

    /// The bytes of a file that the job itself left under this name, at most `limit` of them, when it left one.
    ///
    /// # Errors
    /// When it is longer, or no regular file.
    pub fn left(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, ReportError> {
        let Some(file) = self.file(name)? else { return Ok(None) };
        let path = self.path.join(name);
        let mut bytes = Vec::new();
        match file.take(limit.saturating_add(1)).read_to_end(&mut bytes) {
            Ok(_) if bytes.len() as u64 > limit => Err(ReportError::TooLong { path, limit }),
            Ok(_) => Ok(Some(bytes)),
            Err(source) => Err(ReportError::Io { path, source }),
        }
    }

    /// A file that the job itself left under this name, of any length, when it left one.
    ///
    /// # Errors
    /// When it is no regular file.
    pub fn open_left(&self, name: &str) -> Result<Option<File>, ReportError> {
        self.file(name)
    }

    /// A file of the folder, when it is there: a regular one that has no other name.
    fn file(&self, name: &str) -> Result<Option<File>, ReportError> {
        let replaced = |found| Err(ReportError::Replaced { path: self.path.join(name), found });
        let broken = |error: Errno| Err(ReportError::Io { path: self.path.join(name), source: error.into() });
        // Looked at before it is opened, because opening a device may already do something.
        match rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => match FileType::from_raw_mode(stat.st_mode) {
                // A second name may be the way to a file that the job could not read itself.
                FileType::RegularFile if stat.st_nlink > 1 => return replaced("a file under a second name"),
                FileType::RegularFile => {}
                FileType::Symlink => return replaced("a link"),
                FileType::Directory => return replaced("a folder"),
                FileType::Fifo => return replaced("a fifo"),
                _ => return replaced("a device or socket"),
            },
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return broken(error),
        }
        // And after: in between, the job may have put a fifo there, which NONBLOCK keeps from holding us.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.folder, name, flags, Mode::empty()) {
            Ok(file) => {
                let file = File::from(file);
                match file.metadata() {
                    Ok(metadata) if metadata.is_file() => Ok(Some(file)),
                    Ok(_) => replaced("no file"),
                    Err(source) => Err(ReportError::Io { path: self.path.join(name), source }),
                }
            }
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::LOOP) => replaced("a link"),
            Err(error) => broken(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use monkeyci_supervisor::frame::{Kind, Stream};

    use super::*;

    fn job() -> (tempfile::TempDir, JobDir, Reader) {
        let home = tempfile::tempdir().expect("a folder");
        let dir = JobDir::create(home.path().join("job")).expect("a job directory");
        let reader = Reader::open(&dir).expect("a report");
        (home, dir, reader)
    }

    fn output(bytes: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        Frame { millis: 0, kind: Kind::Output(Stream::Stdout, bytes.to_vec()) }.encode(&mut frame);
        frame
    }

    #[test]
    fn frames_are_read_as_they_come_and_a_torn_tail_waits() {
        let (_home, dir, mut reader) = job();
        assert!(reader.read().expect("nothing yet").is_empty());
        let mut file = File::create(dir.report().join("frames")).expect("a file");
        let frame = output(b"hello");
        file.write_all(&[&frame[..], &frame[..9]].concat()).expect("written");
        assert_eq!(reader.read().expect("frames").len(), 1);
        assert!(reader.read().expect("half a frame").is_empty());
        file.write_all(&frame[9..]).expect("written");
        assert_eq!(reader.read().expect("frames").len(), 1);
        assert_eq!(reader.outcome().expect("none yet"), None);
    }

    #[test]
    fn what_came_before_garbage_is_kept() {
        let (_home, dir, mut reader) = job();
        fs::write(dir.report().join("frames"), [output(b"kept"), b"garbage".to_vec()].concat()).expect("a file");
        assert_eq!(reader.read().expect("frames").len(), 1);
        assert!(matches!(reader.read(), Err(ReportError::Forged { .. })));
    }

    #[test]
    fn a_cut_file_is_noticed() {
        let (_home, dir, mut reader) = job();
        let path = dir.report().join("frames");
        fs::write(&path, output(b"hello")).expect("a file");
        assert_eq!(reader.read().expect("frames").len(), 1);
        File::options().write(true).open(&path).expect("a file").set_len(3).expect("cut");
        assert!(matches!(reader.read(), Err(ReportError::Cut { length: 3, .. })));
    }

    #[test]
    fn nothing_else_in_the_place_of_a_file_is_opened() {
        for name in ["frames", "result"] {
            let (home, dir, mut reader) = job();
            let path = dir.report().join(name);
            let mut refused = |found: &str| {
                let error = match name {
                    "frames" => reader.read().expect_err("refused"),
                    _ => reader.outcome().expect_err("refused"),
                };
                assert!(error.to_string().contains(found), "{error}");
            };
            std::os::unix::fs::symlink("/etc/passwd", &path).expect("a link");
            refused("a link");
            fs::remove_file(&path).expect("removed");
            fs::create_dir(&path).expect("a folder");
            refused("a folder");
            fs::remove_dir(&path).expect("removed");
            let secret = home.path().join("secret");
            fs::write(&secret, "s3cr3t").expect("a file");
            fs::hard_link(&secret, &path).expect("a second name");
            refused("second name");
            fs::remove_file(&path).expect("removed");
            let fifo = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo");
            assert!(fifo.success());
            refused("a fifo");
        }
    }

    #[test]
    fn a_report_folder_that_became_a_link_is_refused_and_an_open_one_stays() {
        let (home, dir, mut reader) = job();
        fs::rename(dir.report(), home.path().join("moved")).expect("moved");
        std::os::unix::fs::symlink("/etc", dir.report()).expect("a link");
        assert!(matches!(Reader::open(&dir), Err(ReportError::Replaced { .. })));
        fs::write(home.path().join("moved/frames"), output(b"hello")).expect("a file");
        assert_eq!(reader.read().expect("frames of the first folder").len(), 1);
    }

    #[test]
    fn what_a_job_leaves_is_read_up_to_its_limit() {
        let (_home, dir, reader) = job();
        assert_eq!(reader.left("answer", 4).expect("none"), None);
        let file = File::create(dir.report().join("answer")).expect("a file");
        file.set_len(4).expect("four bytes");
        assert_eq!(reader.left("answer", 4).expect("read").expect("there"), [0; 4]);
        file.set_len(1 << 40).expect("a sparse file");
        assert!(matches!(reader.left("answer", 4), Err(ReportError::TooLong { limit: 4, .. })));
    }

    #[test]
    fn a_result_that_is_none_or_endless_is_refused() {
        let (_home, dir, reader) = job();
        let file = File::create(dir.report().join("result")).expect("a file");
        assert!(matches!(reader.outcome(), Err(ReportError::ForgedResult { .. })));
        file.set_len(1 << 40).expect("a sparse file");
        assert!(matches!(reader.outcome(), Err(ReportError::ForgedResult { .. })));
    }
}
