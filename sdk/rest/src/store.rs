//! What an integration keeps.

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

/// A value that an integration keeps, without the value: that is had at its own path, as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StoreEntry {
    /// Its key.
    pub key: String,
    /// Another with each change, and never one that was before; the `ETag` of the value.
    pub version: u64,
    /// Bytes of the value.
    pub size: u64,
    /// Whether it is JSON.
    pub json: bool,
    /// When it was last changed.
    pub updated: Millis,
    /// When it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Millis>,
}
