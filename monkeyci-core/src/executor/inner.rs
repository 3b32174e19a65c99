//! Where what runs on a job directory finds its parts.

use std::path::{Path, PathBuf};

use super::CONTAINER_WORK;
use crate::job_dir::JobDir;

/// The job directory in a container.
pub(crate) const CONTAINER_JOB_DIR: &str = "/opt/monkeyci";

/// Where what runs on a job directory finds its parts: where they are on this host, or always the same in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inner {
    /// What it is told; it cannot write there.
    pub control: PathBuf,
    /// What it tells.
    pub report: PathBuf,
    /// The workspace.
    pub work: PathBuf,
}

impl Inner {
    /// For a container, or for a process of this host.
    #[must_use]
    pub fn of(dir: &JobDir, in_container: bool) -> Self {
        if !in_container {
            return Self { control: dir.control(), report: dir.report(), work: dir.work() };
        }
        let dir = Path::new(CONTAINER_JOB_DIR);
        Self { control: dir.join("control"), report: dir.join("report"), work: CONTAINER_WORK.into() }
    }
}
