//! Rust types that are objects of Terraform.

use std::collections::BTreeMap;

use crate::schema::Schema;
use crate::value::{Mismatch, Value};
use crate::view::View;

/// A Rust type that is an object of Terraform: a resource, what configures a provider, a nested attribute, or the arguments
/// of a function. It is derived; see [`Object`](macro@crate::Object).
pub trait Object: Sized + Send + Sync + 'static {
    /// What it is made of.
    fn schema() -> Schema;

    /// Reads it.
    ///
    /// # Errors
    /// Says which attribute does not fit.
    fn from_object(object: &View<'_>) -> Result<Self, Mismatch>;

    /// Its attributes.
    fn to_object(&self) -> BTreeMap<String, Value>;

    /// As a value.
    fn to_value(&self) -> Value {
        Value::Map(self.to_object())
    }
}
