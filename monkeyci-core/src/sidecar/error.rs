//! What can go wrong between host and sidecar.

use std::io;

use super::depot::DepotError;
use crate::blob::archive::ArchiveError;

/// Why a remote job directory does not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SidecarError {
    /// The depot failed.
    #[error(transparent)]
    Depot(#[from] DepotError),
    /// Files could not be packed or unpacked.
    #[error("{what}: {source}")]
    Archive {
        /// What was being done.
        what: &'static str,
        /// What went wrong.
        source: ArchiveError,
    },
    /// A file could not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// What went wrong.
        source: io::Error,
    },
    /// The order cannot be followed.
    #[error("the order: {0}")]
    Order(String),
    /// What is in the depot is not what belongs there.
    #[error("`{name}` in the depot {why}")]
    Broken {
        /// The object.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The sidecar says that it cannot go on.
    #[error("the sidecar gave up: {0}")]
    GaveUp(String),
    /// The host has not heard of the sidecar for too long.
    #[error("nothing was heard of the sidecar for {seconds} s")]
    Lost {
        /// How long the host waited.
        seconds: u64,
    },
    /// The engine says that the sidecar is over, and it has not said how the job ended.
    #[error("the sidecar ended before it had said all")]
    Over,
    /// The sidecar has not heard of the host for too long.
    #[error("nothing was heard of the host for {seconds} s, and the job did not end by its lease")]
    Forsaken {
        /// How long the sidecar waited.
        seconds: u64,
    },
}

impl SidecarError {
    pub(super) fn io(what: &'static str) -> impl Fn(io::Error) -> Self + Copy {
        move |source| Self::Io { what, source }
    }

    pub(super) fn broken(name: &str, why: impl ToString) -> Self {
        Self::Broken { name: name.to_owned(), why: why.to_string() }
    }

    /// Whether it is for want of room on a disk.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Archive { source: ArchiveError::DiskFull { .. }, .. } => true,
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }
}
