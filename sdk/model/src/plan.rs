//! The jobs that a script answers with.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Job;
use crate::job::Hook;

/// The version of the protocol that [`Plan`] belongs to. A server reads the current and the previous one.
pub const PROTOCOL: u32 = 1;

/// The jobs of a build, before any of them has run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The protocol's version, [`PROTOCOL`].
    pub protocol: u32,
    /// The jobs, in the order of the script.
    pub jobs: Vec<Job>,
    /// What the author of the script should know, though the build goes on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Properties of jobs that the program acts on, and when: jobs of files beside it may have them, and are marked then
    /// with these [hooks](Job::hooks). The plan's own jobs carry their marks already.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, BTreeSet<Hook>>,
}

impl From<Vec<Job>> for Plan {
    fn from(jobs: Vec<Job>) -> Self {
        Self { protocol: PROTOCOL, jobs, warnings: Vec::new(), extensions: BTreeMap::new() }
    }
}
