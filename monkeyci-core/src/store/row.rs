//! Where builds and jobs stand, as rows: what a list shows without replaying anything.

use monkeyci_model::{BuildId, BuildStatus, JobId, JobStatus, Millis, Trigger};
use serde::{Deserialize, Serialize};

/// Where a build stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildRow {
    /// The build.
    pub build: BuildId,
    /// Where it stands.
    pub status: BuildStatus,
    /// For people: why it ended as it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What was asked for, as the engine writes it: what going on after a restart needs and the events do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Why it runs, and on what; without the changed files, which may be many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Box<Trigger>>,
    /// When it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Millis>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Millis>,
    /// How many events it has. The store counts them; in a commit the number is not looked at.
    pub events: u64,
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobRow {
    /// The job.
    pub job: JobId,
    /// Where it stands.
    pub status: JobStatus,
    /// Its newest attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// The fence of its newest lease; 0 before the first.
    pub fence: u64,
    /// When its newest attempt's first line ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Millis>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Millis>,
}

impl BuildRow {
    /// Takes over what an older row knows and this one does not say.
    pub(super) fn keep(&mut self, old: Self) {
        self.message = self.message.take().or(old.message);
        self.request = self.request.take().or(old.request);
        self.trigger = self.trigger.take().or(old.trigger);
        self.created = self.created.or(old.created);
        self.ended = self.ended.or(old.ended);
    }
}

impl JobRow {
    /// Takes over what an older row knows and this one does not say.
    pub(super) fn keep(&mut self, old: &Self) {
        self.started = self.started.or(old.started);
        self.ended = self.ended.or(old.ended);
    }
}
