//! `data.monkeyci_pipeline` and `data.monkeyci_pipeline_document`.

use std::collections::BTreeMap;

use serde_json::json;
use tfplugin::{Computed, Context, DataSource, Diagnostic, Object, Result};

use super::unread;
use crate::digest;
use crate::resource::Job;
use crate::server::Server;

/// A pipeline that others look after.
#[derive(Debug, Object)]
pub struct Pipeline {
    /// The organisation that it belongs to; that of the provider when it is not set.
    #[attribute(optional)]
    org: Computed<String>,
    /// Its name.
    name: String,
    /// The `id` of the repository that it is for, where it is for one.
    repo: Computed<Option<String>>,
    /// The repositories that it is for: those that have all labels of one of these.
    label_filters: Computed<Vec<BTreeMap<String, String>>>,
    /// What it is for.
    description: Computed<Option<String>>,
    /// Its script, as a `build.json`.
    script: Computed<String>,
    /// Rises with each change.
    revision: Computed<u64>,
    /// What resources call it: `acme/pipeline/main`.
    id: Computed<String>,
}

/// Jobs as a `build.json`, whose text is always the same for the same jobs: for `script` of `monkeyci_pipeline`, or for a file
/// of a repository. It asks no server.
#[derive(Debug, Object)]
pub struct PipelineDocument {
    /// Its jobs by id.
    jobs: BTreeMap<String, Job>,
    /// The document.
    json: Computed<String>,
    /// Its SHA-256 in hex, for `triggers`.
    sha256: Computed<String>,
}

impl DataSource for Pipeline {
    type Client = Server;
    const NAME: &'static str = "pipeline";

    async fn read(mut self, cx: &Context<Server>) -> Result<Self> {
        let org = cx.client.fill_org(&mut self.org)?;
        let found = cx.client.org(&org).pipeline(&self.name).get().await.map_err(unread("pipeline"))?;
        Ok(Self {
            repo: found.body.repo.map(|repo| format!("{org}/{repo}")).into(),
            label_filters: found.body.label_filters.0.into(),
            description: found.body.description.into(),
            script: found.body.script.to_string().into(),
            revision: found.revision.into(),
            id: format!("{org}/pipeline/{}", self.name).into(),
            ..self
        })
    }
}

impl DataSource for PipelineDocument {
    type Client = Server;
    const NAME: &'static str = "pipeline_document";

    async fn read(self, _: &Context<Server>) -> Result<Self> {
        let unwritten = |error: serde_json::Error| Diagnostic::error("Jobs are no JSON", format!("{error}."));
        let json = serde_json::to_string_pretty(&json!({ "jobs": self.jobs })).map_err(unwritten)?;
        Ok(Self { sha256: digest::sha256(json.as_bytes()).into(), json: json.into(), ..self })
    }
}
