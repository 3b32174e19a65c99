//! Reading where the lines of a script begin and end while they run.

use super::wait::Wait;
use super::{LogError, Mark};

/// Marks that are read at once.
const PAGE: usize = 256;

/// Reads the marks of a log from the first on, and waits for more while it is being written.
#[derive(Debug)]
pub struct FollowMarks {
    wait: Wait,
    read: u64,
}

impl FollowMarks {
    pub(super) fn new(wait: Wait) -> Self {
        Self { wait, read: 0 }
    }

    /// Waits for nothing more than is there: right for an attempt that has ended.
    #[must_use]
    pub fn to_end(mut self) -> Self {
        self.wait.let_go();
        self
    }

    /// The next marks, some hundred at most; waits for them. Nothing once the log is over.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<Mark>>, LogError> {
        let mut read = self.read;
        loop {
            // Seen before the index is read: what is written after that wakes the wait below.
            let is_over = self.wait.is_over();
            let marks = self.wait.read(move |logs, id| logs.marks(id, read, PAGE)).await?;
            if !marks.is_empty() {
                read += marks.len() as u64;
                self.read = read;
                return Ok(Some(marks));
            }
            if is_over {
                return Ok(None);
            }
            self.wait.until(|progress| progress.marks > read).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Chunk, LogId, LogStore, MarkKind};

    #[tokio::test]
    async fn a_line_that_prints_nothing_is_told_of_as_it_begins_and_as_it_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = LogStore::at(folder.path());
        let id = LogId {
            build: "acme/web/build-1".parse().expect("a build"),
            job: "unit".parse().expect("a job"),
            attempt: 1,
        };
        let mark = |millis, kind| Mark { offset: 0, millis, kind };
        let write = |mark| logs.append(&id, &Chunk { offset: 0, bytes: "".into(), marks: vec![mark] }).expect("taken");
        let mut marks = logs.follow_marks(&id);
        let first = mark(0, MarkKind::LineStart(0));
        write(first);
        assert_eq!(marks.next().await.expect("reads"), Some(vec![first]));
        let waits = tokio::spawn(async move {
            let ended = marks.next().await.expect("reads");
            (ended, marks.next().await.expect("reads"))
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished(), "it has not ended");
        let last = mark(7, MarkKind::LineEnd(0, 1));
        write(last);
        logs.close(&id);
        assert_eq!(waits.await.expect("ends"), (Some(vec![last]), None));
        assert_eq!(logs.follow_marks(&id).to_end().next().await.expect("reads"), Some(vec![first, last]));
    }
}
