//! What jobs have saved.

use std::fmt;

use monkeyci_model::{JobId, Millis};
use serde::{Deserialize, Serialize};

/// An artifact that a job of a build has saved: an archive, tar packed with zstd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Its id in the build.
    pub id: String,
    /// The job that saved it.
    pub job: JobId,
    /// Where it lay in the job's work dir.
    pub path: String,
    /// Bytes of the archive.
    pub size: u64,
    /// The digest of the archive.
    pub digest: String,
}

/// Wishes for a link to an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewArtifactLink {
    /// Minutes that it lasts: 1 to 1440, which is a day.
    #[serde(default = "hour")]
    pub minutes: u32,
}

fn hour() -> u32 {
    60
}

/// A link to an artifact, by which everybody who has it can download this one, and nothing else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ArtifactLink {
    /// The address.
    pub url: String,
    /// From when on it leads nowhere.
    pub expires: Millis,
}

/// Never shows the address.
impl fmt::Debug for ArtifactLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArtifactLink").field("expires", &self.expires).finish_non_exhaustive()
    }
}
