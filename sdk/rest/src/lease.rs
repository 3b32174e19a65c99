//! What a worker elsewhere and its server say to each other.
//!
//! Every request carries the worker's token, and in the header [`HOME`] which of its folders it works in. An attempt is
//! named by its fence, and is shown to the worker that holds it and to no other. Every request may be sent again.

use monkeyci_model::result::Guarantee;
use monkeyci_model::script::api::Address;
use monkeyci_model::{BuildId, Job, JobResult, Millis, SecretRef, Trigger};
use serde::{Deserialize, Serialize};

use crate::WorkerFacts;
use crate::log::Mark;

/// The header that says in which folder a worker works: two that share a token are told from each other by it.
pub const HOME: &str = "monkeyci-worker-home";

/// The version of what is written down here.
pub const PROTOCOL: u32 = 1;

/// Bytes of the longest head of a piece of log, and of its bytes.
pub const CHUNK_HEAD: usize = 4 * 1024 * 1024;

/// Bytes of the longest result.
pub const RESULT_BYTES: usize = 32 * 1024 * 1024;

/// A worker begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hello {
    /// The version that it speaks.
    pub protocol: u32,
    /// What it says of itself.
    pub facts: WorkerFacts,
}

/// What a worker has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// Its name.
    pub name: String,
    /// The label of the server, which tells it from every other.
    pub instance: String,
    /// Bytes of log that one attempt may write.
    pub log_limit: u64,
    /// Milliseconds that it may be silent before its jobs are lost.
    pub lease: u64,
}

/// A worker asks for jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ask {
    /// Jobs that it has room for. At 0 it gives back what it does not hold.
    pub room: u32,
    /// Fences of all attempts that it has in hand. What it was leased and does not name here, it is leased again.
    pub holds: Vec<u64>,
    /// Milliseconds that it waits when there is no job.
    #[serde(default)]
    pub wait: u64,
    /// Whether it has only begun. Then it waits for nothing, and what it is not leased now is not wanted of it any more.
    #[serde(default)]
    pub begins: bool,
}

/// Jobs that a worker is to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Leases {
    /// They.
    pub leases: Vec<Lease>,
}

/// A job that a worker is to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// The fence of the attempt, which names it.
    pub fence: u64,
    /// The build.
    pub build: BuildId,
    /// The attempt's number, from 1.
    pub attempt: u32,
    /// The job; secrets in it are references.
    pub job: Job,
    /// The build's context.
    pub trigger: Trigger,
    /// The folder of the build's script, from the root of the checkout.
    pub script_dir: String,
}

/// What became of a worker's claim to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// It holds.
    Holds,
    /// The job is to be stopped; its result is still wanted.
    Canceled,
    /// Another attempt has taken its place, or the build is over.
    Stale,
}

/// A worker lives, and has these attempts in hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Renew {
    /// Their fences.
    pub holds: Vec<u64>,
}

/// What became of the claims, in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// They.
    pub claims: Vec<Claim>,
}

/// What became of one claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Claimed {
    /// It.
    pub claim: Claim,
}

/// The first line of a job is about to run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Started {
    /// What will be known of its processes once it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guarantee: Option<Guarantee>,
    /// The job as it runs, where the script's program has changed it; secrets in it are references.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Box<Job>>,
    /// Where its exposed ports are reached.
    #[serde(default)]
    pub addresses: Vec<Address>,
}

/// The lines of a job did not end well, and its place is held for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Held {
    /// Until when.
    pub until: Millis,
    /// How they ended, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What came out of an attempt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Executed {
    /// It.
    pub result: JobResult,
}

/// The head of a piece of log: a line of JSON, after which come the bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChunkHead {
    /// Where the bytes belong, from the log's beginning.
    pub offset: u64,
    /// Where streams and lines change, in order.
    #[serde(default)]
    pub marks: Vec<Mark>,
}

/// What the job of a lease needs beside its files.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Supply {
    /// The secrets that it may know.
    pub secrets: Vec<SecretValue>,
    /// Who it is at private registries, which its images are pulled from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registries: Vec<RegistryLogin>,
    /// The digest (BLAKE3) of the compiled program of its script, where that has a part in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

/// A secret and its value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SecretValue {
    /// Which.
    pub secret: SecretRef,
    /// Its value.
    pub value: String,
}

/// Who a job is at a private registry.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RegistryLogin {
    /// The registry's host.
    pub host: String,
    /// The user.
    pub username: String,
    /// The password or token.
    pub password: String,
}

/// Without the password.
impl std::fmt::Debug for RegistryLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistryLogin").field("host", &self.host).finish_non_exhaustive()
    }
}

/// Without any value.
impl std::fmt::Debug for Supply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Supply").field("program", &self.program).finish_non_exhaustive()
    }
}

/// Without its value.
impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretValue").field("secret", &self.secret).finish_non_exhaustive()
    }
}

/// A blob that an attempt may see: an artifact or a cache, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Blob {
    /// Its key.
    pub key: String,
    /// Bytes of it.
    pub size: u64,
    /// When it was stored.
    pub time: i64,
}

/// Blobs that an attempt may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Blobs {
    /// They.
    pub blobs: Vec<Blob>,
}
