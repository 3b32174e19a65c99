//! A change that is planned.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::field::Field;
use crate::object::Object;
use crate::path::Path;
use crate::plan;
use crate::schema::Schema;
use crate::value::Value;
use crate::view::View;

/// A change that is planned: what is, what the user wants, and what will be.
#[derive(Debug)]
pub struct Change<R> {
    schema: Arc<Schema>,
    pub(crate) config: Value,
    pub(crate) prior: Value,
    pub(crate) planned: Value,
    pub(crate) replaced: Vec<Path>,
    of: PhantomData<fn() -> R>,
}

impl<R: Object> Change<R> {
    pub(crate) fn new(schema: Arc<Schema>, config: Value, prior: Value, planned: Value, replaced: Vec<Path>) -> Self {
        Self { schema, config, prior, planned, replaced, of: PhantomData }
    }

    /// The schema of the object: one that was made already.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Whether the object does not exist yet, or is replaced.
    pub fn is_create(&self) -> bool {
        self.prior.is_null()
    }

    /// Whether the object is to go.
    pub fn is_delete(&self) -> bool {
        self.planned.is_null()
    }

    /// Whether nothing is to change; plans of that are only seen where the resource is
    /// [always planned](crate::Resource::ALWAYS_PLANNED).
    pub fn is_none(&self) -> bool {
        self.planned == self.prior
    }

    /// What the user wrote. Parts may be unknown, and null what the user left out.
    pub fn config(&self) -> View<'_> {
        View::new(&self.config)
    }

    /// What is, where it is.
    pub fn prior(&self) -> Option<R> {
        if self.prior.is_null() { None } else { R::from_object(&View::new(&self.prior)).ok() }
    }

    /// What will be, also of what is write-only, unless the object is to go or something that the user wrote is unknown.
    pub fn planned(&self) -> Option<R> {
        if self.planned.is_null() {
            return None;
        }
        let whole = plan::with_write_only(&self.schema, &self.planned, &self.config);
        R::from_object(&View::new(&whole)).ok()
    }

    /// Plans what a computed attribute will be. `create` or `update` must answer with the same.
    pub fn set<T: Field>(&mut self, name: &str, value: T) {
        if let Value::Map(planned) = &mut self.planned {
            planned.insert(name.to_owned(), value.to_value());
        }
    }

    /// Plans that a computed attribute will be told afterwards.
    pub fn open(&mut self, name: &str) {
        if let Value::Map(planned) = &mut self.planned {
            planned.insert(name.to_owned(), Value::UNKNOWN);
        }
    }

    /// Changes the object in place, whatever its attributes say.
    pub fn in_place(&mut self) {
        self.replaced.clear();
    }

    /// Replaces the object because of this attribute.
    pub fn replace(&mut self, path: impl Into<Path>) {
        self.replaced.push(path.into());
    }
}
