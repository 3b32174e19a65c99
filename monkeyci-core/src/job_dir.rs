//! The job directory: all that the supervisor of a job knows, and all that it tells.

use std::path::{Path, PathBuf};

/// A job directory on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobDir {
    root: PathBuf,
}

impl JobDir {
    /// The job directory at `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The whole of it.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the supervisor is told; read-only to the job.
    #[must_use]
    pub fn control(&self) -> PathBuf {
        self.root.join("control")
    }

    /// What the supervisor tells; nothing in it is believed but facts about that job.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.root.join("report")
    }

    /// The job's workspace: a private copy of the checkout.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }
}
