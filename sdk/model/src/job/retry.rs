use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Cause;

/// Which causes start a job again, and how often.
///
/// The default is two more attempts when the worker was lost, and none when the job itself failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// Attempts after the first.
    pub max: u32,
    /// The causes that it starts again on.
    pub on: BTreeSet<Cause>,
}

impl Retry {
    /// Never started twice, not even when nobody knows how the first attempt ended: right for deploys.
    #[must_use]
    pub fn never() -> Self {
        Self { max: 0, on: BTreeSet::new() }
    }

    /// Up to `max` more attempts, whatever the cause.
    #[must_use]
    pub fn times(max: u32) -> Self {
        Self { max, on: Cause::RETRIABLE.into() }
    }

    /// Whether attempt `attempt` (from 1), ended by `cause`, is followed by another.
    #[must_use]
    pub fn allows(&self, attempt: u32, cause: Cause) -> bool {
        attempt <= self.max && self.on.contains(&cause)
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self { max: 2, on: [Cause::Lost].into() }
    }
}
