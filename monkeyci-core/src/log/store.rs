//! Where logs are kept: a folder.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use monkeyci_model::{BuildId, JobId};

use super::follow::Follow;
use super::follow_marks::FollowMarks;
use super::last_line::{last_line, last_lines};
use super::live::Live;
use super::wait::Wait;
use super::{CHUNK_BYTES, Chunk, LogError, Mark, index};
use crate::attempt::Attempt;
use crate::blob::store::fit;

/// Bytes at the end of a log in which its last line is looked for.
const LAST_LINE_BYTES: u64 = 4096;

/// Names a log: one for each attempt of each job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogId {
    /// The build.
    pub build: BuildId,
    /// The job.
    pub job: JobId,
    /// The attempt's number, from 1; [`SCRIPT`](Self::SCRIPT) for the script itself.
    pub attempt: u32,
}

impl LogId {
    /// The attempt of the log of a build's script. Attempts of jobs are counted from 1.
    pub const SCRIPT: u32 = 0;

    /// The log of what a build's script did and printed while it was loaded, when it is a program: under the name
    /// `script`, as the attempt [`SCRIPT`](Self::SCRIPT) that no job of that name has.
    #[must_use]
    pub fn script(build: &BuildId) -> Self {
        let job = JobId::new("script").expect("a valid id");
        Self { build: build.clone(), job, attempt: Self::SCRIPT }
    }
}

impl From<&Attempt> for LogId {
    fn from(attempt: &Attempt) -> Self {
        Self { build: attempt.build.clone(), job: attempt.job.clone(), attempt: attempt.number }
    }
}

/// Keeps logs in a folder: `ORG/REPO/BUILD/JOB.ATTEMPT.log`, and their marks beside them in `JOB.ATTEMPT.index`. Ids are
/// written as in [keys of blobs](crate::blob::store::Key), so that `Test` and `test` differ on every file system.
///
/// What [`append`](Self::append) returned from survives the death of every process. A loss of power may cost what the
/// kernel has not written back (some 30 s); [`sync`](Self::sync) ends that doubt, for all logs at once, as often as
/// the owner likes. No more is needed: where power is lost the job is lost too, and runs again with a new log.
#[derive(Debug, Clone)]
pub struct LogStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    live: Mutex<HashMap<LogId, Arc<Live>>>,
}

impl LogStore {
    /// Keeps logs in `root`, which is made when the first log is.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { shared: Arc::new(Shared { root: root.into(), live: Mutex::default() }) }
    }

    /// The file that holds a log's bytes.
    #[must_use]
    pub fn path(&self, id: &LogId) -> PathBuf {
        let LogId { build, job, attempt } = id;
        self.folder(build).join(format!("{}.{attempt}.log", fit(job.as_str())))
    }

    /// The folder of a build's logs.
    fn folder(&self, build: &BuildId) -> PathBuf {
        let mut path = self.shared.root.join(fit(build.org.as_str()));
        path.push(fit(build.repo.as_str()));
        path.push(build.number.to_string());
        path
    }

    /// Removes the logs of a build that has ended; tells whether there were any.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn remove(&self, build: &BuildId) -> Result<bool, LogError> {
        self.close_all(|log| log.build == *build);
        let folder = self.folder(build);
        match std::fs::remove_dir_all(&folder) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed(&folder, error)),
        }
    }

    /// Says that a log is about to be written, by this process: those who follow it wait for it.
    ///
    /// [`append`](Self::append) does the same. After a restart, what an earlier process wrote is taken up.
    ///
    /// # Errors
    /// When its files cannot be made.
    pub fn open(&self, id: &LogId) -> Result<(), LogError> {
        let path = self.path(id);
        self.live_or_new(id).open(&path).map_err(|source| failed(&path, source))
    }

    /// Appends to a log; returns where it ends now.
    ///
    /// Bytes and marks that the log has already are left out, so that a chunk may be sent again.
    ///
    /// # Errors
    /// [`LogError::Gap`] when bytes before the chunk are missing; [`LogError::Io`] when the disk is full or broken.
    pub fn append(&self, id: &LogId, chunk: &Chunk) -> Result<u64, LogError> {
        self.live_or_new(id).append(&self.path(id), chunk)
    }

    /// Says that nothing more will be written: whoever follows the log comes to its end. May be said of any log; one
    /// that was never begun stays without a file.
    pub fn close(&self, id: &LogId) {
        let live = self.lock().remove(id);
        if let Some(live) = live {
            live.close();
        }
    }

    /// The same of every open log of which `is_over` holds.
    pub fn close_all(&self, is_over: impl Fn(&LogId) -> bool) {
        let over: Vec<_> = self.lock().extract_if(|id, _| is_over(id)).collect();
        over.iter().for_each(|(_, live)| live.close());
    }

    /// Returns once all that was appended to open logs survives a loss of power.
    ///
    /// # Errors
    /// When a disk breaks.
    pub fn sync(&self) -> Result<(), LogError> {
        let open: Vec<_> = self.lock().iter().map(|(id, live)| (id.clone(), live.clone())).collect();
        open.iter().try_for_each(|(id, live)| live.sync().map_err(|source| failed(&self.path(id), source)))
    }

    /// Bytes in a log; 0 when there is none.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn len(&self, id: &LogId) -> Result<u64, LogError> {
        let path = self.path(id);
        match std::fs::metadata(&path) {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(failed(&path, error)),
        }
    }

    /// Up to `max` bytes (and never more than [`CHUNK_BYTES`]) from `offset`; none at the end, or without a log.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn read(&self, id: &LogId, offset: u64, max: usize) -> Result<Bytes, LogError> {
        read(&self.path(id), offset, max.min(CHUNK_BYTES))
    }

    /// Up to `max` marks of a log, from its `first`th on, counted from 0.
    ///
    /// # Errors
    /// When its index cannot be read.
    pub fn marks(&self, id: &LogId, first: u64, max: usize) -> Result<Vec<Mark>, LogError> {
        let path = self.path(id).with_extension("index");
        let bytes = read(&path, first.saturating_mul(index::RECORD as u64), max.saturating_mul(index::RECORD))?;
        let (records, _torn) = bytes.as_chunks::<{ index::RECORD }>();
        Ok(records.iter().map_while(index::decode).collect())
    }

    /// The last line that shows anything, without escape sequences; empty when there is none. Costs one small read.
    #[must_use]
    pub fn last_line(&self, id: &LogId) -> String {
        let end = self.len(id).unwrap_or(0);
        let tail = self.read(id, end.saturating_sub(LAST_LINE_BYTES), CHUNK_BYTES);
        tail.map(|tail| last_line(&tail)).unwrap_or_default()
    }

    /// The last `count` lines that show anything, without escape sequences, of the last [`CHUNK_BYTES`] of a log.
    #[must_use]
    pub fn last_lines(&self, id: &LogId, count: usize) -> Vec<String> {
        let end = self.len(id).unwrap_or(0);
        let tail = self.read(id, end.saturating_sub(CHUNK_BYTES as u64), CHUNK_BYTES);
        tail.map(|tail| last_lines(&tail, count)).unwrap_or_default()
    }

    /// Reads a log from `offset` to its end, waiting for more while it is being written.
    ///
    /// A log that has not begun is waited for, until it is [closed](Self::close); so ask for one of an attempt that has
    /// ended with [`Follow::to_end`].
    #[must_use]
    pub fn follow(&self, id: &LogId, offset: u64) -> Follow {
        Follow::new(self.wait(id), offset)
    }

    /// Reads the marks of a log from the first on, waiting for more as [`follow`](Self::follow) does.
    #[must_use]
    pub fn follow_marks(&self, id: &LogId) -> FollowMarks {
        FollowMarks::new(self.wait(id))
    }

    fn wait(&self, id: &LogId) -> Wait {
        let mut all = self.lock();
        let live = match all.get(id) {
            Some(live) => Some(live.clone()),
            None if self.path(id).exists() => None,
            None => Some(all.entry(id.clone()).or_insert_with(|| Arc::new(Live::new())).clone()),
        };
        drop(all);
        Wait::new(self.clone(), id.clone(), live)
    }

    /// Takes a log off the list that nobody writes or waits for.
    pub(super) fn forget_if_unused(&self, id: &LogId) {
        let mut all = self.lock();
        if all.get(id).is_some_and(|live| Arc::strong_count(live) == 1 && !live.is_open()) {
            all.remove(id);
        }
    }

    fn live_or_new(&self, id: &LogId) -> Arc<Live> {
        let mut all = self.lock();
        if let Some(live) = all.get(id) {
            return live.clone();
        }
        all.entry(id.clone()).or_insert_with(|| Arc::new(Live::new())).clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LogId, Arc<Live>>> {
        // The map is changed by single calls, which leave it whole.
        self.shared.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path, offset: u64, max: usize) -> Result<Bytes, LogError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Bytes::new()),
        Err(error) => return Err(failed(path, error)),
    };
    let rest = file.metadata().map_err(|error| failed(path, error))?.len().saturating_sub(offset);
    let mut bytes = vec![0; usize::try_from(rest).unwrap_or(max).min(max)];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(path, error)),
        }
    }
    bytes.truncate(filled);
    Ok(bytes.into())
}

fn failed(path: &Path, source: io::Error) -> LogError {
    LogError::Io { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::MarkKind;

    fn id() -> LogId {
        LogId {
            build: "acme/web/build-12".parse().expect("a build"),
            job: "unit.1".parse().expect("a job"),
            attempt: 2,
        }
    }

    fn chunk(offset: u64, bytes: &'static [u8], marks: &[(u64, MarkKind)]) -> Chunk {
        let marks = marks.iter().map(|(offset, kind)| Mark { offset: *offset, millis: 5, kind: *kind }).collect();
        Chunk { offset, bytes: bytes.into(), marks }
    }

    #[test]
    fn a_chunk_sent_twice_changes_nothing_and_a_gap_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = LogStore::at(folder.path());
        let first = chunk(0, b"hello ", &[(0, MarkKind::LineStart(0)), (0, MarkKind::Stdout)]);
        let second = chunk(6, b"world\n", &[(6, MarkKind::Stderr), (12, MarkKind::LineEnd(0, 3))]);
        assert_eq!(logs.append(&id(), &first).expect("taken"), 6);
        assert_eq!(logs.append(&id(), &second).expect("taken"), 12);
        assert_eq!(logs.append(&id(), &first).expect("known"), 12);
        assert_eq!(logs.append(&id(), &chunk(4, b"o world\nmore", &[])).expect("overlaps"), 16);
        assert!(matches!(logs.append(&id(), &chunk(17, b"x", &[])), Err(LogError::Gap { end: 16, offset: 17 })));

        assert!(logs.path(&id()).ends_with("acme/web/12/unit.1.2.log"));
        let capital = LogId { job: "UNIT.1".parse().expect("a job"), ..id() };
        assert!(logs.path(&capital).ends_with("acme/web/12/=55=4e=49=54.1.2.log"));
        assert_eq!(&logs.read(&id(), 4, 100).expect("reads")[..], b"o world\nmore");
        assert_eq!(&logs.read(&id(), 99, 100).expect("reads")[..], b"");
        let marks: Vec<_> = logs.marks(&id(), 1, 100).expect("reads").into_iter().map(|m| (m.offset, m.kind)).collect();
        assert_eq!(marks, [(0, MarkKind::Stdout), (6, MarkKind::Stderr), (12, MarkKind::LineEnd(0, 3))]);
        assert_eq!(logs.marks(&id(), 1, 1).expect("reads").len(), 1);
    }

    #[test]
    fn after_a_crash_a_torn_index_is_mended_by_what_is_sent_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let whole =
            chunk(0, b"one\ntwo\n", &[(0, MarkKind::LineStart(0)), (4, MarkKind::Stderr), (8, MarkKind::Stdout)]);
        LogStore::at(folder.path()).append(&id(), &whole).expect("taken");
        let path = LogStore::at(folder.path()).path(&id());
        let index = std::fs::read(path.with_extension("index")).expect("an index");
        for kept in 0..index.len() {
            for junk in [&b""[..], &[0; 50], &[7; 50]] {
                let torn = [&index[..kept], junk].concat();
                std::fs::write(path.with_extension("index"), torn).expect("written");
                let logs = LogStore::at(folder.path());
                assert_eq!(logs.append(&id(), &whole).expect("known"), 8);
                assert_eq!(logs.marks(&id(), 0, 100).expect("reads"), whole.marks, "{kept} bytes and {junk:?}");
            }
        }
        // Bytes that were lost while their marks were not.
        File::options().write(true).open(&path).and_then(|file| file.set_len(5)).expect("cut");
        let logs = LogStore::at(folder.path());
        logs.open(&id()).expect("opened");
        assert_eq!(logs.append(&id(), &whole).expect("known"), 8);
        assert_eq!(logs.marks(&id(), 0, 100).expect("reads"), whole.marks);
        assert_eq!(&logs.read(&id(), 0, 100).expect("reads")[..], b"one\ntwo\n");
    }

    #[test]
    fn a_disk_that_refuses_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = LogStore::at(folder.path().join("file"));
        std::fs::write(folder.path().join("file"), "no folder").expect("written");
        let error = logs.append(&id(), &chunk(0, b"x", &[])).expect_err("no folder");
        assert!(error.to_string().contains("unit.1.2.log"), "{error}");
    }

    #[test]
    fn the_last_line_is_had_without_reading_the_rest() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = LogStore::at(folder.path());
        assert_eq!(logs.last_line(&id()), "");
        logs.append(&id(), &chunk(0, b"Compiling a\nCompiling b\n", &[])).expect("taken");
        assert_eq!(logs.last_line(&id()), "Compiling b");
    }
}
