//! `monkeyci_role_binding`.

use std::collections::{BTreeMap, BTreeSet};

use monkeyci_client::model::RepoId;
use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Diagnostic, Result, Set};

use crate::address;
use crate::declared::{Declared, declared, or_unset};
use crate::role::Role;
use crate::server::Server;

/// Lets some members of an organisation, as a team, do more in some of its repositories than their role in it does. Repositories
/// are named, or have certain labels. What somebody may do in all of them is their `monkeyci_org_member` or
/// `monkeyci_service_account`. It is imported by its path: `acme/role/shop`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
pub struct RoleBinding {
    /// The organisation that it belongs to; that of the provider when it is not set.
    #[attribute(optional, replaces, keeps, identity)]
    org: Computed<String>,
    /// Its name in the organisation.
    #[attribute(replaces, identity)]
    name: String,
    /// Who: names of members of the organisation, and the `id` of service accounts, as `acme/sa/deployer`.
    members: Set<String>,
    /// What they may do there: `developer`, which is to run, cancel and approve builds, or `maintainer`, which is to set up params,
    /// schedules, triggers, environments and webhooks as well.
    role: Role,
    /// Where: the `id` of repositories, as `acme/web`. Those that `label_filters` fit when it is not set.
    repos: Option<Set<String>>,
    /// Where, if no repository is named: in those that have all labels of one of these.
    label_filters: Option<Vec<BTreeMap<String, String>>>,
    /// What it is for.
    description: Option<String>,
    /// What it is called: `acme/role/shop`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Another one with each change.
    revision: Computed<u64>,
}

/// Who it is for the server.
fn person(member: &str) -> Result<String> {
    if let Some([org, account]) = address::names("ORG/sa/NAME", member) {
        return Ok(format!("{org}/{account}"));
    }
    if member.is_empty() || member.contains('/') {
        let detail = format!(
            "{member:?} is neither the name of a member nor the `id` of a service account, as `acme/sa/deployer`."
        );
        return Err(Diagnostic::error("Invalid member", detail).at("members").into());
    }
    Ok(member.to_owned())
}

/// Who it is for Terraform.
fn member(person: String) -> String {
    match person.split_once('/') {
        Some((org, account)) => format!("{org}/sa/{account}"),
        None => person,
    }
}

impl RoleBinding {
    /// The repositories, as their organisation calls them.
    fn named(&self) -> Result<BTreeSet<RepoId>> {
        let own = self.org.known();
        let id = |repo: &String| {
            let named = address::names("ORG/REPO", repo).filter(|[org, _]| own.is_none_or(|own| own == org));
            let wrong = || {
                let detail = format!("{repo:?} is not the `id` of a repository of the organisation, as `acme/web`.");
                Diagnostic::error("Invalid repository", detail).at("repos").into()
            };
            named.and_then(|[_, repo]| repo.parse().ok()).ok_or_else(wrong)
        };
        self.repos.iter().flat_map(|repos| &repos.0).map(id).collect()
    }
}

impl Declared for RoleBinding {
    type Answer = rest::RoleBinding;
    type Body = rest::RoleBindingBody;
    const NOUN: &'static str = "role binding";
    const KIND: Kind = Kind::RoleBinding;
    const ADDRESS: &'static str = "{org}/role/{name}";

    fn place(&mut self, server: &Server) -> Result<()> {
        self.id = format!("{}/role/{}", server.fill_org(&mut self.org)?, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::RoleBinding, rest::RoleBindingBody>> {
        let org = server.fill_org(&mut self.org.clone())?;
        Ok(server.org(&org).role_binding(&self.name))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn body(&self, _: Option<&Self>) -> Result<rest::RoleBindingBody> {
        Ok(rest::RoleBindingBody {
            role: self.role.into(),
            members: self.members.0.iter().map(|member| person(member)).collect::<Result<_>>()?,
            repos: self.named()?,
            label_filters: rest::LabelFilters(self.label_filters.clone().unwrap_or_default()),
            description: self.description.clone(),
        })
    }

    fn filled(self, answer: rest::RoleBinding) -> Self {
        let rest::RoleBindingBody { role, members, repos, label_filters, description } = answer.body;
        let org = self.org.known().cloned().unwrap_or_default();
        let repos: Vec<_> = repos.iter().map(|repo| format!("{org}/{repo}")).collect();
        Self {
            members: Set(members.into_iter().map(member).collect()),
            role: role.into(),
            repos: or_unset(self.repos, Set(repos)),
            label_filters: or_unset(self.label_filters, label_filters.0),
            description,
            revision: answer.revision.into(),
            ..self
        }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::RoleBinding>> {
        Some(export.role_bindings.iter().find(|found| found.name == self.name).cloned())
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, name] = address::imported("ORG/role/NAME", address)?;
        Ok(Self { org: org.to_owned().into(), name: name.to_owned(), ..Self::default() })
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied()
    }
}

declared!(RoleBinding, "role_binding");
