//! `monkeyci_org`.

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Result};

use crate::address;
use crate::declared::{Declared, declared};
use crate::server::Server;

/// An organisation: owns repositories and what they share. It is imported by its slug: `acme`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
pub struct Org {
    /// What paths call it. Another slug is another organisation.
    #[attribute(replaces, identity)]
    slug: String,
    /// For people; the slug when it is not set.
    #[attribute(optional, keeps)]
    name: Computed<String>,
    /// Whether nobody may open shells in its jobs.
    #[attribute(default = false)]
    no_shells: bool,
    /// Whether it cannot be removed. Everything in it goes with it.
    #[attribute(default = true)]
    deletion_protection: bool,
    /// What other resources call it.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each change.
    revision: Computed<u64>,
}

impl Declared for Org {
    type Answer = rest::Org;
    type Body = rest::OrgBody;
    const NOUN: &'static str = "organisation";
    const KIND: Kind = Kind::Org;
    const ADDRESS: &'static str = "{slug}";

    fn place(&mut self, _: &Server) -> Result<()> {
        self.id = self.slug.clone().into();
        if self.name.known().is_none() {
            self.name = self.slug.clone().into();
        }
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::Org, rest::OrgBody>> {
        Ok((*server.org(&self.slug)).clone())
    }

    fn name(&self) -> &str {
        &self.slug
    }

    fn body(&self, _: Option<&Self>) -> Result<rest::OrgBody> {
        Ok(rest::OrgBody { name: self.name.known().cloned(), no_shells: self.no_shells })
    }

    fn filled(self, answer: rest::Org) -> Self {
        let rest::Org { name, no_shells, revision, .. } = answer;
        Self { name: name.into(), no_shells, revision: revision.into(), ..self }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::Org>> {
        Some(Some(export.org.clone()))
    }

    fn of_address(address: &str) -> Result<Self> {
        let [slug] = address::imported("ORG", address)?;
        Ok(Self { slug: slug.to_owned(), deletion_protection: true, ..Self::default() })
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied()
    }

    fn is_protected(&self) -> bool {
        self.deletion_protection
    }
}

declared!(Org, "org");
