use serde::{Deserialize, Serialize};

use super::is_default;

/// Files that a job keeps for others, or takes from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Unique within the build.
    pub id: String,
    /// A file or folder, from the job's work dir.
    pub path: String,
    /// After which outcome it is saved.
    #[serde(default, skip_serializing_if = "is_default")]
    pub save: SaveWhen,
}

/// A folder that survives from build to build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Cache {
    /// Unique within the repository.
    pub id: String,
    /// A file or folder, from the job's work dir.
    pub path: String,
    /// The key under the id. `{{ hash "Cargo.lock" }}`, `{{ branch }}`, `{{ arch }}` and `{{ image }}` are filled in;
    /// the cache of an unchanged key is not saved again. Without a key there is one cache for the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Beginnings of keys; the newest cache that has one serves when `key` is not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<String>,
    /// After which outcome it is saved.
    #[serde(default, skip_serializing_if = "is_default")]
    pub save: SaveWhen,
}

/// After which outcome of a job its files are saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SaveWhen {
    /// It ended well.
    #[default]
    Success,
    /// It failed.
    Failure,
    /// It ended, in whatever way.
    Always,
}

/// A report that is read into a job's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How it is written.
    #[serde(default)]
    pub format: ReportFormat,
    /// A file or a glob, from the job's work dir.
    pub path: String,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ReportFormat {
    /// The XML that JUnit began and every test runner can write.
    #[default]
    Junit,
}
