//! SSH keys, by which the server reads repositories.

use std::fmt;

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

use crate::LabelFilters;

/// An SSH key, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SshKey {
    /// Its name in the organisation.
    pub name: String,
    /// The public part, as a forge takes it for a deploy key.
    pub public_key: String,
    /// Its fingerprint, as `ssh-keygen -l` and forges show it: `SHA256:…`.
    pub fingerprint: String,
    /// Rises with each new private part.
    pub version: u64,
    /// The repositories that are read with it.
    #[serde(default, skip_serializing_if = "LabelFilters::is_empty")]
    pub label_filters: LabelFilters,
    /// Keys of hosts that it may be used on, beside those that the server knows: lines as `ssh-keyscan` prints them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_hosts: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// Rises with each change; the `ETag` of the object.
    pub revision: u64,
}

/// What may be said of an SSH key.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SshKeyBody {
    /// The private part in the format of OpenSSH, without passphrase. Without it a new key is made by the server, and that of
    /// a key that is there stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<String>,
    /// The repositories that are read with it.
    #[serde(default, skip_serializing_if = "LabelFilters::is_empty")]
    pub label_filters: LabelFilters,
    /// Keys of hosts that it may be used on, beside those that the server knows: lines as `ssh-keyscan` prints them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_hosts: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Never shows the private part.
impl fmt::Debug for SshKeyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SshKeyBody").field("label_filters", &self.label_filters).finish_non_exhaustive()
    }
}
