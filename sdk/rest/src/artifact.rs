//! What jobs have saved.

use monkeyci_model::JobId;
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
