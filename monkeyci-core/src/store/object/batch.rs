//! Facts that were written together, as an object.

use std::sync::Arc;

use monkeyci_model::{BuildId, Event, EventKind, Millis};
use serde::{Deserialize, Serialize};

use crate::store::{BuildRow, JobRow};

/// Facts of a build that belong together, and where it stands after them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Batch {
    /// Drawn for each attempt to write one: by this, whoever finds an object there knows whether it is their own.
    pub(super) writer: String,
    /// How many events the build has before these.
    pub(super) after: u64,
    /// When they were recorded.
    pub(super) time: Millis,
    /// Where the build stands, with all that is known of it.
    pub(super) build: BuildRow,
    /// Where the jobs stand that they are about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) jobs: Vec<JobRow>,
    /// The facts.
    pub(super) facts: Vec<EventKind>,
}

impl Batch {
    /// How many events the build has with these.
    pub(super) fn end(&self) -> u64 {
        self.after + self.facts.len() as u64
    }

    /// The facts as events.
    pub(super) fn events(self) -> impl Iterator<Item = Arc<Event>> {
        let Self { time, build: BuildRow { build, .. }, after, facts, .. } = self;
        let event = move |(seq, kind)| {
            let subject: BuildId = build.clone();
            Arc::new(Event { position: seq, subject, seq, time, kind })
        };
        (after + 1..).zip(facts).map(event)
    }
}
