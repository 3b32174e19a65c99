//! Organisations, and who belongs to them.

use monkeyci_model::{Millis, OrgId};
use serde::{Deserialize, Serialize};

/// An organisation: owns repositories and what they share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Org {
    /// Its id, which paths name.
    pub id: OrgId,
    /// For people.
    pub name: String,
    /// Whether nobody may open shells in its jobs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_shells: bool,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// Rises with each change; the `ETag` of the object.
    pub revision: u64,
}

/// What may be said of an organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrgBody {
    /// For people; its id when that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether nobody may open shells in its jobs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_shells: bool,
}

/// What somebody may do in an organisation. Each may do what those after it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads builds, logs and settings; no secrets.
    Viewer,
    /// Runs, cancels, retries and approves builds.
    Developer,
    /// Changes repositories, params, hooks and schedules.
    Maintainer,
    /// Changes the organisation and its members.
    Owner,
}

impl Role {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Maintainer => "maintainer",
            Self::Owner => "owner",
        }
    }
}

/// Somebody who belongs to an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The person's name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub since: Millis,
}

/// Makes somebody a member, or gives a member another role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMember {
    /// What they may do.
    pub role: Role,
}
