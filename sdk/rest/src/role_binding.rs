//! Roles in some repositories of an organisation, beside those in all of it.

use std::collections::BTreeSet;

use monkeyci_model::{Millis, RepoId};
use serde::{Deserialize, Serialize};

use crate::{LabelFilters, Role};

/// Lets some members of an organisation do more in some of its repositories than their role in it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RoleBinding {
    /// Its name in the organisation.
    pub name: String,
    /// What was said of it. Members who left and repositories that were removed are no longer in it.
    #[serde(flatten)]
    pub body: RoleBindingBody,
    /// When it was made.
    pub created: Millis,
    /// When somebody last changed it.
    pub updated: Millis,
    /// Another one with each change; the `ETag` of the object.
    pub revision: u64,
}

/// What may be said of a role in some repositories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleBindingBody {
    /// What they may do there: `developer` or `maintainer`.
    pub role: Role,
    /// Who: members of the organisation by name, and service accounts, as `acme/deployer`.
    #[serde(default)]
    pub members: BTreeSet<String>,
    /// Where: these repositories. Those that `labelFilters` fit when none is named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub repos: BTreeSet<RepoId>,
    /// Where, if no repository is named: in those that have all labels of one of these, now and later.
    #[serde(default, skip_serializing_if = "LabelFilters::is_empty")]
    pub label_filters: LabelFilters,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
