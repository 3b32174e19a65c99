//! Repositories.

use std::collections::BTreeMap;

use monkeyci_model::{BuildStatus, Millis, OrgId, RepoId};
use serde::{Deserialize, Serialize};

use crate::{Build, Report};

/// A repository that is built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Repo {
    /// The organisation that it belongs to.
    pub org: OrgId,
    /// Its id, unique in the organisation; paths name it.
    pub id: RepoId,
    /// What was said of it.
    #[serde(flatten)]
    pub body: RepoBody,
    /// Its newest build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Box<Build>>,
    /// The newest build of each branch that has one, by name: how it stands.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub branches: BTreeMap<String, Branch>,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// Rises with each change; the `ETag` of the object.
    pub revision: u64,
}

/// How the newest build of a branch stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    /// The build's number.
    pub number: u64,
    /// How it stands.
    pub status: BuildStatus,
    /// When it was asked for.
    pub created: Millis,
}

/// What may be said of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RepoBody {
    /// Where it is cloned from.
    pub url: String,
    /// The branch that is built when nothing else is said.
    #[serde(default = "main")]
    pub default_branch: String,
    /// Who may see it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Labels by name, for people and programs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Whether a newer build of a branch or pull request cancels those before it that have not ended.
    #[serde(default)]
    pub cancel_superseded: bool,
    /// Whether nobody may open shells in its jobs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_shells: bool,
    /// Seconds between two looks for new commits by `git ls-remote`; never when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<u64>,
    /// The forge that is told how its builds stand; none when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// Who may see a repository and its builds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// The members of its organisation.
    #[default]
    Private,
    /// Everybody; settings and secrets stay with the members.
    Public,
}

fn main() -> String {
    "main".into()
}
