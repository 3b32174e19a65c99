//! What may be set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::run::{Engine, Reach};

/// What may be set while it runs. As JSON it is at `/_control/settings`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The namespace of Object Storage.
    pub namespace: String,
    /// The region that resource principals are told.
    pub region: String,
    /// Where containers can be created.
    pub availability_domains: Vec<String>,
    /// Container instances that there may be at once, whatever their state, until they are deleted.
    pub most_container_instances: usize,
    /// What there may be in each availability domain, by the names of limits of `compute`: OCPUs, and GB of memory.
    pub limits: BTreeMap<String, u64>,
    /// The same as a quota allows it to each compartment, where there is one.
    pub quotas: BTreeMap<String, u64>,
    /// Where there is no capacity: everything is "Out of host capacity." there.
    pub out_of_capacity: Vec<Place>,
    /// Calls that each service takes in a second; 0 is as many as come.
    pub calls_per_second: u32,
    /// Milliseconds from one step of a lifecycle to the next.
    pub step_ms: u64,
    /// Milliseconds for which what was created is not found yet.
    pub hidden_ms: u64,
    /// Milliseconds for which what was deleted is still shown.
    pub remembered_ms: u64,
    /// Items of a page, where the caller does not say how many.
    pub page: usize,
    /// An empty page comes before each page.
    pub empty_pages: bool,
    /// Bytes of a container's log that are given: the newest.
    pub log_bytes: u64,
    /// Seconds for which tokens of instances and resources are good.
    pub token_seconds: u64,
    /// What containers are.
    pub engine: Engine,
    /// What network they have, where they are processes.
    pub network: Reach,
    /// What images run, where containers are processes and say no command.
    pub entrypoints: BTreeMap<String, Vec<String>>,
    /// Images that no registry has.
    pub missing_images: Vec<String>,
    /// Registries that want to know who pulls.
    pub registries: BTreeMap<String, Login>,
    /// Variables that every container with a resource principal sees beside its own.
    pub variables: BTreeMap<String, String>,
    /// Bytes that each part of a multipart upload has at least, but the last.
    pub least_part: usize,
    /// Messages of queues that are delivered twice, once in so many; 0 is never.
    pub redeliver_every: u64,
    /// Entries of a batch that fail, once in so many; 0 is never.
    pub fail_every: u64,
    /// Sockets of functions by their OCIDs, as `FN_LISTENER` has them.
    pub functions: BTreeMap<String, String>,
    /// Functions by what paths of the gateway begin with, which is at `/gateway`.
    pub routes: BTreeMap<String, String>,
}

/// Those of a tenancy with universal credits, as they are documented.
const LIMITS: [(&str, u64); 8] = [
    ("standard-a1-core-count", 2_000),
    ("standard-a1-memory-count", 12_800),
    ("standard-e3-core-ad-count", 2_000),
    ("standard-e3-memory-count", 32_000),
    ("standard-e4-core-count", 2_000),
    ("standard-e4-memory-count", 32_000),
    ("standard-e5-core-count", 384),
    ("standard-e5-memory-count", 4_608),
];

/// A place of containers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Place {
    /// The availability domain, or all.
    pub availability_domain: Option<String>,
    /// The shape, or all.
    pub shape: Option<String>,
}

/// Who pulls from a registry.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            namespace: "monkeyci".into(),
            region: "eu-frankfurt-1".into(),
            availability_domains: [1, 2, 3].map(|number| format!("Uocm:EU-FRANKFURT-1-AD-{number}")).to_vec(),
            most_container_instances: 10_000,
            limits: LIMITS.map(|(name, most)| (name.to_owned(), most)).into(),
            quotas: BTreeMap::new(),
            out_of_capacity: Vec::new(),
            calls_per_second: 0,
            step_ms: 20,
            hidden_ms: 0,
            remembered_ms: 60 * 60 * 1000,
            page: 100,
            empty_pages: false,
            log_bytes: 256 * 1024,
            token_seconds: 20 * 60,
            engine: Engine::default(),
            network: Reach::default(),
            entrypoints: BTreeMap::new(),
            missing_images: Vec::new(),
            registries: BTreeMap::new(),
            variables: BTreeMap::new(),
            least_part: 10 * 1024 * 1024,
            redeliver_every: 0,
            fail_every: 0,
            functions: BTreeMap::new(),
            routes: BTreeMap::new(),
        }
    }
}
