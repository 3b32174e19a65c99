//! `monkeyci_service_account`.

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Result};

use crate::address;
use crate::declared::{Declared, declared};
use crate::role::Role;
use crate::server::Server;

/// An account of a program in an organisation. The ephemeral resource `monkeyci_token` gives out tokens for it. It is
/// imported by its path: `acme/sa/deployer`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
pub struct ServiceAccount {
    /// The organisation that it belongs to; that of the provider when it is not set.
    #[attribute(optional, replaces, keeps, identity)]
    org: Computed<String>,
    /// Its name in the organisation.
    #[attribute(replaces, identity)]
    name: String,
    /// What it may do: `viewer`, `developer`, `maintainer` or `owner`.
    role: Role,
    /// What it is for.
    description: Option<String>,
    /// Whether it may act for people whose chat identity is linked, and has a store of its own.
    #[attribute(default = false)]
    integration: bool,
    /// Whether its tokens are good for nothing for now.
    #[attribute(default = false)]
    disabled: bool,
    /// What other resources call it: `acme/sa/deployer`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each change.
    revision: Computed<u64>,
}

impl Declared for ServiceAccount {
    type Answer = rest::ServiceAccount;
    type Body = rest::ServiceAccountBody;
    const NOUN: &'static str = "service account";
    const KIND: Kind = Kind::ServiceAccount;
    const ADDRESS: &'static str = "{org}/sa/{name}";

    fn place(&mut self, server: &Server) -> Result<()> {
        self.id = format!("{}/sa/{}", server.fill_org(&mut self.org)?, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::ServiceAccount, rest::ServiceAccountBody>> {
        let org = server.fill_org(&mut self.org.clone())?;
        Ok((*server.org(&org).service_account(&self.name)).clone())
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn body(&self, _: Option<&Self>) -> Result<rest::ServiceAccountBody> {
        Ok(rest::ServiceAccountBody {
            role: self.role.into(),
            description: self.description.clone(),
            integration: self.integration,
            disabled: self.disabled,
        })
    }

    fn filled(self, answer: rest::ServiceAccount) -> Self {
        let rest::ServiceAccountBody { role, description, integration, disabled } = answer.body;
        let revision = answer.revision.into();
        Self { role: role.into(), description, integration, disabled, revision, ..self }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::ServiceAccount>> {
        Some(export.service_accounts.iter().find(|found| found.name == self.name).cloned())
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, name] = address::imported("ORG/sa/NAME", address)?;
        Ok(Self { org: org.into(), name: name.to_owned(), ..Self::default() })
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied()
    }
}

declared!(ServiceAccount, "service_account");
