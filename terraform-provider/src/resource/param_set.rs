//! `monkeyci_param_set`.

use std::collections::BTreeMap;

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Result};

use crate::address;
use crate::declared::{Declared, declared, or_unset};
use crate::server::Server;

/// A set of params for the repositories with certain labels; its params are `monkeyci_param` with its `id` as their scope.
/// It is imported by its path: `acme/param-set/shop`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
pub struct ParamSet {
    /// The organisation that it belongs to; that of the provider when it is not set.
    #[attribute(optional, replaces, keeps, identity)]
    org: Computed<String>,
    /// Its name in the organisation.
    #[attribute(replaces, identity)]
    name: String,
    /// The repositories that get them: those that have all labels of one of these. All repositories when it is not set.
    label_filters: Option<Vec<BTreeMap<String, String>>>,
    /// What they are for.
    description: Option<String>,
    /// What other resources call it: `acme/param-set/shop`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each change.
    revision: Computed<u64>,
}

impl Declared for ParamSet {
    type Answer = rest::ParamSet;
    type Body = rest::ParamSetBody;
    const NOUN: &'static str = "param set";
    const KIND: Kind = Kind::ParamSet;
    const ADDRESS: &'static str = "{org}/param-set/{name}";

    fn place(&mut self, server: &Server) -> Result<()> {
        self.id = format!("{}/param-set/{}", server.fill_org(&mut self.org)?, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::ParamSet, rest::ParamSetBody>> {
        let org = server.fill_org(&mut self.org.clone())?;
        Ok((*server.org(&org).param_set(&self.name)).clone())
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn body(&self, _: Option<&Self>) -> Result<rest::ParamSetBody> {
        let label_filters = rest::LabelFilters(self.label_filters.clone().unwrap_or_default());
        Ok(rest::ParamSetBody { label_filters, description: self.description.clone() })
    }

    fn filled(self, answer: rest::ParamSet) -> Self {
        Self {
            label_filters: or_unset(self.label_filters, answer.body.label_filters.0),
            description: answer.body.description,
            revision: answer.revision.into(),
            ..self
        }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::ParamSet>> {
        let found = export.param_sets.iter().find(|found| found.set.name == self.name);
        Some(found.map(|found| found.set.clone()))
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, name] = address::imported("ORG/param-set/NAME", address)?;
        Ok(Self { org: org.into(), name: name.to_owned(), ..Self::default() })
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied()
    }
}

declared!(ParamSet, "param_set");
