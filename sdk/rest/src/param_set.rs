//! Sets of params that some repositories of an organisation get.

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

use crate::LabelFilters;

/// A set of params for the repositories with certain labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ParamSet {
    /// Its name in the organisation.
    pub name: String,
    /// What was said of it.
    #[serde(flatten)]
    pub body: ParamSetBody,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// Rises with each change; the `ETag` of the object.
    pub revision: u64,
}

/// What may be said of a set of params.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParamSetBody {
    /// The repositories that get them.
    #[serde(default, skip_serializing_if = "LabelFilters::is_empty")]
    pub label_filters: LabelFilters,
    /// What they are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
