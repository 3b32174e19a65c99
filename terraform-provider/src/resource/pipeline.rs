//! `monkeyci_pipeline`.

mod job;

use std::collections::BTreeMap;

use monkeyci_client::model::RepoId;
use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use serde_json::{Value as Json, json};
use tfplugin::{Computed, Diagnostic, Result};

use crate::address;
use crate::declared::{Declared, declared, or_unset};
use crate::lint;
use crate::server::Server;
pub(crate) use job::Job;

/// A pipeline for repositories that have no script of their own. It is imported by its path: `acme/pipeline/main`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
#[object(exactly_one_of(["jobs", "script"]), at_most_one_of(["repo", "label_filters"]), check(lint::jobs))]
pub struct Pipeline {
    /// The organisation that it belongs to; that of the provider when it is not set.
    #[attribute(optional, replaces, keeps, identity)]
    org: Computed<String>,
    /// Its name in the organisation.
    #[attribute(replaces, identity)]
    name: String,
    /// The `id` of the repository that it is for: `acme/web`.
    repo: Option<String>,
    /// The repositories that it is for, where none is named: those that have all labels of one of these.
    label_filters: Option<Vec<BTreeMap<String, String>>>,
    /// What it is for.
    description: Option<String>,
    /// Its jobs by id.
    jobs: Option<BTreeMap<String, Job>>,
    /// A whole `build.json` in place of `jobs`, for what these do not have: `jsonencode({ … })`, or
    /// `jsonencode(yamldecode(file("build.yaml")))`. How it is laid out does not matter.
    #[attribute(same(same_json))]
    script: Option<String>,
    /// What it is called: `acme/pipeline/main`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each change. Builds tell which one they ran.
    revision: Computed<u64>,
}

/// Whether two texts are the same JSON.
fn same_json(left: &str, right: &str) -> bool {
    match (serde_json::from_str::<Json>(left), serde_json::from_str::<Json>(right)) {
        (Ok(left), Ok(right)) => left == right,
        _ => left == right,
    }
}

impl Pipeline {
    /// The script that the server is told.
    fn document(&self) -> Result<Json> {
        if let Some(jobs) = &self.jobs {
            return Ok(json!({ "jobs": jobs }));
        }
        let wrong = |error: serde_json::Error| Diagnostic::error("Script is no JSON", format!("{error}.")).at("script");
        Ok(serde_json::from_str(self.script.as_deref().unwrap_or_default()).map_err(wrong)?)
    }

    /// The jobs of a script that says nothing else, where each is what a `jobs` may hold.
    fn jobs_of(script: &Json) -> Option<BTreeMap<String, Job>> {
        let script = script.as_object().filter(|script| script.len() == 1)?;
        serde_json::from_value(script.get("jobs")?.clone()).ok()
    }
}

impl Declared for Pipeline {
    type Answer = rest::Pipeline;
    type Body = rest::PipelineBody;
    const NOUN: &'static str = "pipeline";
    const KIND: Kind = Kind::Pipeline;
    const ADDRESS: &'static str = "{org}/pipeline/{name}";

    fn place(&mut self, server: &Server) -> Result<()> {
        self.id = format!("{}/pipeline/{}", server.fill_org(&mut self.org)?, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::Pipeline, rest::PipelineBody>> {
        let org = server.fill_org(&mut self.org.clone())?;
        Ok(server.org(&org).pipeline(&self.name))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn body(&self, _: Option<&Self>) -> Result<rest::PipelineBody> {
        let wrong = |detail: String| Diagnostic::error("Invalid repository", detail).at("repo");
        let repo = match &self.repo {
            Some(repo) => {
                let [org, repo] = address::read("repo", "ORG/REPO", repo)?;
                if self.org.known().is_some_and(|own| own != org) {
                    return Err(
                        wrong(format!("It is of the organisation {org:?}, and the pipeline of another.")).into()
                    );
                }
                Some(RepoId::new(repo).map_err(|error| wrong(format!("{error}.")))?)
            }
            None => None,
        };
        Ok(rest::PipelineBody {
            repo,
            label_filters: rest::LabelFilters(self.label_filters.clone().unwrap_or_default()),
            description: self.description.clone(),
            script: self.document()?,
        })
    }

    fn filled(self, answer: rest::Pipeline) -> Self {
        let body = answer.body;
        let org = self.org.known().cloned().unwrap_or_default();
        let (jobs, script) = match self.document() {
            Ok(own) if own == body.script => (self.jobs, self.script),
            _ => match Self::jobs_of(&body.script).filter(|_| self.script.is_none()) {
                Some(jobs) => (Some(jobs), None),
                None => (None, Some(body.script.to_string())),
            },
        };
        Self {
            repo: body.repo.map(|repo| format!("{org}/{repo}")),
            label_filters: or_unset(self.label_filters, body.label_filters.0),
            description: body.description,
            jobs,
            script,
            revision: answer.revision.into(),
            org: self.org,
            name: self.name,
            id: self.id,
        }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::Pipeline>> {
        Some(export.pipelines.iter().find(|found| found.name == self.name).cloned())
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, name] = address::imported("ORG/pipeline/NAME", address)?;
        Ok(Self { org: org.into(), name: name.to_owned(), ..Self::default() })
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied()
    }

    fn attribute(&self, pointer: &str) -> String {
        match pointer.strip_prefix("/script") {
            Some(rest) if self.jobs.is_some() => rest.to_owned(),
            _ => pointer.to_owned(),
        }
    }
}

declared!(Pipeline, "pipeline");
