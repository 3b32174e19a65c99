//! A provider with everything that it has.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::action::Action;
use crate::data_source::DataSource;
use crate::ephemeral::Ephemeral;
use crate::function::Function;
use crate::handler::{
    ActionHandler, DataSourceHandler, EphemeralHandler, FunctionHandler, ListHandler, Listed, ResourceHandler, Typed,
};
use crate::list::List;
use crate::provider::Provider;
use crate::resource::Resource;
use crate::schema::Schema;

/// A provider with everything that it has, for [`serve`](crate::serve).
pub struct Plugin<P: Provider> {
    pub(crate) provider: Schema,
    pub(crate) resources: BTreeMap<String, Arc<dyn ResourceHandler<P::Client>>>,
    pub(crate) data_sources: BTreeMap<String, Arc<dyn DataSourceHandler<P::Client>>>,
    pub(crate) ephemerals: BTreeMap<String, Arc<dyn EphemeralHandler<P::Client>>>,
    pub(crate) functions: BTreeMap<String, Arc<dyn FunctionHandler>>,
    pub(crate) lists: BTreeMap<String, Arc<dyn ListHandler<P::Client>>>,
    pub(crate) actions: BTreeMap<String, Arc<dyn ActionHandler<P::Client>>>,
}

impl<P: Provider> Plugin<P> {
    /// A provider that has nothing yet.
    pub fn new() -> Self {
        Self {
            provider: P::schema(),
            resources: BTreeMap::new(),
            data_sources: BTreeMap::new(),
            ephemerals: BTreeMap::new(),
            functions: BTreeMap::new(),
            lists: BTreeMap::new(),
            actions: BTreeMap::new(),
        }
    }

    /// Has a resource.
    #[must_use]
    pub fn resource<R: Resource<Client = P::Client>>(mut self) -> Self {
        self.resources.insert(name::<P>(R::NAME), Arc::new(Typed::<R>::new()));
        self
    }

    /// Has a data source.
    #[must_use]
    pub fn data_source<D: DataSource<Client = P::Client>>(mut self) -> Self {
        self.data_sources.insert(name::<P>(D::NAME), Arc::new(Typed::<D>::new()));
        self
    }

    /// Has an ephemeral resource.
    #[must_use]
    pub fn ephemeral<E: Ephemeral<Client = P::Client>>(mut self) -> Self {
        self.ephemerals.insert(name::<P>(E::NAME), Arc::new(Typed::<E>::new()));
        self
    }

    /// Has a function.
    #[must_use]
    pub fn function<F: Function>(mut self) -> Self {
        self.functions.insert(F::NAME.to_owned(), Arc::new(Typed::<F>::new()));
        self
    }

    /// Lists a resource.
    #[must_use]
    pub fn list<L: List<Client = P::Client>>(mut self) -> Self {
        self.lists.insert(name::<P>(L::NAME), Arc::new(Listed::<L>::new()));
        self
    }

    /// Has an action.
    #[must_use]
    pub fn action<A: Action<Client = P::Client>>(mut self) -> Self {
        self.actions.insert(name::<P>(A::NAME), Arc::new(Typed::<A>::new()));
        self
    }

    /// What each resource is made of, by its name.
    pub fn resource_schemas(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.resources.iter().map(|(name, one)| (name.as_str(), one.schema()))
    }

    /// Mistakes of the provider's author, in words. Terraform would refuse such a schema, or misunderstand it; a test
    /// should see that there are none.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut look = |kind: &str, name: &str, schema: &Schema| {
            faults.extend(schema.faults().into_iter().map(|fault| format!("{kind} {name}: {fault}")));
        };
        look("provider", P::NAME, &self.provider);
        self.resources.iter().for_each(|(name, one)| look("resource", name, one.schema()));
        self.data_sources.iter().for_each(|(name, one)| look("data source", name, one.schema()));
        self.ephemerals.iter().for_each(|(name, one)| look("ephemeral resource", name, one.schema()));
        self.lists.iter().for_each(|(name, one)| look("list", name, one.schema()));
        self.actions.iter().for_each(|(name, one)| look("action", name, one.schema()));
        for name in self.lists.keys() {
            let resource = self.resources.get(name);
            if resource.is_none_or(|resource| crate::identity::ty(resource.schema()).is_none()) {
                faults.push(format!("list {name}: needs a resource of this name, with an identity"));
            }
        }
        faults
    }
}

impl<P: Provider> Default for Plugin<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Provider> std::fmt::Debug for Plugin<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.resources.keys().chain(self.data_sources.keys()).chain(self.ephemerals.keys());
        f.debug_list().entries(names.chain(self.functions.keys())).finish()
    }
}

fn name<P: Provider>(of: &str) -> String {
    format!("{}_{of}", P::NAME)
}
