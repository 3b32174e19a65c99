use serde::{Deserialize, Serialize};

/// What a job may use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// Processor cores; a part of one is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<f64>,
    /// GB of memory, of 2^30 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<f64>,
    /// The processor's architecture; the worker's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<Arch>,
}

/// A processor's architecture, under MonkeyCI's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// x86-64.
    Amd,
    /// 64-bit ARM.
    Arm,
}

impl Arch {
    /// The architecture this program was compiled for.
    #[must_use]
    pub fn host() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm } else { Self::Amd }
    }

    /// The name that container engines use.
    #[must_use]
    pub fn oci_name(self) -> &'static str {
        match self {
            Self::Amd => "amd64",
            Self::Arm => "arm64",
        }
    }
}

/// When an image is pulled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PullPolicy {
    /// Only when the host does not have it.
    #[default]
    IfMissing,
    /// Before every attempt.
    Always,
    /// Never: an image that is not there is an error.
    Never,
}
