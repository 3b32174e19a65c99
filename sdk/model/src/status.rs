//! Where a build and a job stand.

use serde::{Deserialize, Serialize};

/// Where a build stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum BuildStatus {
    /// Waits to be picked up.
    #[default]
    Pending,
    /// Its source is fetched and its script loaded.
    Initializing,
    /// Its jobs run.
    Running,
    /// All its open jobs wait for a person; nothing runs.
    Blocked,
    /// Every job that counts ended well.
    Success,
    /// A job failed: the user's to mend.
    Failure,
    /// MonkeyCI or what it stands on broke: ours to mend.
    Error,
    /// A person or a newer build stopped it.
    Canceled,
}

impl BuildStatus {
    /// Whether nothing can follow.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Success | Self::Failure | Self::Error | Self::Canceled)
    }

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Initializing => "initializing",
            Self::Running => "running",
            Self::Blocked => "blocked",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Canceled => "canceled",
        }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    /// Waits for the jobs that it depends on.
    #[default]
    Pending,
    /// Waits for a person's approval.
    Blocked,
    /// Waits for capacity.
    Queued,
    /// A worker has it and prepares its workspace.
    Initializing,
    /// Its lines run.
    Running,
    /// Every line ended with 0.
    Success,
    /// A line failed, or a limit that the user may change was reached.
    Failure,
    /// MonkeyCI or what it stands on broke.
    Error,
    /// It could not run, or there was no need.
    Skipped,
    /// A person stopped or rejected it.
    Canceled,
}

impl JobStatus {
    /// Whether nothing can follow.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Success | Self::Failure | Self::Error | Self::Skipped | Self::Canceled)
    }

    /// Whether a worker holds it.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::Initializing | Self::Running)
    }

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Blocked => "blocked",
            Self::Queued => "queued",
            Self::Initializing => "initializing",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Canceled => "canceled",
        }
    }
}

macro_rules! display {
    ($($name:ident),*) => {$(
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    )*};
}
display!(BuildStatus, JobStatus);
