//! A job, as a script has it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tfplugin::Object;

/// A job, with what a `build.json` may say of one. What `docs/formats.md` says of each holds here too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub struct Job {
    /// The image of its container; without one it is a plain process.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    /// Lines, each run by a shell of its own; an entry of several lines is one script.
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<Vec<String>>,
    /// A program and its arguments, run with no shell, in place of `script`.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Vec<String>>,
    /// Arguments put after `command`.
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Vec<String>>,
    /// In place of the image's entrypoint; needs `image` and `command`.
    #[serde(skip_serializing_if = "Option::is_none")]
    entrypoint: Option<Vec<String>>,
    /// The shell of the lines; `/bin/sh` when it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    shell: Option<String>,
    /// Environment variables by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<BTreeMap<String, String>>,
    /// Params of the build that become environment variables of the same name.
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<Vec<String>>,
    /// ID tokens that the server gives it, by the variables that hold them: by them clouds and vaults know the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    id_tokens: Option<BTreeMap<String, IdToken>>,
    /// The folder that the lines run in, from the root of the checkout.
    #[serde(skip_serializing_if = "Option::is_none")]
    work_dir: Option<String>,
    /// The jobs that must end before this one starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    dependencies: Option<Vec<String>>,
    /// Which outcome of its dependencies it runs on: `success`, `failure` or `always`.
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    /// The job is left out of builds that this does not fit.
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    r#if: Option<Condition>,
    /// Whether it waits for a person's approval once its dependencies are done.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<bool>,
    /// Whether its failure counts as success for its dependents and its build.
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_failure: Option<bool>,
    /// How often it is started again, and by which causes.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<Retry>,
    /// What one attempt may take, as `20m` or `1h30m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,
    /// Jobs of one group never run at the same time in a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency_group: Option<String>,
    /// The name of the environment that it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    /// One job for each combination of values.
    #[serde(skip_serializing_if = "Option::is_none")]
    matrix: Option<BTreeMap<String, Vec<String>>>,
    /// Files kept for other jobs and for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    save_artifacts: Option<Vec<Artifact>>,
    /// Ids of artifacts of other jobs that are put into the workspace first.
    #[serde(skip_serializing_if = "Option::is_none")]
    restore_artifacts: Option<Vec<String>>,
    /// Folders that survive from build to build.
    #[serde(skip_serializing_if = "Option::is_none")]
    caches: Option<Vec<Cache>>,
    /// Paths or globs of test reports in the format of JUnit.
    #[serde(skip_serializing_if = "Option::is_none")]
    reports: Option<Vec<String>>,
    /// Containers beside the job by id, reached by that and their ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    services: Option<BTreeMap<String, Service>>,
    /// Ports of the job that others may reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    expose: Option<Vec<u16>>,
    /// n processor cores and 2n GB of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u32>,
    /// Processor cores; a part of one is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpus: Option<f64>,
    /// GB of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<f64>,
    /// The processor's architecture: `amd` or `arm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    arch: Option<String>,
    /// When its images are pulled: `if-missing`, `always` or `never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pull: Option<String>,
    /// Folders of the host by their path there, each with its place in the container. A server has to allow them.
    #[serde(skip_serializing_if = "Option::is_none")]
    mounts: Option<BTreeMap<String, String>>,
    /// Whether the container gets every privilege. A server has to allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    privileged: Option<bool>,
    /// Labels, for workers and for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
}

/// An ID token of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct IdToken {
    /// For whom it is good: what the cloud or vault expects in `aud`.
    audience: Vec<String>,
}

/// Conditions are made of the same twice, since types of Terraform do not hold themselves.
macro_rules! condition {
    ($(#[doc = $doc:literal])* $name:ident { $($more:tt)* }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Object)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Patterns of the branch.
            #[serde(skip_serializing_if = "Option::is_none")]
            branch: Option<Vec<String>>,
            /// Whether the branch is the repository's main branch.
            #[serde(skip_serializing_if = "Option::is_none")]
            main_branch: Option<bool>,
            /// Patterns of the tag.
            #[serde(skip_serializing_if = "Option::is_none")]
            tag: Option<Vec<String>>,
            /// Patterns of the branch that a pull request is to be merged into.
            #[serde(skip_serializing_if = "Option::is_none")]
            target: Option<Vec<String>>,
            /// Patterns of a file that changed.
            #[serde(skip_serializing_if = "Option::is_none")]
            paths: Option<Vec<String>>,
            /// What caused the build: `push`, `pull-request`, `manual`, `schedule`, `build`, or the name of a source.
            #[serde(skip_serializing_if = "Option::is_none")]
            event: Option<Vec<String>>,
            /// Whether the code comes from somebody who may not push here.
            #[serde(skip_serializing_if = "Option::is_none")]
            fork: Option<bool>,
            $($more)*
        }
    };
}

condition! {
    /// Which builds a job is in. All that is set must hold; of several values of one, any.
    Condition {
        /// Holds where this does not.
        #[serde(skip_serializing_if = "Option::is_none")]
        not: Option<Exclusion>,
    }
}

condition! {
    /// Which builds a job is not in: those that all of it fits.
    Exclusion {}
}

/// How often a job is started again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Attempts after the first.
    max: u32,
    /// `failure`, `timeout`, `out-of-memory`, `image`, `service`, `lost`, `infrastructure`; any when it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on: Option<Vec<String>>,
}

/// Files that are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Unique within the build.
    id: String,
    /// A file or folder, from the job's work dir.
    path: String,
    /// After which outcome it is saved: `success`, `failure` or `always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    save: Option<String>,
}

/// A folder that survives from build to build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// Unique within the repository.
    id: String,
    /// A file or folder, from the job's work dir.
    path: String,
    /// A cache of the same key is not saved again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Beginnings of keys that serve when `key` is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fallbacks: Option<Vec<String>>,
    /// After which outcome it is saved: `success`, `failure` or `always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    save: Option<String>,
}

/// A container beside a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its image.
    image: String,
    /// The ports that it listens on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ports: Option<Vec<u16>>,
    /// Environment variables by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    env: Option<BTreeMap<String, String>>,
    /// Arguments in place of the image's command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<Vec<String>>,
    /// Run inside the service; it is ready when this ends with 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    health: Option<String>,
}
