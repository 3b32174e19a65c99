//! `monkeyci_registry_credential`.

use std::collections::BTreeMap;

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Result, Secret};

use crate::address;
use crate::declared::{Declared, declared, or_unset};
use crate::secret;
use crate::server::Server;

/// Who builds of an organisation are at a private registry, where images of their jobs, services and scripts are pulled. The
/// password never comes out of the server again. It is imported by its path: `acme/registry/ghcr`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
#[object(requires("password_wo", "password_wo_version"))]
pub struct RegistryCredential {
    /// The organisation that it belongs to; that of the provider when it is not set.
    #[attribute(optional, replaces, keeps, identity)]
    org: Computed<String>,
    /// Its name in the organisation.
    #[attribute(replaces, identity)]
    name: String,
    /// The registry's host, with its port where it has one: `ghcr.io`, and `docker.io` for images without a host. Another host
    /// needs the password anew.
    host: String,
    /// The user; `<token>` where the password is an identity token.
    username: String,
    /// The password or token.
    #[attribute(write_only)]
    password_wo: Option<Secret>,
    /// Count it up to have `password_wo` written. When somebody else has written another password, it is written again.
    password_wo_version: Option<i64>,
    /// The repositories whose builds have it: those that have all labels of one of these. All when it is not set.
    label_filters: Option<Vec<BTreeMap<String, String>>>,
    /// What it is for.
    description: Option<String>,
    /// What it is called: `acme/registry/ghcr`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each password that is written.
    version: Computed<u64>,
    /// A keyed digest of the password: equal ones of one organisation have equal ones.
    fingerprint: Computed<String>,
    /// Rises with each change.
    revision: Computed<u64>,
}

impl RegistryCredential {
    fn without_password(&self) -> rest::RegistryCredentialBody {
        rest::RegistryCredentialBody {
            host: self.host.clone(),
            username: self.username.clone(),
            password: None,
            label_filters: rest::LabelFilters(self.label_filters.clone().unwrap_or_default()),
            description: self.description.clone(),
        }
    }
}

impl Declared for RegistryCredential {
    type Answer = rest::RegistryCredential;
    type Body = rest::RegistryCredentialBody;
    const NOUN: &'static str = "registry credential";
    const KIND: Kind = Kind::RegistryCredential;
    const ADDRESS: &'static str = "{org}/registry/{name}";

    fn place(&mut self, server: &Server) -> Result<()> {
        self.id = format!("{}/registry/{}", server.fill_org(&mut self.org)?, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::RegistryCredential, rest::RegistryCredentialBody>> {
        let org = server.fill_org(&mut self.org.clone())?;
        Ok(server.org(&org).registry_credential(&self.name))
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// The password is told only where the user has counted up, where it is new, or for another host.
    fn body(&self, prior: Option<&Self>) -> Result<rest::RegistryCredentialBody> {
        let is_other = |prior: &Self| prior.password_wo_version != self.password_wo_version || prior.host != self.host;
        let password = self.password_wo.as_ref().filter(|_| prior.is_none_or(is_other));
        let is_new = prior.is_none_or(|prior| prior.password_wo_version != self.password_wo_version);
        if password.is_none() && is_new && self.password_wo_version.is_some() {
            return Err(secret::missing("password_wo").into());
        }
        let password = password.map(|password| password.expose().to_owned());
        Ok(rest::RegistryCredentialBody { password, ..self.without_password() })
    }

    fn draft(&self) -> Result<rest::RegistryCredentialBody> {
        Ok(self.without_password())
    }

    /// A password that is not the one that Terraform has written has no version of Terraform's.
    fn filled(self, answer: rest::RegistryCredential) -> Self {
        let is_own = self.version.known().is_none_or(|version| *version == answer.version);
        Self {
            host: answer.host,
            username: answer.username,
            password_wo_version: self.password_wo_version.filter(|_| is_own),
            label_filters: or_unset(self.label_filters, answer.label_filters.0),
            description: answer.description,
            version: answer.version.into(),
            fingerprint: answer.fingerprint.into(),
            revision: answer.revision.into(),
            ..self
        }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::RegistryCredential>> {
        Some(export.registry_credentials.iter().find(|found| found.name == self.name).cloned())
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, name] = address::imported("ORG/registry/NAME", address)?;
        Ok(Self { org: org.into(), name: name.to_owned(), ..Self::default() })
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied()
    }

    fn attribute(&self, pointer: &str) -> String {
        if pointer == "/password" { "/password_wo".to_owned() } else { pointer.to_owned() }
    }
}

declared!(RegistryCredential, "registry_credential");
