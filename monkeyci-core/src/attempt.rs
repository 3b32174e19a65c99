//! One attempt of a job: the name of everything that is made for it.

use std::fmt;

use monkeyci_model::{BuildId, JobId};
use serde::{Deserialize, Serialize};

/// One attempt of a job.
///
/// Its fence rises with every lease of a store and never repeats, so that what an older attempt left or still says can
/// be told from what the newest does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The label of the MonkeyCI installation; what carries another one is never touched.
    pub instance: String,
    /// The build.
    pub build: BuildId,
    /// The job.
    pub job: JobId,
    /// The attempt's number, from 1.
    pub number: u32,
    /// The fence of its lease.
    pub fence: u64,
}

impl Attempt {
    /// A name for its container, network or folder: unique for ever, short, and fit for every engine.
    #[must_use]
    pub fn name(&self) -> String {
        format!("mci-{}-{}", self.instance, self.fence)
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.build, self.job)?;
        if self.number > 1 { write!(f, " (attempt {})", self.number) } else { Ok(()) }
    }
}
