//! Test reports that a job leaves, read into its result.

mod junit;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use monkeyci_model::job::{Report, ReportFormat};
use monkeyci_model::result::TestSuite;

pub use crate::blob::find::FindError;

/// Bytes of one report.
pub const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of all reports that one pattern matches.
pub const ALL_BYTES: u64 = 256 * 1024 * 1024;

/// Files that one pattern may match.
pub const FILES: usize = 10_000;

/// Tests that are kept; the numbers of a suite count all of them.
pub const CASES: usize = 10_000;

/// Suites that are kept; the last of them counts the tests of all that follow.
pub const SUITES: usize = 10_000;

/// Failures, and errors, that are kept of one test.
pub const PROBLEMS: usize = 100;

/// Bytes of one text that are kept.
pub const TEXT_BYTES: usize = 64 * 1024;

/// Bytes of all texts that are kept: a result travels in one piece.
pub const ALL_TEXT_BYTES: usize = 8 * 1024 * 1024;

/// Why a report could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestReportError {
    /// No file is there.
    #[error("no test report matches `{pattern}` in the job's work dir")]
    NotThere {
        /// The file or pattern.
        pattern: String,
    },
    /// The files could not be looked for, or not be opened.
    #[error("test report {0}")]
    Find(#[from] FindError),
    /// There are too many files.
    #[error("`{pattern}` matches {count} test reports; at most {FILES} are read")]
    TooMany {
        /// The pattern.
        pattern: String,
        /// How many it matches.
        count: usize,
    },
    /// A file is too large.
    #[error("test report `{path}` has more than {FILE_BYTES} bytes")]
    TooLarge {
        /// The file.
        path: String,
    },
    /// The files together are too large.
    #[error("the test reports that `{pattern}` matches have more than {ALL_BYTES} bytes together")]
    TooMuch {
        /// The pattern.
        pattern: String,
    },
    /// A file could not be read.
    #[error("test report `{path}`: {source}")]
    Io {
        /// The file.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("test report `{path}`, at byte {at}: {what}")]
    Malformed {
        /// The file.
        path: String,
        /// Where, in bytes from its beginning.
        at: u64,
        /// What is wrong.
        what: String,
    },
}

/// What may still be kept, of all reports together.
struct Room {
    cases: usize,
    /// Bytes.
    text: usize,
}

/// Reads the reports that a job left in its work dir. Blocks.
///
/// No link is followed. What is longer than the limits of this module is cut, and a suite that lost tests says so in its
/// name.
///
/// # Errors
/// When there is no report, or one of them cannot be read.
pub fn read(work_dir: &Path, report: &Report) -> Result<Vec<TestSuite>, TestReportError> {
    let files = crate::blob::find::find(work_dir, &report.path)?;
    if files.is_empty() {
        return Err(TestReportError::NotThere { pattern: report.path.clone() });
    }
    if files.len() > FILES {
        return Err(TestReportError::TooMany { pattern: report.path.clone(), count: files.len() });
    }
    let mut suites = Vec::new();
    let mut room = Room { cases: CASES, text: ALL_TEXT_BYTES };
    let mut bytes = 0;
    for path in files {
        let file = crate::blob::find::open(work_dir, &path)?;
        let size = file.metadata().map_err(|source| TestReportError::Io { path: path.clone(), source })?.len();
        if size > FILE_BYTES {
            return Err(TestReportError::TooLarge { path });
        }
        bytes += size;
        if bytes > ALL_BYTES {
            return Err(TestReportError::TooMuch { pattern: report.path.clone() });
        }
        match report.format {
            ReportFormat::Junit => junit::read(file, &path, &mut room, &mut suites)?,
        }
    }
    Ok(suites)
}
