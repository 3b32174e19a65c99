//! The last that a sidecar says of a job.

use serde::{Deserialize, Serialize};

use super::error::SidecarError;

/// Bytes of an end, at most: it holds a result and a line for each path.
pub(super) const MOST: usize = 1024 * 1024;

/// How it ended. What it names is in the depot when it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// What stands in `report/result`. Empty when something stands there that is no result; none when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// What became of each path of [`Order::collect`](super::Order::collect), in that order.
    #[serde(default)]
    pub collected: Vec<Collected>,
    /// Whether the job left an answer.
    #[serde(default)]
    pub answered: bool,
    /// Why the sidecar could not go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What became of a path that was to be collected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Collected {
    /// It is in the depot.
    Sent,
    /// It is not there.
    Missing,
    /// It could not be sent: why.
    Failed(String),
}

impl End {
    /// Whether an object after a chunk of the report is an end: no frame begins so.
    pub(super) fn is_one(bytes: &[u8]) -> bool {
        bytes.first() == Some(&b'{')
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data")
    }

    pub(super) fn decode(name: &str, bytes: &[u8]) -> Result<Self, SidecarError> {
        serde_json::from_slice(bytes)
            .map_err(|error| SidecarError::broken(name, format!("is no end of a report: {error}")))
    }
}
