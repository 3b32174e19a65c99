//! Logs: bytes in the order they were written, with marks where streams and lines change.
//!
//! A [`LogStore`] keeps them in a folder, two files for each attempt: the bytes as the job wrote them (masked, both
//! streams in order), and an index of [`Mark`]s. Writers append at an offset; readers read from any offset, or
//! [`follow`](LogStore::follow) what is still being written. A reader is an offset and a wake-up, nothing else: a
//! viewer that never reads costs nothing and holds nobody up.

mod follow;
mod follow_marks;
mod index;
mod last_line;
mod live;
#[cfg(test)]
mod random;
mod store;
mod wait;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use follow::Follow;
pub use follow_marks::FollowMarks;
pub use store::{LogId, LogStore};

/// Bytes of a chunk, at most: what a worker sends at once, and a reader gets at once.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// A piece of an attempt's log, on its way to where it is kept. Secrets are masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Where it belongs, in bytes from the log's beginning.
    pub offset: u64,
    /// What the job wrote.
    pub bytes: Bytes,
    /// Where streams and lines change, in order; offsets are from the log's beginning.
    pub marks: Vec<Mark>,
}

/// A place in a log where something changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// In bytes from the log's beginning.
    pub offset: u64,
    /// Milliseconds since the attempt's first line began.
    pub millis: u64,
    /// What changes.
    pub kind: MarkKind,
}

/// What changes at a [`Mark`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MarkKind {
    /// What follows was written to standard output.
    Stdout,
    /// What follows was written to standard error.
    Stderr,
    /// What follows was written to both, in turns so short that they are not told apart: the bytes are in order, and
    /// which stream each came from is not known.
    Mixed,
    /// A line of the script begins.
    LineStart(u32),
    /// A line of the script ended with this code.
    LineEnd(u32, i32),
}

/// Why a log could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The chunk begins after the log's end.
    #[error("the log ends at byte {end}, the chunk begins at byte {offset}")]
    Gap {
        /// Where the log ends.
        end: u64,
        /// Where the chunk begins.
        offset: u64,
    },
    /// The chunk holds what the log of its job cannot.
    #[error(
        "the log of this job has at most {bytes} bytes and {lines} lines of its script; the chunk goes beyond that"
    )]
    Excess {
        /// Bytes that the log may have.
        bytes: u64,
        /// Lines of the job's script.
        lines: u32,
    },
    /// Whoever keeps logs elsewhere does not take it, or does not show it.
    #[error("{0}")]
    Refused(String),
    /// The file could not be read or written.
    #[error("log `{path}`: {source}")]
    Io {
        /// The file.
        path: String,
        /// What went wrong.
        source: std::io::Error,
    },
}
