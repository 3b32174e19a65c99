//! `monkeyci_param`.

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Diagnostic, Moved, Result, Secret};

use crate::address;
use crate::declared::{Declared, declared};
use crate::moved::{self, is_placed};
use crate::scope;
use crate::secret;
use crate::server::Server;
use crate::snapshot;

/// A param that builds get. One with `value` is shown in plans; one with `value_wo` is secret, and never comes out of the
/// server again. It is imported by its scope and name: `acme/param/REGION`, `acme/web/param/REGION`,
/// `acme/web/env/prod/param/REGION` or `acme/param-set/shop/param/REGION`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
#[object(exactly_one_of(["value", "value_wo"]), requires("value_wo", "value_wo_version"))]
pub struct Param {
    /// Which builds get it: the `id` of an organisation, a repository, an environment or a param set.
    #[attribute(replaces_if(is_placed), identity)]
    scope: String,
    /// Its name.
    #[attribute(replaces_if(is_placed), identity)]
    name: String,
    /// Its value, where that is no secret.
    value: Option<String>,
    /// Its value, where that is a secret.
    #[attribute(write_only)]
    value_wo: Option<Secret>,
    /// Count it up to have `value_wo` written. When somebody else has written another secret, it is written again.
    value_wo_version: Option<i64>,
    /// What it is for.
    description: Option<String>,
    /// What it is called: `acme/web/param/REGION`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each value that is written.
    version: Computed<u64>,
    /// A keyed digest of a secret value: equal values of one organisation have equal ones.
    fingerprint: Computed<Option<String>>,
    /// Another one with each change.
    revision: Computed<u64>,
}

impl Declared for Param {
    type Answer = rest::Param;
    type Body = rest::ParamBody;
    const NOUN: &'static str = "param";
    const KIND: Kind = Kind::Param;
    const ADDRESS: &'static str = "{scope}/param/{name}";

    fn place(&mut self, _: &Server) -> Result<()> {
        self.id = format!("{}/param/{}", self.scope, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::Param, rest::ParamBody>> {
        scope::param(server, &self.scope, &self.name)
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// A secret is told only where the user has counted up, or where it is new.
    fn body(&self, prior: Option<&Self>) -> Result<rest::ParamBody> {
        let description = self.description.clone();
        if self.value.is_some() {
            return Ok(rest::ParamBody { value: self.value.clone(), secret: false, description });
        }
        let is_told = prior.is_none_or(|prior| prior.value_wo_version != self.value_wo_version);
        let value = match &self.value_wo {
            Some(secret) if is_told => Some(secret.expose().to_owned()),
            None if is_told => return Err(secret::missing("value_wo").into()),
            _ => None,
        };
        Ok(rest::ParamBody { value, secret: true, description })
    }

    fn draft(&self) -> Result<rest::ParamBody> {
        let (value, description) = (self.value.clone(), self.description.clone());
        Ok(rest::ParamBody { secret: value.is_none(), value, description })
    }

    /// A secret that is not the one that Terraform has written has no version of Terraform's.
    fn filled(self, answer: rest::Param) -> Self {
        let is_own = self.version.known().is_none_or(|version| *version == answer.version);
        Self {
            value: answer.value,
            value_wo_version: self.value_wo_version.filter(|_| is_own && answer.secret),
            description: answer.description,
            version: answer.version.into(),
            fingerprint: answer.fingerprint.into(),
            revision: answer.revision.into(),
            ..self
        }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::Param>> {
        let scope = self.scope.as_str();
        let params = if let Some([_, set]) = address::names("ORG/param-set/NAME", scope) {
            &export.param_sets.iter().find(|found| found.set.name == set)?.params
        } else if let Some([org, repo, environment]) = address::names("ORG/REPO/env/NAME", scope) {
            let repo = snapshot::repo(export, &format!("{org}/{repo}"))?;
            &repo.environments.iter().find(|found| found.environment.name == environment)?.params
        } else if let Some([_]) = address::names("ORG", scope) {
            &export.params
        } else {
            &snapshot::repo(export, scope)?.params
        };
        Some(params.iter().find(|found| found.name == self.name).cloned())
    }

    fn of_address(address: &str) -> Result<Self> {
        let Some((scope, name)) =
            address.rsplit_once("/param/").filter(|(scope, name)| !scope.is_empty() && !name.contains('/'))
        else {
            let detail = format!("{address:?} is not written as `SCOPE/param/NAME`, with the `id` of its scope.");
            return Err(Diagnostic::error("Invalid address", detail).into());
        };
        Ok(Self { scope: scope.to_owned(), name: name.to_owned(), ..Self::default() })
    }

    /// Values are taken over where they are no secrets.
    fn of_other(source: &Moved) -> Option<Self> {
        let own = Self {
            id: String::new().into(),
            version: 0.into(),
            fingerprint: None.into(),
            revision: 0.into(),
            ..Self::default()
        };
        let (name, repo) = (|word| moved::name(source, word), |word| moved::repo(source, word));
        Some(match source.type_name.as_str() {
            "drone_secret" => Self { scope: repo("repository"), name: name("name"), ..own },
            "drone_orgsecret" => Self { scope: name("namespace"), name: name("name"), ..own },
            "woodpecker_secret" | "woodpecker_org_secret" | "woodpecker_repository_secret" => {
                Self { name: name("name"), ..own }
            }
            "circleci_context_environment_variable" => Self { name: name("name"), ..own },
            "circleci_project_environment_variable" => Self { scope: repo("project_slug"), name: name("name"), ..own },
            "github_actions_secret" | "github_actions_organization_secret" => Self { name: name("secret_name"), ..own },
            "github_actions_variable" | "github_actions_organization_variable" => {
                Self { name: name("variable_name"), value: moved::set(source, "value"), ..own }
            }
            "gitlab_project_variable" => Self { scope: repo("project"), name: name("key"), ..own },
            "gitlab_group_variable" => Self { scope: name("group"), name: name("key"), ..own },
            "buildkite_cluster_secret" => Self { name: name("key"), ..own },
            _ => return None,
        })
    }

    fn is_placed(&self) -> bool {
        !self.scope.is_empty() && !self.name.is_empty()
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied().filter(|revision| *revision > 0)
    }

    fn attribute(&self, pointer: &str) -> String {
        if self.value.is_none() && pointer == "/value" { "/value_wo".to_owned() } else { pointer.to_owned() }
    }
}

declared!(Param, "param");
