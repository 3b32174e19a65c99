//! Reading a log while it is written.

use bytes::Bytes;

use super::wait::Wait;
use super::{CHUNK_BYTES, LogError};

/// Reads a log from an offset to its end, and waits for more while it is being written.
///
/// It holds a place in a file, so any number of them cost the writer nothing.
#[derive(Debug)]
pub struct Follow {
    wait: Wait,
    offset: u64,
}

impl Follow {
    pub(super) fn new(wait: Wait, offset: u64) -> Self {
        Self { wait, offset }
    }

    /// Waits for nothing more than is there: right for an attempt that has ended.
    #[must_use]
    pub fn to_end(mut self) -> Self {
        self.wait.let_go();
        self
    }

    /// Where the next bytes begin.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next bytes, at most [`CHUNK_BYTES`]; waits for them. Nothing once the log is over.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn next(&mut self) -> Result<Option<Bytes>, LogError> {
        let mut offset = self.offset;
        loop {
            // Seen before the file is read: what is written after that wakes the wait below.
            let is_over = self.wait.is_over();
            let bytes = self.wait.read(move |logs, id| logs.read(id, offset, CHUNK_BYTES)).await?;
            if !bytes.is_empty() {
                offset += bytes.len() as u64;
                self.offset = offset;
                return Ok(Some(bytes));
            }
            if is_over {
                return Ok(None);
            }
            self.wait.until(|progress| progress.end > offset).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Chunk, LogId, LogStore};

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
