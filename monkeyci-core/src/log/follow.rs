//! Reading a log while it is written.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::live::{Live, Progress};
use super::{CHUNK_BYTES, LogError, LogId, LogStore};

/// Reads a log from an offset to its end, and waits for more while it is being written.
///
/// It holds a place in a file, so any number of them cost the writer nothing.
#[derive(Debug)]
pub struct Follow {
    store: LogStore,
    id: LogId,
    offset: u64,
    // Keeps the log in the store's list while somebody waits for its first byte.
    live: Option<(Arc<Live>, watch::Receiver<Progress>)>,
}

impl Follow {
    pub(super) fn new(store: LogStore, id: LogId, offset: u64, live: Option<Arc<Live>>) -> Self {
        let live = live.map(|live| {
            let progress = live.watch();
            (live, progress)
        });
        Self { store, id, offset, live }
    }

    /// Waits for nothing more than is there: right for an attempt that has ended.
    #[must_use]
    pub fn to_end(mut self) -> Self {
        self.let_go();
        self
    }

    fn let_go(&mut self) {
        if let Some((live, progress)) = self.live.take() {
            drop(progress);
            drop(live);
            self.store.forget_if_unused(&self.id);
        }
    }

    /// Where the next bytes begin.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    async fn read(&self) -> Result<Bytes, LogError> {
        let (store, id, offset) = (self.store.clone(), self.id.clone(), self.offset);
        let read = tokio::task::spawn_blocking(move || store.read(&id, offset, CHUNK_BYTES)).await;
        read.unwrap_or_else(|error| {
            let source = std::io::Error::other(error);
            Err(LogError::Io { path: self.store.path(&self.id).display().to_string(), source })
        })
    }

    /// The next bytes, at most [`CHUNK_BYTES`]; waits for them. Nothing once the log is over.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn next(&mut self) -> Result<Option<Bytes>, LogError> {
        loop {
            // Seen before the file is read: what is written after that wakes the wait below.
            let closed = match &mut self.live {
                Some((_, progress)) => progress.borrow_and_update().closed,
                None => true,
            };
            let bytes = self.read().await?;
            if !bytes.is_empty() {
                self.offset += bytes.len() as u64;
                return Ok(Some(bytes));
            }
            match &mut self.live {
                Some((_, progress)) if !closed => {
                    let offset = self.offset;
                    // An error means that the store is gone, and with it every writer.
                    if progress.wait_for(|progress| progress.closed || progress.end > offset).await.is_err() {
                        self.live = None;
                    }
                }
                _ => return Ok(None),
            }
        }
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.let_go();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Chunk;

    fn id() -> LogId {
        LogId { build: "acme/web/build-1".parse().expect("a build"), job: "unit".parse().expect("a job"), attempt: 1 }
    }

    async fn read_all(mut follow: Follow) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(bytes) = follow.next().await.expect("reads") {
            assert!(bytes.len() <= CHUNK_BYTES);
            all.extend_from_slice(&bytes);
        }
        all
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_million_lines_reach_all_who_follow_and_nobody_is_held_up_by_one_who_does_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = LogStore::at(folder.path());
        let early = tokio::spawn(read_all(logs.follow(&id(), 0)));
        let _never_reads = logs.follow(&id(), 0);

        let text: Vec<u8> = (0..1_000_000).flat_map(|n| format!("{n}\n").into_bytes()).collect();
        let text = Bytes::from(text);
        for offset in (0..text.len()).step_by(CHUNK_BYTES) {
            let bytes = text.slice(offset..text.len().min(offset + CHUNK_BYTES));
            logs.append(&id(), &Chunk { offset: offset as u64, bytes, marks: Vec::new() }).expect("taken");
        }
        let late = tokio::spawn(read_all(logs.follow(&id(), 5)));
        logs.close(&id());
        assert!(early.await.expect("ends") == text);
        assert!(late.await.expect("ends") == text[5..]);
        assert!(read_all(logs.follow(&id(), 0)).await == text);
    }

    #[tokio::test]
    async fn a_log_that_never_comes_ends_when_its_attempt_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = LogStore::at(folder.path());
        let waits = tokio::spawn(read_all(logs.follow(&id(), 0)));
        // One that gives up leaves the other waiting.
        drop(logs.follow(&id(), 0));
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        logs.close(&id());
        assert!(waits.await.expect("ends").is_empty());
        assert!(read_all(logs.follow(&id(), 0).to_end()).await.is_empty());
    }
}
