//! `monkeyci_environment`.

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Result, Set};

use crate::address;
use crate::declared::{Declared, declared, or_unset};
use crate::role::Role;
use crate::server::Server;
use crate::snapshot;

/// An environment of a repository: where jobs deploy to, and what stands before that. Its params are `monkeyci_param` with
/// its `id` as their scope. It is imported by its path: `acme/web/env/prod`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
pub struct Environment {
    /// The `id` of the repository: `acme/web`.
    #[attribute(replaces, identity)]
    repo: String,
    /// Its name in the repository.
    #[attribute(replaces, identity)]
    name: String,
    /// Names of people who may approve its jobs. They need the role `developer` at least.
    approvers: Option<Set<String>>,
    /// Who has this role may approve them as well. With neither this nor `approvers` its jobs wait for nobody.
    approver_role: Option<Role>,
    /// Whether who caused a build may not approve its jobs, be they an approver or not.
    #[attribute(default = false)]
    prevent_self: bool,
    /// Globs of the refs whose builds may have jobs of it: of branches, or of full refs where one begins with `refs/`. All
    /// when it is not set.
    refs: Option<Vec<String>>,
    /// Whether one job at a time holds it, over all builds of the repository.
    #[attribute(default = true)]
    exclusive: bool,
    /// What it is.
    description: Option<String>,
    /// What other resources call it: `acme/web/env/prod`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each change.
    revision: Computed<u64>,
}

impl Declared for Environment {
    type Answer = rest::Environment;
    type Body = rest::EnvironmentBody;
    const NOUN: &'static str = "environment";
    const KIND: Kind = Kind::Environment;
    const ADDRESS: &'static str = "{repo}/env/{name}";

    fn place(&mut self, _: &Server) -> Result<()> {
        self.id = format!("{}/env/{}", self.repo, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::Environment, rest::EnvironmentBody>> {
        Ok((*server.repo(&self.repo)?.environment(&self.name)).clone())
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn body(&self, _: Option<&Self>) -> Result<rest::EnvironmentBody> {
        Ok(rest::EnvironmentBody {
            approvers: self.approvers.clone().unwrap_or_default().0,
            approver_role: self.approver_role.map(Into::into),
            prevent_self: self.prevent_self,
            refs: self.refs.clone().unwrap_or_default(),
            exclusive: self.exclusive,
            description: self.description.clone(),
        })
    }

    fn filled(self, answer: rest::Environment) -> Self {
        let rest::EnvironmentBody { approvers, approver_role, prevent_self, refs, exclusive, description } =
            answer.body;
        Self {
            approvers: or_unset(self.approvers, Set(approvers)),
            approver_role: approver_role.map(Into::into),
            prevent_self,
            refs: or_unset(self.refs, refs),
            exclusive,
            description,
            revision: answer.revision.into(),
            ..self
        }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::Environment>> {
        let all = &snapshot::repo(export, &self.repo)?.environments;
        let found = all.iter().find(|found| found.environment.name == self.name);
        Some(found.map(|found| found.environment.clone()))
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, repo, name] = address::imported("ORG/REPO/env/NAME", address)?;
        Ok(Self { repo: format!("{org}/{repo}"), name: name.to_owned(), ..Self::default() })
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied()
    }
}

declared!(Environment, "environment");
