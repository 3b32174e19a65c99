//! Port: where facts, rows and effects are kept.
//!
//! One verb writes: [`Store::commit`], a whole batch in one transaction. What it returns is durable.

use async_trait::async_trait;
use monkeyci_model::{BuildId, Event, EventKind, Millis};

use crate::attempt::Attempt;

/// Facts of one build that belong together, with what must happen because of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// The build.
    pub build: BuildId,
    /// How many events the build has before these; another number means that somebody else wrote in between.
    pub after: u64,
    /// The facts, in order.
    pub facts: Vec<EventKind>,
    /// When they were recorded.
    pub time: Millis,
}

/// Why a store could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else wrote to the build in between.
    #[error("build `{build}` has other events than expected: another process writes to this store")]
    Conflict {
        /// The build.
        build: BuildId,
    },
    /// The disk is full.
    #[error("the disk of `{path}` is full")]
    Full {
        /// The database's file.
        path: String,
    },
    /// Another process uses the store.
    #[error("`{path}` is in use by another process")]
    InUse {
        /// The database's file.
        path: String,
    },
    /// What is stored cannot be read.
    #[error("`{path}` is damaged or of another version: {reason}")]
    Damaged {
        /// The database's file.
        path: String,
        /// What was found.
        reason: String,
    },
    /// The database broke.
    #[error("{what}: {reason}")]
    Database {
        /// What was being done.
        what: &'static str,
        /// What went wrong.
        reason: String,
    },
}
