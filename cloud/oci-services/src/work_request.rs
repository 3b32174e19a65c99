//! What a service is still at after it has answered: work requests, as those of container instances.

use serde::{Deserialize, Serialize};

/// What a service is still at after it has answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkRequest {
    /// Its id.
    pub id: String,
    /// What is done, as `CREATE_CONTAINER_INSTANCE`.
    pub operation_type: String,
    /// How far it is.
    pub status: Status,
    /// From 0 to 100.
    #[serde(default)]
    pub percent_complete: f64,
    /// What it is done to.
    #[serde(default)]
    pub resources: Vec<Resource>,
}

/// How far a work request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Status {
    /// It was taken.
    Accepted,
    /// It is being done.
    InProgress,
    /// It waits for something.
    Waiting,
    /// It failed: [errors](WorkRequestError) say why.
    Failed,
    /// It was done.
    Succeeded,
    /// It is being canceled.
    Canceling,
    /// It was canceled.
    Canceled,
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}

/// What a work request is done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// What it is, as `containerInstance`.
    pub entity_type: String,
    /// What is done to it, as `CREATED` or `IN_PROGRESS`.
    pub action_type: String,
    /// Its id.
    pub identifier: String,
}

/// Why a work request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkRequestError {
    /// Oracle's code.
    pub code: String,
    /// What it says.
    pub message: String,
    /// When, as RFC 3339 writes it.
    #[serde(default)]
    pub timestamp: Option<String>,
}

impl Status {
    /// Whether nothing more will come of it.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Failed | Self::Succeeded | Self::Canceled)
    }
}
