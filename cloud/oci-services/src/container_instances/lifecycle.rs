//! What becomes of an instance or a container.

use serde::{Deserialize, Serialize};

/// What becomes of an instance or a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Lifecycle {
    /// Room is found for it, and its images are pulled.
    Creating,
    /// It is being changed.
    Updating,
    /// It runs.
    Active,
    /// It has ended, and counts against limits until it is deleted.
    Inactive,
    /// It is being deleted.
    Deleting,
    /// It was deleted, and is shown for a while.
    Deleted,
    /// It could not be made, or broke; it counts against limits until it is deleted.
    Failed,
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Lifecycle {
    /// The name that the service has for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Updating => "UPDATING",
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Deleting => "DELETING",
            Self::Deleted => "DELETED",
            Self::Failed => "FAILED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Whether nothing runs of it and never will.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Inactive | Self::Deleting | Self::Deleted | Self::Failed)
    }

    /// Whether it is gone, or about to be: there is nothing left to delete.
    #[must_use]
    pub fn is_gone(self) -> bool {
        matches!(self, Self::Deleting | Self::Deleted)
    }
}
