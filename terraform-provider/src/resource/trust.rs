//! `monkeyci_trust`.

use std::collections::BTreeMap;

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::check::{between, length};
use tfplugin::{Computed, Result};

use crate::address;
use crate::declared::{Declared, declared, or_unset};
use crate::role::Role;
use crate::server::Server;

/// Lets programs elsewhere be a service account without a token that somebody stores: their CI system, cloud or cluster signs
/// who they are, and each such ID token is exchanged for a token of the account that lasts for minutes. The provider does that
/// itself with its `service_account`. A change ends what was given out. It is imported by its path: `acme/sa/deployer/trust/github`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
pub struct Trust {
    /// The `id` of the service account: `acme/sa/deployer`.
    #[attribute(replaces, identity)]
    service_account: String,
    /// Its name there.
    #[attribute(replaces, identity)]
    name: String,
    /// Who signs: an issuer of OpenID Connect by its address. That of the server itself is for its own jobs.
    issuer: String,
    /// For whom it has to sign (`aud`); for the server's own address when it is not set.
    audience: Option<String>,
    /// For whom it is signed (`sub`): one of these globs. Each says whose it is before its first wildcard, with a `:` or `/`
    /// behind it: `repo:acme/web:*`.
    #[attribute(check(length(1..=100)))]
    subjects: Vec<String>,
    /// What else has to be signed: claims with the glob that each must match.
    claims: Option<BTreeMap<String, String>>,
    /// What the tokens may do at the most: `viewer`, `developer`, `maintainer` or `owner`; what the service account may when it is
    /// not set.
    role: Option<Role>,
    /// Minutes that they last.
    #[attribute(default = 60, check(between(5..=720)))]
    minutes: u32,
    /// What it is called: `acme/sa/deployer/trust/github`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each change.
    revision: Computed<u64>,
}

impl Declared for Trust {
    type Answer = rest::Trust;
    type Body = rest::TrustBody;
    const NOUN: &'static str = "trust";
    const KIND: Kind = Kind::Trust;
    const ADDRESS: &'static str = "{service_account}/trust/{name}";

    fn place(&mut self, _: &Server) -> Result<()> {
        self.id = format!("{}/trust/{}", self.service_account, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::Trust, rest::TrustBody>> {
        Ok(server.service_account(&self.service_account)?.trust(&self.name))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn body(&self, _: Option<&Self>) -> Result<rest::TrustBody> {
        Ok(rest::TrustBody {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            subjects: self.subjects.clone(),
            claims: self.claims.clone().unwrap_or_default(),
            role: self.role.map(Into::into),
            minutes: self.minutes,
        })
    }

    fn filled(self, answer: rest::Trust) -> Self {
        let rest::TrustBody { issuer, audience, subjects, claims, role, minutes } = answer.body;
        let (claims, revision) = (or_unset(self.claims, claims), answer.revision.into());
        Self { issuer, audience, subjects, claims, role: role.map(Into::into), minutes, revision, ..self }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::Trust>> {
        let account = self.service_account.rsplit('/').next().unwrap_or_default();
        let is_it = |found: &&rest::Trust| found.service_account == account && found.name == self.name;
        Some(export.trusts.iter().find(is_it).cloned())
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, account, name] = address::imported("ORG/sa/NAME/trust/NAME", address)?;
        Ok(Self { service_account: format!("{org}/sa/{account}"), name: name.to_owned(), ..Self::default() })
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied()
    }
}

declared!(Trust, "trust");
