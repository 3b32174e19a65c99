use monkeyci_model::Job;
use monkeyci_model::job::Hook;

use crate::log::{Chunk, LogError, MarkKind};

/// Bytes that a worker may add for each service of a job, the end of the service's log and the line that says so; and
/// what the script's program prints at each moment at which it is asked about a job.
const ADDED_BYTES: u64 = 128 * 1024;

/// What the log of an attempt may hold, whatever its worker sends.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogRoom {
    bytes: u64,
    lines: u32,
}

impl LogRoom {
    /// The room of a job that may itself write so many bytes. Masking never makes a log longer.
    pub(super) fn new(job: &Job, limit: u64) -> Self {
        let added = ADDED_BYTES.saturating_mul((job.services.len() + job.hooks.len()) as u64);
        let lines = u32::try_from(job.script.len().max(1)).unwrap_or(u32::MAX);
        // A job that is changed before it starts may have other lines then.
        let lines = if job.hooks.contains(&Hook::Prepare) { u32::MAX } else { lines };
        Self { bytes: limit.saturating_add(added), lines }
    }

    /// Refuses a chunk that goes beyond it: more bytes, or lines that the job does not have.
    pub(super) fn admit(self, chunk: &Chunk) -> Result<(), LogError> {
        let Self { bytes, lines } = self;
        let has = |kind| !matches!(kind, MarkKind::LineStart(line) | MarkKind::LineEnd(line, _) if line >= lines);
        let fits = chunk.offset.saturating_add(chunk.bytes.len() as u64) <= bytes;
        if fits && chunk.marks.iter().all(|mark| has(mark.kind)) {
            Ok(())
        } else {
            Err(LogError::Excess { bytes, lines })
        }
    }
}
