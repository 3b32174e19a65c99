//! The end of a job whose supervisor is out of our hands.

use std::time::Duration;

use monkeyci_model::job::limits;

use super::ExecutorError;
use crate::job_dir::outcome::{Guarantee, Outcome, Reason};
use crate::job_dir::report::Reader;
use crate::job_dir::{JobDir, Program};

/// How long a job may take from being told to end to being killed.
pub(super) fn grace(dir: &JobDir) -> Duration {
    let program = Program::read(&dir.control());
    Duration::from_millis(program.map_or(limits::GRACE_MS, |program| program.grace_ms))
}

/// Writes that a job was canceled, where its supervisor did not get to: it never ran, or was killed after its grace.
pub(super) fn end_canceled(dir: &JobDir) -> Result<(), ExecutorError> {
    // What is forged is for its reader to judge.
    if !matches!(Reader::open(dir).and_then(|reader| reader.outcome()), Ok(None)) {
        return Ok(());
    }
    let outcome = Outcome {
        reason: Reason::Canceled,
        code: None,
        line: None,
        message: String::new(),
        guarantee: Guarantee::PidNamespace,
    };
    outcome
        .write(&dir.report())
        .map_err(|source| ExecutorError::Io { what: "writing that the job was canceled", source })
}
