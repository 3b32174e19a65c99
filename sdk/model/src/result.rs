//! What came out of a job.

mod tests_report;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use tests_report::{TestCase, TestProblem, TestSuite};

use crate::Millis;

/// What came out of one attempt of a job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct JobResult {
    /// Why it did not end well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// For people: what happened, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The exit code of the line that failed, or 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Each line that ran.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LineResult>,
    /// Bytes in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bytes: Option<u64>,
    /// What is known of its processes once it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guarantee: Option<Guarantee>,
    /// Artifacts that were saved.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<SavedFile>,
    /// What went wrong though the job goes on: a cache that could not be saved, an artifact that was not there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Suites of its test reports, under MonkeyCI's key.
    #[serde(rename = "monkey.ci/tests", skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestSuite>,
    /// Values of plugins and scripts.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
}

impl JobResult {
    /// A result that is not a success.
    #[must_use]
    pub fn failed(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause: Some(cause), message: Some(message.into()), ..Self::default() }
    }
}

/// One line of a script that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LineResult {
    /// Which line, from 0.
    pub index: u32,
    /// Its exit code; 128 + n when signal n ended it, absent when it never ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Milliseconds that it took.
    pub duration: u64,
    /// Where its output begins in the log, in bytes.
    pub log_offset: u64,
}

/// A file or folder that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SavedFile {
    /// The artifact's id.
    pub id: String,
    /// Its path, from the job's work dir.
    pub path: String,
    /// Bytes as stored.
    pub size: u64,
    /// BLAKE3 of what is stored, in hex.
    pub digest: String,
}

/// Why a job did not end well. What is the user's to mend makes a *failure*, what is ours an *error*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A line ended with another code than 0.
    Failure,
    /// It took longer than it may.
    Timeout,
    /// It used more memory than it may.
    OutOfMemory,
    /// It wrote more log than it may.
    LogLimit,
    /// Its image could not be had.
    Image,
    /// One of its services did not become ready.
    Service,
    /// Something that it names is not there or may not be used: a shell, a folder, a param.
    Invalid,
    /// A person or a newer build stopped it.
    Canceled,
    /// Its worker, or the connection to it, is gone.
    Lost,
    /// A container engine, a disk or MonkeyCI itself broke.
    Infrastructure,
}

impl Cause {
    /// The causes that `retry: 2` starts a job again on.
    pub const RETRIABLE: [Self; 7] =
        [Self::Failure, Self::Timeout, Self::OutOfMemory, Self::Image, Self::Service, Self::Lost, Self::Infrastructure];

    /// Where a job stands that ended by this cause.
    #[must_use]
    pub fn status(self) -> crate::JobStatus {
        match self {
            Self::Canceled => crate::JobStatus::Canceled,
            Self::Lost | Self::Infrastructure => crate::JobStatus::Error,
            _ => crate::JobStatus::Failure,
        }
    }
}

/// What is known of a job's processes once it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// None is left: the kernel ends them with their namespace.
    PidNamespace,
    /// None was found: a subreaper looked for them; one could be left if the supervisor itself was killed.
    Subreaper,
    /// Those of the job's process group are gone; one that left the group may live.
    ProcessGroup,
}

/// When something began and ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Millis>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Millis>,
}
