//! The API of its own build that a program has while it runs an action or a hook.
//!
//! It is HTTP/1.1 with JSON, at the place that the variable [`URL`] names: `unix:/path/of/a/socket`, or
//! `http://127.0.0.1:8123` where a path would be too long for a socket. Every request carries the token that the
//! variable [`TOKEN`] holds, as `Authorization: Bearer TOKEN`. The token is good for one attempt of one job, while it
//! runs.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `GET /v1/build` | | [`Build`] |
//! | `GET /v1/params` | | an object of texts, by name; secrets by their values |
//! | `GET /v1/jobs` | | a list of [`JobView`], in the order of the script |
//! | `GET /v1/jobs/ID` | | [`JobView`] |
//! | `GET /v1/jobs/ID/log?offset=N` | | some bytes of the log of its newest attempt from there on; none at its end |
//! | `POST /v1/artifacts/ID/save` | [`Place`] | [`SavedFile`](crate::result::SavedFile) |
//! | `POST /v1/artifacts/ID/restore` | [`Place`] | nothing |
//! | `POST /v1/caches/ID/save` | [`Place`] | nothing |
//! | `POST /v1/caches/ID/restore` | [`Place`] | [`Restored`] |
//! | `POST /v1/result` | [`Answer`](super::Answer) | nothing |
//!
//! What has no answer is answered with 204; what is refused, with another status than 2xx and a [`Problem`]: 400 for a
//! body or path that is wrong, 401 for a token, 404 for a job, artifact or file that is not there, 405, 409 when the
//! attempt is over and would save something or asks for jobs, 413 for a body of more than 1 MiB, 422 for files that
//! cannot be saved or restored.
//!
//! Paths are from the work dir of the job. Files do not travel over the socket: they are taken from the job's workspace,
//! and put there. Result fields that are told are added to the job's result however it ends; those in the answer of the
//! program win where both have a name.

use serde::{Deserialize, Serialize};

use crate::{BuildId, Job, JobId, JobResult, JobStatus, Trigger};

/// The variable that says where the API is.
pub const URL: &str = "MONKEYCI_API";

/// The variable that holds the token.
pub const TOKEN: &str = "MONKEYCI_API_TOKEN";

/// Bytes of the longest body of a request.
pub const BODY_BYTES: usize = 1024 * 1024;

/// The build that asks, and as which of its jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// The build.
    pub id: BuildId,
    /// The job that asks.
    pub job: JobId,
    /// Which attempt of it, from 1.
    pub attempt: u32,
    /// Why the build runs, and on what; secrets among its params are references.
    pub trigger: Trigger,
}

/// A job of the build, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// The job; secrets in it are references.
    pub job: Job,
    /// Where it stands.
    pub status: JobStatus,
    /// Its newest attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// What came out of the newest attempt that has run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<JobResult>,
    /// Where its exposed ports are reached while it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
}

/// Where an exposed port of a job is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// The port, as the job exposes it.
    pub exposed: u16,
    /// A name or an address.
    pub host: String,
    /// The port there.
    pub port: u16,
}

/// Where files are, in the workspace of the job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// From the job's work dir.
    pub path: String,
    /// Of a cache: its key, which may hold `{{ hash "Cargo.lock" }}`; without one it is its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Of a cache: beginnings of other keys that will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<String>,
}

/// Whether there was something to restore from a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    /// Whether files were restored.
    pub found: bool,
    /// Whether they are those of the very key.
    pub exact: bool,
}

/// Why a request was refused, as RFC 9457 has it (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The status, in words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// For people: what was wrong, and what to do.
    pub detail: String,
}
