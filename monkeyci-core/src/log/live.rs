//! A log that is being written, and those who wait for more of it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{Chunk, LogError, Mark, index};

/// How far a log is written, and whether more can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) end: u64,
    /// How many marks it has.
    pub(super) marks: u64,
    pub(super) closed: bool,
}

/// A log that is being written. It holds no bytes of it.
#[derive(Debug)]
pub(super) struct Live {
    progress: watch::Sender<Progress>,
    files: Mutex<Option<Files>>,
}

#[derive(Debug)]
struct Files {
    data: File,
    index: File,
    end: u64,
    records: u64,
    last: Option<Mark>,
}

impl Live {
    /// A log that nobody has written to yet.
    pub(super) fn new() -> Self {
        let (progress, _) = watch::channel(Progress { end: 0, marks: 0, closed: false });
        Self { progress, files: Mutex::new(None) }
    }

    /// Wakes whenever there is more.
    pub(super) fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Opens the files and takes up where they end; does nothing when that has been done.
    pub(super) fn open(&self, path: &Path) -> io::Result<()> {
        self.opened(path).map(drop)
    }

    /// Writes what of `chunk` is new; returns the log's end.
    ///
    /// Marks go first: should the machine stop in between, those beyond the end are dropped when the log is next
    /// opened, while bytes without their marks could not be told from bytes that need none.
    pub(super) fn append(&self, path: &Path, chunk: &Chunk) -> Result<u64, LogError> {
        let io = |source| LogError::Io { path: path.display().to_string(), source };
        let mut guard = self.opened(path).map_err(io)?;
        let files = guard.as_mut().expect("just opened");
        let Some(known) = files.end.checked_sub(chunk.offset) else {
            return Err(LogError::Gap { end: files.end, offset: chunk.offset });
        };
        let new = usize::try_from(known).ok().and_then(|known| chunk.bytes.get(known..)).unwrap_or_default();
        let before = files.progress();
        files.mark(&chunk.marks, chunk.offset + chunk.bytes.len() as u64).map_err(io)?;
        if !new.is_empty() {
            files.data.write_all_at(new, files.end).map_err(io)?;
            files.end += new.len() as u64;
        }
        if files.progress() != before {
            self.progress.send_replace(files.progress());
        }
        Ok(files.end)
    }

    /// Whether it has been written to, or is about to be.
    pub(super) fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    /// Says that nothing more comes; whoever follows comes to an end. Leaves the bytes to the kernel.
    pub(super) fn close(&self) {
        self.lock().take();
        self.progress.send_modify(|progress| progress.closed = true);
    }

    /// Returns once what is written so far survives a loss of power.
    pub(super) fn sync(&self) -> io::Result<()> {
        let files = match &*self.lock() {
            Some(files) => (files.data.try_clone()?, files.index.try_clone()?),
            None => return Ok(()),
        };
        files.0.sync_data()?;
        files.1.sync_data()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Files>> {
        // Whoever panicked left the files as a torn write would, and those are mended by offset.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self, path: &Path) -> io::Result<MutexGuard<'_, Option<Files>>> {
        let mut guard = self.lock();
        if guard.is_none() {
            let files = Files::open(path)?;
            self.progress.send_replace(files.progress());
            *guard = Some(files);
        }
        Ok(guard)
    }
}

impl Files {
    fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let data = match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
                options.open(path)?
            }
            opened => opened?,
        };
        let index = options.open(path.with_extension("index"))?;
        let end = data.metadata()?.len();
        let (records, last) = index::recover(&index, end)?;
        // What is torn or beyond the log's end must not be read by anybody until it is written anew, or for ever.
        let whole = records * index::RECORD as u64;
        if index.metadata()?.len() != whole {
            index.set_len(whole)?;
        }
        Ok(Self { data, index, end, records, last })
    }

    fn progress(&self) -> Progress {
        Progress { end: self.end, marks: self.records, closed: false }
    }

    /// Writes the marks that are new and lie within the log's bytes, up to `end`.
    fn mark(&mut self, marks: &[Mark], end: u64) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut last = self.last;
        for mark in marks {
            if mark.offset <= end && last.is_none_or(|last| index::rank(mark) > index::rank(&last)) {
                index::encode(mark, &mut bytes);
                last = Some(*mark);
            }
        }
        self.index.write_all_at(&bytes, self.records * index::RECORD as u64)?;
        self.records += (bytes.len() / index::RECORD) as u64;
        self.last = last;
        Ok(())
    }
}
