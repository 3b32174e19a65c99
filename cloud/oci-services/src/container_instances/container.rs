//! A container as the service shows it.

use serde::{Deserialize, Serialize};

use super::lifecycle::Lifecycle;

/// A container. The service shows its variables and arguments as well, which are not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The instance that it is of.
    #[serde(default)]
    pub container_instance_id: Option<String>,
    /// Its image.
    #[serde(default)]
    pub image_url: Option<String>,
    /// What becomes of it.
    pub lifecycle_state: Lifecycle,
    /// Why, where the service says more.
    #[serde(default)]
    pub lifecycle_details: Option<String>,
    /// The code that it ended with.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// When it ended, as RFC 3339 writes it.
    #[serde(default)]
    pub time_terminated: Option<String>,
    /// How often it was started again.
    #[serde(default)]
    pub container_restart_attempt_count: Option<u32>,
}

/// A container in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerSummary {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The instance that it is of.
    #[serde(default)]
    pub container_instance_id: String,
    /// What becomes of it.
    pub lifecycle_state: Lifecycle,
}
