//! `monkeyci_trigger`.

use std::collections::BTreeMap;

use monkeyci_client::model::{BuildStatus, RepoId};
use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Choice, Computed, Diagnostic, Field as _, Result, Set};

use crate::address;
use crate::declared::{Declared, declared, or_unset};
use crate::lint;
use crate::server::Server;
use crate::snapshot;

/// Builds a repository when a build of another one has ended. It is imported by its path: `acme/web/trigger/after-lib`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
pub struct Trigger {
    /// The `id` of the repository that is built: `acme/web`.
    #[attribute(replaces, identity)]
    repo: String,
    /// Its name in the repository.
    #[attribute(replaces, identity)]
    name: String,
    /// The `id` of the other repository, of the same organisation.
    source: String,
    /// How its build has to end, one of `success`, `failure`, `error` and `canceled`.
    #[attribute(default = Set(vec![Ended::Success]).to_value())]
    statuses: Set<Ended>,
    /// Globs of the refs that its build is of: of branches, or of full refs where one begins with `refs/`. The branch that is
    /// built by default there when it is not set.
    refs: Option<Vec<String>>,
    /// The branch that is built; the default one when it is not set.
    #[attribute(check(lint::branch()))]
    branch: Option<String>,
    /// Params of its builds.
    params: Option<BTreeMap<String, String>>,
    /// Names of params that are taken over from the other build, unless they are secret.
    pass_params: Option<Vec<String>>,
    /// Whether it does anything.
    #[attribute(default = true)]
    enabled: bool,
    /// What it is called: `acme/web/trigger/after-lib`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Another one with each change.
    revision: Computed<u64>,
}

/// How a build has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Ended {
    /// Every job that counts ended well.
    Success,
    /// A job failed.
    Failure,
    /// MonkeyCI or what it stands on broke.
    Error,
    /// A person or a newer build stopped it.
    Canceled,
}

impl Ended {
    fn of(status: BuildStatus) -> Option<Self> {
        match status {
            BuildStatus::Success => Some(Self::Success),
            BuildStatus::Failure => Some(Self::Failure),
            BuildStatus::Error => Some(Self::Error),
            BuildStatus::Canceled => Some(Self::Canceled),
            _ => None,
        }
    }

    fn status(self) -> BuildStatus {
        match self {
            Self::Success => BuildStatus::Success,
            Self::Failure => BuildStatus::Failure,
            Self::Error => BuildStatus::Error,
            Self::Canceled => BuildStatus::Canceled,
        }
    }
}

impl Declared for Trigger {
    type Answer = rest::Trigger;
    type Body = rest::TriggerBody;
    const NOUN: &'static str = "trigger";
    const KIND: Kind = Kind::Trigger;
    const ADDRESS: &'static str = "{repo}/trigger/{name}";

    fn place(&mut self, _: &Server) -> Result<()> {
        self.id = format!("{}/trigger/{}", self.repo, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::Trigger, rest::TriggerBody>> {
        Ok(server.repo(&self.repo)?.trigger(&self.name))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn body(&self, _: Option<&Self>) -> Result<rest::TriggerBody> {
        let [own, _] = address::read("repo", "ORG/REPO", &self.repo)?;
        let [org, repo] = address::read("source", "ORG/REPO", &self.source)?;
        let wrong = |detail: String| Diagnostic::error("Invalid source", detail).at("source");
        if own != org {
            return Err(wrong(format!("It is of the organisation {org:?}, and the trigger of {own:?}.")).into());
        }
        Ok(rest::TriggerBody {
            repo: RepoId::new(repo).map_err(|error| wrong(format!("{error}.")))?,
            statuses: self.statuses.0.iter().map(|ended| ended.status()).collect(),
            refs: self.refs.clone().unwrap_or_default(),
            branch: self.branch.clone(),
            params: self.params.clone().unwrap_or_default(),
            pass_params: self.pass_params.clone().unwrap_or_default(),
            enabled: self.enabled,
        })
    }

    fn filled(self, answer: rest::Trigger) -> Self {
        let rest::TriggerBody { repo, statuses, refs, branch, params, pass_params, enabled } = answer.body;
        let revision = answer.revision.into();
        let org = self.repo.split('/').next().unwrap_or_default();
        Self {
            source: format!("{org}/{repo}"),
            statuses: statuses.into_iter().filter_map(Ended::of).collect(),
            refs: or_unset(self.refs, refs),
            branch,
            params: or_unset(self.params, params),
            pass_params: or_unset(self.pass_params, pass_params),
            enabled,
            revision,
            ..self
        }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::Trigger>> {
        let found = snapshot::repo(export, &self.repo)?.triggers.iter().find(|found| found.name == self.name);
        Some(found.cloned())
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, repo, name] = address::imported("ORG/REPO/trigger/NAME", address)?;
        Ok(Self { repo: format!("{org}/{repo}"), name: name.to_owned(), ..Self::default() })
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied()
    }

    fn attribute(&self, pointer: &str) -> String {
        if pointer == "/repo" { "/source".to_owned() } else { pointer.to_owned() }
    }
}

declared!(Trigger, "trigger");
