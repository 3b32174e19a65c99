//! Params of organisations and repositories.

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

/// A param that builds get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Whether its value is secret: then it goes in and never comes out.
    pub secret: bool,
    /// Its value, when that is no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Rises with each change of its value.
    pub version: u64,
    /// A keyed digest of a secret value: equal values of one organisation have equal ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was last changed.
    pub updated: Millis,
    /// Another one with each change; the `ETag` of the object.
    #[serde(default)]
    pub revision: u64,
}

/// What may be said of a param.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParamBody {
    /// The value. Without one that of a param that is there stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Whether it is secret.
    #[serde(default)]
    pub secret: bool,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A param that builds of a repository get, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EffectiveParam {
    /// The param.
    #[serde(flatten)]
    pub param: Param,
    /// Its path in the API: of the repository, of a set, or of the organisation.
    pub from: String,
    /// Paths of those of the same name that it stands before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hides: Vec<String>,
}
