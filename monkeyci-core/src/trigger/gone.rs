//! What builds were of is gone, outside of any server.

use monkeyci_model::{Millis, OrgId, RepoId};
use serde::{Deserialize, Serialize};

use super::Change;

/// A branch, a tag or a pull request is gone: what a front door leaves in a queue, so that whoever takes it stops what is
/// built of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gone {
    /// The form of this; [`Gone::VERSION`].
    pub version: u32,
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// When it was told.
    pub received: Millis,
    /// The full ref.
    pub reference: String,
}

impl Gone {
    /// The form that this version writes, and reads.
    pub const VERSION: u32 = 1;

    /// The kind of the message that it travels in.
    pub const KIND: &str = "build/gone";

    /// What is gone by a change, where something is.
    #[must_use]
    pub fn of(change: &Change, (org, repo): (OrgId, RepoId), received: Millis) -> Option<Self> {
        let reference = change.ended()?;
        Some(Self { version: Self::VERSION, org, repo, received, reference })
    }
}
