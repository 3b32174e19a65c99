//! Accounts of programs.

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

use crate::Role;

/// An account of a program in an organisation. It is called `acme/deployer`, asks by tokens that owners make for it, and
/// cannot sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccount {
    /// Its name in the organisation: `deployer`.
    pub name: String,
    /// What was said of it.
    #[serde(flatten)]
    pub body: ServiceAccountBody,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// Rises with each change; the `ETag` of the object.
    pub revision: u64,
}

/// What is said of a service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceAccountBody {
    /// What it may do.
    pub role: Role,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it is an integration: it may act for people whose chat identity is linked, and has a store of its own.
    #[serde(default)]
    pub integration: bool,
    /// Whether its tokens are good for nothing for now.
    #[serde(default)]
    pub disabled: bool,
}
