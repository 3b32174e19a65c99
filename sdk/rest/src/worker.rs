//! Workers elsewhere: as people see them.

use std::collections::BTreeMap;

use monkeyci_model::job::Arch;
use monkeyci_model::{BuildId, JobId, Millis, OrgId};
use serde::{Deserialize, Serialize};

/// A worker elsewhere, without its token: that is told once, as it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Worker {
    /// Its name.
    pub name: String,
    /// The organisation whose jobs alone it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<OrgId>,
    /// Whether it takes no new jobs.
    pub paused: bool,
    /// When it was made.
    pub created: Millis,
    /// When it was last heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Millis>,
    /// What it says of itself, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<WorkerFacts>,
    /// What it runs.
    #[serde(default)]
    pub running: Vec<Running>,
}

/// What a worker says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkerFacts {
    /// Its version of MonkeyCI.
    pub version: String,
    /// The name of its machine.
    #[serde(default)]
    pub host: String,
    /// Its labels. A job that has labels goes to a worker that has all of them.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Architectures that it runs.
    pub archs: Vec<Arch>,
    /// Whether it runs jobs with an image or with services.
    pub images: bool,
    /// Whether it runs jobs without an image.
    pub processes: bool,
    /// Jobs that it runs at once, at most.
    pub jobs: u32,
}

/// An attempt that a worker runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// The build.
    pub build: BuildId,
    /// The job.
    pub job: JobId,
    /// The attempt's number, from 1.
    pub attempt: u32,
}

/// Makes a worker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewWorker {
    /// Its name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The organisation whose jobs alone it runs; those of all when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<OrgId>,
}

/// A new worker with its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct WorkerSecret {
    /// The worker.
    #[serde(flatten)]
    pub worker: Worker,
    /// What `monkeyci worker` is given. It begins with `mcw_`, and is told this once.
    pub secret: String,
}
