//! A job: where it runs, what it runs, and what it needs and leaves.

mod capacity;
mod files;
mod hook;
mod id_token;
mod retry;
mod service;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use capacity::{Arch, PullPolicy, Resources};
pub use files::{Artifact, Cache, Report, ReportFormat, SaveWhen};
pub use hook::Hook;
pub use id_token::IdToken;
pub use retry::Retry;
pub use service::{Health, Service};

use crate::{JobId, Text};

/// A job with all its properties. Every field but `id` may be left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Unique within the build.
    pub id: JobId,

    /// The image of its container; without one it is a plain process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Lines, each run by a shell of its own; the first that fails ends the job. A line of several lines is one script.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub script: Vec<Text>,
    /// A program and its arguments, run with no shell, in place of `script`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<Text>,
    /// The shell of the lines; `/bin/sh` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// Environment variables, by names as written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Text>,
    /// ID tokens that a server gives it, by the variables that hold them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub id_tokens: BTreeMap<String, IdToken>,
    /// The folder the lines run in, from the root of the checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_dir: Option<String>,

    /// The jobs that must end before this one starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<JobId>,
    /// Which outcome of its dependencies it runs on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub when: When,
    /// Whether it waits for a person once its dependencies are done.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blocked: bool,
    /// Whether its failure counts as success for its dependents and its build.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_failure: bool,
    /// Which causes start it again, and how often.
    #[serde(default, skip_serializing_if = "is_default")]
    pub retry: Retry,
    /// Milliseconds that one attempt may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// Jobs of one group never run at the same time, in any build of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency_group: Option<String>,
    /// The environment that it works on. On a server that says from which refs, who approves, and what more it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,

    /// Files kept for other jobs and for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub save_artifacts: Vec<Artifact>,
    /// Artifacts of other jobs put into the workspace first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restore_artifacts: Vec<Artifact>,
    /// Folders that survive from build to build.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<Cache>,
    /// Test reports that are read into the result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<Report>,

    /// Containers beside the job, reached by id and port.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// Ports of the job that others may reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose: Vec<u16>,
    /// What it may use.
    #[serde(flatten)]
    pub resources: Resources,
    /// When its images are pulled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pull: PullPolicy,
    /// In place of the image's entrypoint; only for jobs with an image and a `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// Folders of the host by their place in the container. On a server only what the operator allows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mounts: BTreeMap<String, String>,
    /// Whether the container gets every privilege. On a server only what the operator allows.
    #[serde(default, skip_serializing_if = "is_default")]
    pub privileged: bool,

    /// Labels, for workers and for people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Properties of plugins, and those under `x-`, by their names as written.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extensions: Map<String, Value>,
    /// When the script's program is asked about it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub hooks: BTreeSet<Hook>,
}

/// Which outcome of its dependencies a job runs on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// All of them ended well.
    #[default]
    Success,
    /// One of them failed, or was skipped because something before it failed.
    Failure,
    /// All of them ended, in whatever way.
    Always,
}

/// What a job gets that does not say otherwise. One table, so that the guide and every executor agree.
pub mod limits {
    /// Milliseconds of one attempt: 20 minutes, as MonkeyCI.
    pub const TIMEOUT_MS: u64 = 20 * 60 * 1000;
    /// Bytes of one attempt's log.
    pub const LOG_BYTES: u64 = 256 * 1024 * 1024;
    /// Bytes of one artifact, unpacked.
    pub const ARTIFACT_BYTES: u64 = 10 * 1024 * 1024 * 1024;
    /// Bytes of one cache, unpacked.
    pub const CACHE_BYTES: u64 = 10 * 1024 * 1024 * 1024;
    /// Milliseconds between asking a job to end and killing it.
    pub const GRACE_MS: u64 = 10_000;
    /// Processor cores of a container.
    pub const CPUS: f64 = 1.0;
    /// Memory of a container, in GB of 2^30 bytes.
    pub const MEMORY_GB: f64 = 2.0;
    /// Processes and threads of a container.
    pub const PIDS: i64 = 4096;
    /// Jobs of one build.
    pub const JOBS: usize = 100_000;
    /// Dependencies of one job.
    pub const DEPENDENCIES: usize = 500;
}

impl Job {
    /// A job with this id and nothing else.
    #[must_use]
    pub fn new(id: JobId) -> Self {
        Self {
            id,
            image: None,
            script: Vec::new(),
            command: Vec::new(),
            shell: None,
            env: BTreeMap::new(),
            id_tokens: BTreeMap::new(),
            work_dir: None,
            dependencies: Vec::new(),
            when: When::default(),
            blocked: false,
            allow_failure: false,
            retry: Retry::default(),
            timeout: None,
            concurrency_group: None,
            environment: None,
            save_artifacts: Vec::new(),
            restore_artifacts: Vec::new(),
            caches: Vec::new(),
            reports: Vec::new(),
            services: Vec::new(),
            expose: Vec::new(),
            resources: Resources::default(),
            pull: PullPolicy::default(),
            entrypoint: None,
            mounts: BTreeMap::new(),
            privileged: false,
            labels: BTreeMap::new(),
            extensions: Map::new(),
            hooks: BTreeSet::new(),
        }
    }

    /// Every text of the job in which a secret may stand: its lines, its command and its variables.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut Text> {
        let services =
            self.services.iter_mut().flat_map(|service| service.env.values_mut().chain(&mut service.command));
        self.script.iter_mut().chain(&mut self.command).chain(self.env.values_mut()).chain(services)
    }

    /// Every text of the job in which a secret may stand.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        let services = self.services.iter().flat_map(|service| service.env.values().chain(&service.command));
        self.script.iter().chain(&self.command).chain(self.env.values()).chain(services)
    }
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
