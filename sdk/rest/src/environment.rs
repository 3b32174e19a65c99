//! Environments: where jobs deploy to, and what stands before that.

use monkeyci_model::{JobId, JobStatus, Millis};
use serde::{Deserialize, Serialize};

use crate::Role;

/// An environment of a repository. Jobs that say `environment: NAME` get its params, once they are let to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// Its name in the repository.
    pub name: String,
    /// What was said of it.
    #[serde(flatten)]
    pub body: EnvironmentBody,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// Rises with each change; the `ETag` of the object.
    pub revision: u64,
}

/// What may be said of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvironmentBody {
    /// Names of people who may approve its jobs. They need the role `developer` at least, as everybody who approves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// Who has this role may approve them as well. With neither this nor `approvers` its jobs wait for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver_role: Option<Role>,
    /// Whether who caused a build may not approve its jobs, be they an approver or not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_self: bool,
    /// Globs of the refs whose builds may have jobs of it: of branches, or of full refs where one begins with `refs/`; all
    /// when none is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<String>,
    /// Whether one job at a time holds it, over all builds of the repository.
    #[serde(default = "yes")]
    pub exclusive: bool,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Default for EnvironmentBody {
    fn default() -> Self {
        Self {
            approvers: Vec::new(),
            approver_role: None,
            prevent_self: false,
            refs: Vec::new(),
            exclusive: true,
            description: None,
        }
    }
}

impl EnvironmentBody {
    /// Whether its jobs wait for somebody to approve them.
    #[must_use]
    pub fn needs_approval(&self) -> bool {
        !self.approvers.is_empty() || self.approver_role.is_some()
    }
}

/// A job of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The number of its build.
    pub number: u64,
    /// The job.
    pub job: JobId,
    /// Where it stands.
    pub status: JobStatus,
    /// The ref that the build is of.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Millis>,
    /// When it came into the build.
    pub created: Millis,
    /// When the first line of its newest attempt ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Millis>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Millis>,
}

fn yes() -> bool {
    true
}
