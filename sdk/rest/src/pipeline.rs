//! Pipelines that are declared on the server.

use monkeyci_model::{Millis, RepoId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::LabelFilters;

/// A pipeline for repositories that have no script of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Pipeline {
    /// Its name in the organisation.
    pub name: String,
    /// What was said of it.
    #[serde(flatten)]
    pub body: PipelineBody,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// Rises with each change; the `ETag` of the object. Builds tell which one they ran.
    pub revision: u64,
}

/// What may be said of a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PipelineBody {
    /// The repository that it is for; those that `labelFilters` fit when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<RepoId>,
    /// The repositories that it is for, where none is named.
    #[serde(default, skip_serializing_if = "LabelFilters::is_empty")]
    pub label_filters: LabelFilters,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its jobs, as a `build.json` has them: a list of jobs, or an object with `jobs`.
    #[serde(default)]
    pub script: Value,
}
