//! What machines there are.

use serde::{Deserialize, Serialize};

/// A kind of machine, as `CI.Standard.E4.Flex`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    /// Its name.
    pub name: String,
    /// What its processor is called.
    #[serde(default)]
    pub processor_description: Option<String>,
    /// How much processor an instance may have.
    #[serde(default)]
    pub ocpu_options: Option<OcpuOptions>,
    /// How much memory.
    #[serde(default)]
    pub memory_options: Option<MemoryOptions>,
}

/// How much processor an instance may have, in OCPUs: two virtual processors on x86, one on ARM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OcpuOptions {
    /// At least.
    #[serde(default)]
    pub min: Option<f64>,
    /// At most.
    #[serde(default)]
    pub max: Option<f64>,
}

/// How much memory an instance may have, in GB.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemoryOptions {
    /// At least.
    #[serde(rename = "minInGBs", default)]
    pub min: Option<f64>,
    /// At most.
    #[serde(rename = "maxInGBs", default)]
    pub max: Option<f64>,
    /// For each OCPU where nothing is said.
    #[serde(rename = "defaultPerOcpuInGBs", default)]
    pub default_per_ocpu: Option<f64>,
    /// For each OCPU at least.
    #[serde(rename = "minPerOcpuInGBs", default)]
    pub min_per_ocpu: Option<f64>,
    /// For each OCPU at most.
    #[serde(rename = "maxPerOcpuInGBs", default)]
    pub max_per_ocpu: Option<f64>,
}
