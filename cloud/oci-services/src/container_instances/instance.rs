//! An instance as the service shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::lifecycle::Lifecycle;

/// An instance. Its containers are named; how they ended is told of each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerInstance {
    /// Its id.
    pub id: String,
    /// Its name, which need not be unique.
    #[serde(default)]
    pub display_name: String,
    /// The compartment that it is in.
    pub compartment_id: String,
    /// The availability domain that it is in.
    #[serde(default)]
    pub availability_domain: String,
    /// What becomes of it.
    pub lifecycle_state: Lifecycle,
    /// Why, where the service says more.
    #[serde(default)]
    pub lifecycle_details: Option<String>,
    /// Its containers.
    #[serde(default)]
    pub containers: Vec<ContainerName>,
    /// Its kind of machine.
    #[serde(default)]
    pub shape: String,
    /// What whoever made it wrote on it.
    #[serde(default)]
    pub freeform_tags: BTreeMap<String, String>,
    /// When it was made, as RFC 3339 writes it.
    #[serde(default)]
    pub time_created: Option<String>,
}

/// A container of an instance, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerName {
    /// Its id.
    pub container_id: String,
    /// Its name.
    #[serde(default)]
    pub display_name: Option<String>,
}

/// An instance in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceSummary {
    /// Its id.
    pub id: String,
    /// Its name, which need not be unique.
    #[serde(default)]
    pub display_name: String,
    /// What becomes of it.
    pub lifecycle_state: Lifecycle,
    /// Why, where the service says more.
    #[serde(default)]
    pub lifecycle_details: Option<String>,
    /// What whoever made it wrote on it.
    #[serde(default)]
    pub freeform_tags: BTreeMap<String, String>,
    /// When it was made, as RFC 3339 writes it.
    #[serde(default)]
    pub time_created: Option<String>,
}
