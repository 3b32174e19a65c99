//! Builds and their jobs.

use std::collections::BTreeMap;

use monkeyci_model::script::api::Address;
use monkeyci_model::{BuildId, BuildStatus, Job, JobId, JobResult, JobStatus, Millis, OrgId, RepoId, Trigger};
use serde::{Deserialize, Serialize};

use crate::Reported;

/// A build, as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// Its number in the repository, from 1.
    pub number: u64,
    /// Where it stands.
    pub status: BuildStatus,
    /// For people: why it ended as it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why it runs, and on what; secrets among its params are references.
    pub trigger: Box<Trigger>,
    /// When it was asked for.
    pub created: Millis,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Millis>,
    /// The `seq` of its last event: a client that has fewer is behind.
    pub events: u64,
}

/// A build with its jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BuildDetail {
    /// The build.
    #[serde(flatten)]
    pub build: Build,
    /// Its jobs, in the order of its script; none before that is loaded.
    pub jobs: Vec<JobView>,
    /// What the author of the script should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The pipeline that was declared on the server and stood in for a script, with its revision: `main@3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// What the forge was told of it, where one is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Reported>,
}

/// A job, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// The job; secrets in it are references.
    pub job: Job,
    /// Where it stands.
    pub status: JobStatus,
    /// Its newest attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// Why it does not run yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    /// When the first line of its newest attempt ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Millis>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Millis>,
    /// The worker that has or had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// What came out of the newest attempt that has run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<JobResult>,
    /// Until when its place is held for people, where its lines did not end well and that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Millis>,
    /// Who has a shell open in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// Where its exposed ports are reached while it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// Where it ran, where its result is that of the build which this one does once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<TakenFrom>,
}

/// Where a job ran whose result was taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TakenFrom {
    /// The build.
    pub build: BuildId,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// Asks for a build. What is not said is the newest commit of the default branch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct NewBuild {
    /// A branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// A tag, instead of a branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// A commit, 40 or 64 hex digits; the newest when it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Params by name, in place of those that the repository has.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
}

/// Asks for a build that ended to be done again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Retry {
    /// Whether only the jobs run that did not end well, and those that they depend on.
    pub failed: bool,
    /// The one job that runs again, with what comes after it: how all others ended is taken over, well or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// Minutes that the place of a job whose lines do not end well is held, for who wants a shell there; it is not when this
    /// is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<u32>,
}

/// Why somebody cancels, approves or rejects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Reason {
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
