//! Who changed what.

use std::collections::BTreeMap;

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

/// A change that somebody made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuditRow {
    /// Its place among all of them.
    pub position: u64,
    /// When it was made.
    pub time: Millis,
    /// Who made it.
    pub actor: String,
    /// The integration that acted for them, when one did: `acme/slack`. The token is that one's then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The token that they used, by its id, when they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What was done: `repo/update`, `param/create`, `build/cancel`.
    pub action: String,
    /// To what, by its path: `/v1/orgs/acme/repos/web`.
    pub object: String,
    /// More about it; never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}
