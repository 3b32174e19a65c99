//! An object whose attributes may be unknown.

use crate::field::Field;
use crate::value::{Mismatch, Value};

/// An object as it is before everything of it is known.
#[derive(Clone, Copy, Debug)]
pub struct View<'a>(&'a Value);

impl<'a> View<'a> {
    /// Looks at an object.
    pub fn new(object: &'a Value) -> Self {
        Self(object)
    }

    /// An attribute, where it is set and known.
    pub fn get<T: Field>(&self, name: &str) -> Option<T> {
        if self.is_set(name) { T::from_value(self.0.get(name)).ok() } else { None }
    }

    /// An attribute, as it is.
    pub fn value(&self, name: &str) -> &'a Value {
        self.0.get(name)
    }

    /// Whether it is set, and not to null. What is unknown may be.
    pub fn is_set(&self, name: &str) -> bool {
        !self.value(name).is_null() && !self.is_unknown(name)
    }

    /// Whether it is not known yet.
    pub fn is_unknown(&self, name: &str) -> bool {
        self.value(name).is_unknown()
    }

    /// The field of a struct.
    ///
    /// # Errors
    /// Says what does not fit, and where.
    pub fn field<T: Field>(&self, name: &str) -> Result<T, Mismatch> {
        T::from_value(self.0.get(name)).map_err(|mismatch| mismatch.below(&name.into()))
    }
}
