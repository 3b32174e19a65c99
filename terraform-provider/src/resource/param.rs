//! `monkeyci_param`.

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Diagnostic, Result, Secret};

use crate::address;
use crate::declared::{Declared, declared};
use crate::server::Server;
use crate::snapshot;

/// A param that builds get. One with `value` is shown in plans; one with `value_wo` is secret, and never comes out of the
/// server again. It is imported by its scope and name: `acme/param/REGION`, `acme/web/param/REGION`,
/// `acme/web/env/prod/param/REGION` or `acme/param-set/shop/param/REGION`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
#[object(exactly_one_of(["value", "value_wo"]), requires("value_wo", "value_wo_version"))]
pub struct Param {
    /// Which builds get it: the `id` of an organisation, a repository, an environment or a param set.
    #[attribute(replaces, identity)]
    scope: String,
    /// Its name.
    #[attribute(replaces, identity)]
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
}

impl Declared for Param {
    type Answer = rest::Param;
    type Body = rest::ParamBody;
    const NOUN: &'static str = "param";
    const KIND: Kind = Kind::Param;

    fn place(&mut self, _: &Server) -> Result<()> {
        self.id = format!("{}/param/{}", self.scope, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::Param, rest::ParamBody>> {
        let scope = self.scope.as_str();
        if let Some([org, set]) = address::names("ORG/param-set/NAME", scope) {
            return Ok(server.org(org).param_set(set).param(&self.name));
        }
        if let Some([org, repo, environment]) = address::names("ORG/REPO/env/NAME", scope) {
            return Ok(server.org(org).repo(repo).environment(environment).param(&self.name));
        }
        if let Some([org]) = address::names("ORG", scope) {
            return Ok(server.org(org).param(&self.name));
        }
        let [org, repo] = address::read("scope", "ORG/REPO", scope)?;
        Ok(server.org(org).repo(repo).param(&self.name))
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
        let missing = || {
            let detail = "Its version is new, so it has to be known as well. Is the variable that holds it set?";
            Diagnostic::error("No secret", detail).at("value_wo")
        };
        let value = match &self.value_wo {
            Some(secret) if is_told => Some(secret.expose().to_owned()),
            None if is_told => return Err(missing().into()),
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

    fn is_shown(&self) -> bool {
        self.value.is_some()
    }

    fn attribute(&self, pointer: &str) -> String {
        if self.value.is_none() && pointer == "/value" { "/value_wo".to_owned() } else { pointer.to_owned() }
    }
}

declared!(Param, "param");
