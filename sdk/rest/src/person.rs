//! Who asks.

use std::collections::BTreeMap;

use monkeyci_model::OrgId;
use serde::{Deserialize, Serialize};

use crate::Role;

/// Who asks, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Their name here.
    pub name: String,
    /// Whether they run this server: they may do everything everywhere.
    pub admin: bool,
    /// Their role in each organisation.
    #[serde(default)]
    pub orgs: BTreeMap<OrgId, Role>,
}

/// Signs in to the page: `POST /v1/session` answers with a cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignIn {
    /// An API token.
    pub token: String,
}
