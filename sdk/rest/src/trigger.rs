//! Builds that follow builds of other repositories.

use std::collections::BTreeMap;

use monkeyci_model::{BuildStatus, RepoId};
use serde::{Deserialize, Serialize};

/// Begins a build of its repository when one of another repository has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// Its name in the repository.
    pub name: String,
    /// What was said of it.
    #[serde(flatten)]
    pub body: TriggerBody,
    /// Another one with each change; the `ETag` of the object.
    #[serde(default)]
    pub revision: u64,
}

/// What may be said of a trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TriggerBody {
    /// The other repository, of the same organisation.
    pub repo: RepoId,
    /// How its build has to end; well when it is not said.
    #[serde(default = "success")]
    pub statuses: Vec<BuildStatus>,
    /// Globs of the refs that its build is of: of branches, or of full refs where one begins with `refs/`; the branch that is
    /// built by default there when none is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<String>,
    /// The branch that is built; the default one when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Params of its builds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// Names of params that are taken over from the other build, unless they are secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass_params: Vec<String>,
    /// Whether it does anything.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn success() -> Vec<BuildStatus> {
    vec![BuildStatus::Success]
}

fn yes() -> bool {
    true
}
