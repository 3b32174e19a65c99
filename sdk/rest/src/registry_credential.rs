//! Credentials of private registries, which images of builds are pulled from.

use std::fmt;

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

use crate::LabelFilters;

/// Who builds of an organisation are at a private registry, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RegistryCredential {
    /// Its name in the organisation.
    pub name: String,
    /// The registry's host, with its port where it has one: `ghcr.io`, and `docker.io` for names without a host.
    pub host: String,
    /// The user.
    pub username: String,
    /// Rises with each password that is written.
    pub version: u64,
    /// A keyed digest of the password: equal ones of one organisation have equal ones.
    pub fingerprint: String,
    /// The repositories whose builds have it.
    #[serde(default, skip_serializing_if = "LabelFilters::is_empty")]
    pub label_filters: LabelFilters,
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

/// What may be said of the credentials of a registry.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegistryCredentialBody {
    /// The registry's host, with its port where it has one: `ghcr.io`, and `docker.io` for names without a host.
    pub host: String,
    /// The user; `<token>` where the password is an identity token.
    pub username: String,
    /// The password or token. Without one that of credentials that are there stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The repositories whose builds have it.
    #[serde(default, skip_serializing_if = "LabelFilters::is_empty")]
    pub label_filters: LabelFilters,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Never shows the password.
impl fmt::Debug for RegistryCredentialBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryCredentialBody").field("host", &self.host).finish_non_exhaustive()
    }
}
