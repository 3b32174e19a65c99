//! Who asks, and who may.

use std::collections::BTreeMap;

use monkeyci_model::{Millis, OrgId, RepoId};
use serde::{Deserialize, Serialize};

use crate::Role;

/// Who asks, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Their name here.
    pub name: String,
    /// The integration that acts for them now, when one does: `acme/slack`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// Whether they run this server: they may do everything everywhere.
    pub admin: bool,
    /// Their role in each organisation.
    #[serde(default)]
    pub orgs: BTreeMap<OrgId, Role>,
    /// Their role in each repository where that is more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub repos: BTreeMap<OrgId, BTreeMap<RepoId, Role>>,
}

/// Somebody who is known to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Whether they run this server.
    pub admin: bool,
    /// Whether they are let in no more.
    pub disabled: bool,
    /// Since when they are known.
    pub created: Millis,
}

/// Signs in to the page: `POST /v1/session` answers with a cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignIn {
    /// An API token.
    pub token: String,
}
