//! Objects that Terraform makes, changes and removes.

mod change;
mod moved;

pub use change::Change;
pub use moved::Moved;

use serde_json::{Map, Value as Json};

use crate::Result;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::object::Object;
use crate::value::Value;
use crate::view::View;

/// An object that Terraform makes, changes and removes: its state, and how it comes to be.
///
/// Where `self` is what is planned, it has what the user wrote, also what is write-only, and
/// [`Computed::Unknown`](crate::Computed) where the provider is to fill something in. The answer must have what the user
/// wrote unchanged, and nothing unknown.
pub trait Resource: Object {
    /// The client of its [`Provider`](crate::Provider).
    type Client: Send + Sync + 'static;

    /// Its name without the provider's: `file` of `files` is `files_file`.
    const NAME: &'static str;

    /// Whether [`plan`](Self::plan) sees objects of which nothing changes, too. It must where something of them follows from
    /// the provider's configuration, which may be another than the one that they were made with.
    const ALWAYS_PLANNED: bool = false;

    /// Judges and refines a plan, with the client at hand: what the server says to it, what can be known already, what
    /// must be replaced. It is not called before the provider's configuration is known, nor when nothing changes, unless it
    /// is to be [always](Self::ALWAYS_PLANNED).
    ///
    /// # Errors
    /// Fails the plan.
    fn plan(change: &mut Change<Self>, cx: &Context<Self::Client>) -> impl Future<Output = Result<()>> + Send {
        let _ = (change, cx);
        async { Ok(()) }
    }

    /// Makes the planned object.
    ///
    /// # Errors
    /// Says that there is nothing. What was made in part is answered with [`Context::say`] and `Ok`.
    fn create(self, cx: &Context<Self::Client>) -> impl Future<Output = Result<Self>> + Send;

    /// Reads the object anew; `None` where it is gone. Nothing that is write-only need be filled in.
    ///
    /// # Errors
    /// Says why it cannot be read.
    fn read(self, cx: &Context<Self::Client>) -> impl Future<Output = Result<Option<Self>>> + Send;

    /// Makes the planned object of what there is.
    ///
    /// # Errors
    /// Says that nothing has changed. What was changed in part is answered with [`Context::say`] and `Ok`.
    fn update(self, prior: Self, cx: &Context<Self::Client>) -> impl Future<Output = Result<Self>> + Send {
        let _ = (prior, cx);
        let detail = "Its attributes replace it when they change, and one of them does not say so. This is a bug of the provider.";
        async move { Err(Diagnostic::error("Object cannot be changed", detail).into()) }
    }

    /// Removes the object. One that is gone already is removed.
    ///
    /// # Errors
    /// Says that it is still there.
    fn delete(self, cx: &Context<Self::Client>) -> impl Future<Output = Result<()>> + Send;

    /// Finds an object that others made, by what a person would call it.
    ///
    /// # Errors
    /// Says that there is none.
    fn import(id: &str, cx: &Context<Self::Client>) -> impl Future<Output = Result<Self>> + Send {
        let _ = (id, cx);
        let detail = "Objects of this type cannot be imported.";
        async move { Err(Diagnostic::error("Import is not possible", detail).into()) }
    }

    /// What a person would call an object with this identity: its attributes with slashes between them.
    fn import_id(identity: &View<'_>) -> String {
        let part = |attribute: &crate::schema::Attribute| match identity.value(&attribute.name) {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let schema = Self::schema();
        let parts = schema.attributes.iter().filter(|attribute| attribute.identity).filter_map(part);
        parts.collect::<Vec<_>>().join("/")
    }

    /// Brings a state of an older version up to the present one. What is missing afterwards is null, and what is too much
    /// is left out: only what was renamed or means something else needs work.
    ///
    /// # Errors
    /// Says what cannot be understood.
    fn upgrade(version: i64, state: Map<String, Json>) -> Result<Map<String, Json>> {
        let _ = version;
        Ok(state)
    }

    /// Takes over an object of another type, from a `moved` block; `None` where it cannot.
    ///
    /// # Errors
    /// Says what cannot be understood.
    fn moved(source: Moved) -> Result<Option<Self>> {
        let _ = source;
        Ok(None)
    }
}
