//! Webhooks of forges, and what they delivered.

use std::collections::BTreeMap;

use monkeyci_model::{BuildId, Millis};
use serde::{Deserialize, Serialize};

/// A webhook that a forge calls: deliveries to its URL start builds of its repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Hook {
    /// Its name in the repository.
    pub name: String,
    /// The forge, which decides how deliveries are verified and read.
    pub forge: String,
    /// What to enter at the forge. The last part is drawn by lot.
    pub url: String,
    /// Whether a former secret is good as well, while the forge is being told the new one.
    pub rotating: bool,
    /// When the newest delivery came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_delivery: Option<Millis>,
    /// When it was made.
    pub created: Millis,
}

/// Makes a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewHook {
    /// Its name; that of the forge when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `github`, `gitlab`, `bitbucket`, `bitbucket-server`, `gitea` or `forgejo`.
    pub forge: String,
    /// The secret that the forge signs with, of at least 16 bytes; drawn by lot when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// A webhook with its secret, which is told this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HookSecret {
    /// The webhook.
    #[serde(flatten)]
    pub hook: Hook,
    /// What to enter at the forge as its secret.
    pub secret: String,
}

/// What a forge delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Its id here.
    pub id: String,
    /// Its id at the forge, when that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<String>,
    /// The forge's name of the event.
    pub event: String,
    /// When it came.
    pub received: Millis,
    /// What became of it.
    pub state: DeliveryState,
    /// For people: why nothing followed, or what was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The builds that it started, or that had been started by the same push before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub builds: Vec<BuildId>,
    /// Bytes of its body.
    pub size: u64,
    /// Its headers without secrets; only where one delivery is asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Its body; only where one delivery is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It is safe, and not looked at yet.
    Received,
    /// Builds followed.
    Built,
    /// Nothing follows from it.
    Ignored,
    /// It could not be read.
    Failed,
}

impl DeliveryState {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Built => "built",
            Self::Ignored => "ignored",
            Self::Failed => "failed",
        }
    }
}
