use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{JobId, Text};

/// A container that runs beside a job under its image's own entrypoint.
///
/// The job reaches it by its id as host name, and by `MONKEYCI_SERVICE_<ID>_HOST` and `_PORT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Unique within the job; its host name.
    pub id: JobId,
    /// Its image.
    pub image: String,
    /// The ports that it listens on; the first is `_PORT`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<u16>,
    /// Environment variables, by names as written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Text>,
    /// Arguments in place of the image's command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<Text>,
    /// How to know that it is ready. Without one: its ports accept connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// How to know that a service is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Run inside the service by its shell; ready when it ends with 0.
    pub command: String,
    /// Milliseconds until the job fails because the service is not ready.
    #[serde(default = "Health::default_timeout")]
    pub timeout: u64,
}

impl Health {
    /// Milliseconds that a service has to become ready when it does not say.
    pub const DEFAULT_TIMEOUT_MS: u64 = 60_000;

    fn default_timeout() -> u64 {
        Self::DEFAULT_TIMEOUT_MS
    }
}
