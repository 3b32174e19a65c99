//! Telling that a job has started.

use std::sync::Mutex;
use std::time::Duration;

use monkeyci_model::result::Guarantee;

use super::{ExecutorError, Watch};
use crate::job_dir::frame::Kind;
use crate::job_dir::{JobDir, outcome, report};

/// How often the report is looked at for its first frame.
const LOOK: Duration = Duration::from_millis(10);

/// Tells once that the first line is about to run.
pub(super) struct Start<'a> {
    dir: &'a JobDir,
    reader: Mutex<Option<report::Reader>>,
}

impl<'a> Start<'a> {
    pub(super) fn new(dir: &'a JobDir) -> Result<Self, ExecutorError> {
        let io = |error| ExecutorError::Io { what: "opening the report", source: std::io::Error::other(error) };
        Ok(Self { dir, reader: Mutex::new(Some(report::Reader::open(dir).map_err(io)?)) })
    }

    /// Returns once it is told.
    pub(super) async fn told(&self, watch: &Watch) {
        while !self.tell(watch) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Tells it if it is so; false when it is not told yet.
    pub(super) fn tell(&self, watch: &Watch) -> bool {
        let mut reader = self.reader.lock().expect("nothing panics while it holds the lock");
        // A forged report is for its reader to judge: it began in any case.
        let kind = match reader.as_mut().map(report::Reader::read) {
            None => return true,
            Some(Ok(frames)) if frames.is_empty() => return false,
            Some(Ok(mut frames)) => Some(frames.swap_remove(0).kind),
            Some(Err(_)) => None,
        };
        *reader = None;
        // In the container the file of variables is read-only, and it holds secrets.
        let _ = std::fs::remove_file(self.dir.control().join("env"));
        (watch.started)(match kind {
            Some(Kind::Started(outcome::Guarantee::PidNamespace)) => Some(Guarantee::PidNamespace),
            Some(Kind::Started(outcome::Guarantee::Subreaper)) => Some(Guarantee::Subreaper),
            Some(Kind::Started(outcome::Guarantee::ProcessGroup)) => Some(Guarantee::ProcessGroup),
            _ => None,
        });
        true
    }
}
