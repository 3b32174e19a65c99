//! Every fact of a build.

use serde::{Deserialize, Serialize};

use crate::result::Guarantee;
use crate::script::api::Address;
use crate::{BuildId, BuildStatus, Cause, Job, JobId, JobResult, JobStatus, Millis, Trigger};

/// A fact, and where it stands among the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its place among all events of the store, from 1; 0 for events that are derived and not stored.
    pub position: u64,
    /// What it is about.
    pub subject: BuildId,
    /// Its place among the events of its subject, from 1; 0 for events that are derived.
    pub seq: u64,
    /// When it was recorded.
    pub time: Millis,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened, under the names that MonkeyCI uses on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum EventKind {
    /// Something asked for a build.
    #[serde(rename = "build/triggered")]
    BuildTriggered {
        /// Why, and on what.
        trigger: Box<Trigger>,
    },
    /// Its source is being fetched.
    #[serde(rename = "build/initializing")]
    BuildInitializing {},
    /// Its source is there.
    #[serde(rename = "build/start")]
    BuildStart {
        /// The trigger with what the checkout added: the commit, its message, the changed files.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trigger: Option<Box<Trigger>>,
    },
    /// A person or a newer build stops it.
    #[serde(rename = "build/canceled")]
    BuildCanceled {
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actor: Option<String>,
        /// By which integration they did it, when one acted for them: `acme/slack`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        via: Option<String>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// It is over.
    #[serde(rename = "build/end")]
    BuildEnd {
        /// How it ended.
        status: BuildStatus,
        /// For people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },

    /// Its script is being loaded.
    #[serde(rename = "script/initializing")]
    ScriptInitializing {
        /// The folder, from the root of the checkout.
        script_dir: String,
    },
    /// A job of the script ended well in the build that this one does once more, and its result is taken over: it comes before
    /// [`ScriptStart`](Self::ScriptStart).
    #[serde(rename = "job/taken")]
    JobTaken {
        /// Which job.
        job_id: JobId,
        /// The build in which it ran.
        from: BuildId,
        /// Its attempt there, from 1.
        attempt: u32,
        /// What came out of it.
        result: Box<JobResult>,
    },
    /// Its script is loaded: these are its jobs.
    #[serde(rename = "script/start")]
    ScriptStart {
        /// The jobs, in the order of the script.
        jobs: Vec<Job>,
        /// What the author of the script should know.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
        /// Tests of the script that passed just before; absent when none were run, also because they had passed before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tests: Option<u64>,
        /// The pipeline that was declared elsewhere and stood in for a script of the checkout, with its revision: `main@3`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pipeline: Option<String>,
    },
    /// Its script could not be loaded, or all its jobs are done.
    #[serde(rename = "script/end")]
    ScriptEnd {
        /// How it ended.
        status: BuildStatus,
        /// For people: the picture of the error.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },

    /// The job may run and waits for capacity.
    #[serde(rename = "job/queued")]
    JobQueued {
        /// Which job.
        job_id: JobId,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// The job waits for a person.
    #[serde(rename = "job/blocked")]
    JobBlocked {
        /// Which job.
        job_id: JobId,
    },
    /// A person let it go on.
    #[serde(rename = "job/unblocked")]
    JobUnblocked {
        /// Which job.
        job_id: JobId,
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actor: Option<String>,
        /// By which integration they did it, when one acted for them: `acme/slack`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        via: Option<String>,
    },
    /// A person rejected it or stopped it alone.
    #[serde(rename = "job/canceled")]
    JobCanceled {
        /// Which job.
        job_id: JobId,
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actor: Option<String>,
        /// By which integration they did it, when one acted for them: `acme/slack`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        via: Option<String>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// It can no longer run, or there is no need.
    #[serde(rename = "job/skipped")]
    JobSkipped {
        /// Which job.
        job_id: JobId,
        /// Why, in words.
        reason: String,
    },
    /// A worker holds it.
    #[serde(rename = "job/initializing")]
    JobInitializing {
        /// Which job.
        job_id: JobId,
        /// Which attempt.
        attempt: u32,
        /// The fence of its lease: rises and never repeats.
        fence: u64,
        /// The worker.
        worker: String,
    },
    /// Its first line is about to run.
    #[serde(rename = "job/start")]
    JobStart {
        /// Which job.
        job_id: JobId,
        /// Which attempt.
        attempt: u32,
        /// What will be known of its processes once it ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guarantee: Option<Guarantee>,
        /// The job as it runs, where the script's program has changed it since it was planned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<Box<Job>>,
        /// Where its exposed ports are reached.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        addresses: Vec<Address>,
    },
    /// Its lines did not end well, and its place is kept for a person.
    #[serde(rename = "job/held")]
    JobHeld {
        /// Which job.
        job_id: JobId,
        /// Which attempt.
        attempt: u32,
        /// Until when, at the most.
        until: Millis,
        /// How its lines ended, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// A person opened a shell in its place.
    #[serde(rename = "shell/start")]
    ShellStart {
        /// Which job.
        job_id: JobId,
        /// Which attempt.
        attempt: u32,
        /// Who.
        actor: String,
    },
    /// That shell is over.
    #[serde(rename = "shell/end")]
    ShellEnd {
        /// Which job.
        job_id: JobId,
        /// Which attempt.
        attempt: u32,
        /// Who had it open.
        actor: String,
    },
    /// Its process is over and its files are saved.
    #[serde(rename = "job/executed")]
    JobExecuted {
        /// Which job.
        job_id: JobId,
        /// Which attempt.
        attempt: u32,
        /// What came out; how it ended follows from its cause.
        result: Box<JobResult>,
    },
    /// It is over.
    #[serde(rename = "job/end")]
    JobEnd {
        /// Which job.
        job_id: JobId,
        /// How it ended.
        status: JobStatus,
        /// Why it did not end well.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
    },

    /// A line begins. Derived from the log for subscribers, never stored.
    #[serde(rename = "command/start")]
    CommandStart {
        /// Which job.
        job_id: JobId,
        /// Which attempt.
        attempt: u32,
        /// Which line, from 0.
        index: u32,
    },
    /// A line ended. Derived from the log for subscribers, never stored.
    #[serde(rename = "command/end")]
    CommandEnd {
        /// Which job.
        job_id: JobId,
        /// Which attempt.
        attempt: u32,
        /// Which line, from 0.
        index: u32,
        /// Its exit code.
        exit: i32,
    },
}

impl EventKind {
    /// The job that it is about, when it is about one.
    #[must_use]
    pub fn job_id(&self) -> Option<&JobId> {
        match self {
            Self::JobTaken { job_id, .. }
            | Self::JobQueued { job_id, .. }
            | Self::JobBlocked { job_id }
            | Self::JobUnblocked { job_id, .. }
            | Self::JobCanceled { job_id, .. }
            | Self::JobSkipped { job_id, .. }
            | Self::JobInitializing { job_id, .. }
            | Self::JobStart { job_id, .. }
            | Self::JobHeld { job_id, .. }
            | Self::ShellStart { job_id, .. }
            | Self::ShellEnd { job_id, .. }
            | Self::JobExecuted { job_id, .. }
            | Self::JobEnd { job_id, .. }
            | Self::CommandStart { job_id, .. }
            | Self::CommandEnd { job_id, .. } => Some(job_id),
            _ => None,
        }
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::BuildTriggered { .. } => "build/triggered",
            Self::BuildInitializing {} => "build/initializing",
            Self::BuildStart { .. } => "build/start",
            Self::BuildCanceled { .. } => "build/canceled",
            Self::BuildEnd { .. } => "build/end",
            Self::ScriptInitializing { .. } => "script/initializing",
            Self::ScriptStart { .. } => "script/start",
            Self::ScriptEnd { .. } => "script/end",
            Self::JobTaken { .. } => "job/taken",
            Self::JobQueued { .. } => "job/queued",
            Self::JobBlocked { .. } => "job/blocked",
            Self::JobUnblocked { .. } => "job/unblocked",
            Self::JobCanceled { .. } => "job/canceled",
            Self::JobSkipped { .. } => "job/skipped",
            Self::JobInitializing { .. } => "job/initializing",
            Self::JobStart { .. } => "job/start",
            Self::JobHeld { .. } => "job/held",
            Self::ShellStart { .. } => "shell/start",
            Self::ShellEnd { .. } => "shell/end",
            Self::JobExecuted { .. } => "job/executed",
            Self::JobEnd { .. } => "job/end",
            Self::CommandStart { .. } => "command/start",
            Self::CommandEnd { .. } => "command/end",
        }
    }
}
