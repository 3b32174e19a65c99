//! The author's types behind one face each, with values where the author has fields.

mod action;
mod data_source;
mod ephemeral;
mod function;
mod list;
mod resource;

pub(crate) use action::ActionHandler;
pub(crate) use data_source::DataSourceHandler;
pub(crate) use ephemeral::EphemeralHandler;
pub(crate) use function::{FunctionHandler, argument_type, arguments, parameters, to_proto as function_to_proto};
pub(crate) use list::{ListHandler, Listed};
pub(crate) use resource::{Planning, ResourceHandler};

use std::marker::PhantomData;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::Result;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::object::Object;
use crate::schema::Schema;
use crate::ty::Type;
use crate::value::{Mismatch, Value};
use crate::view::View;

/// What the author's future becomes.
pub(crate) type Answer<'a, T> = BoxFuture<'a, Result<T>>;

/// A type of the author's, with its schema and the type of its values made once.
pub(crate) struct Typed<T> {
    schema: Arc<Schema>,
    ty: Type,
    of: PhantomData<fn() -> T>,
}

impl<T: Object> Typed<T> {
    pub(crate) fn new() -> Self {
        let schema = T::schema();
        Self { ty: schema.ty(), schema: Arc::new(schema), of: PhantomData }
    }
}

fn typed<T: Object>(value: &Value) -> Result<T> {
    T::from_object(&View::new(value)).map_err(unfit)
}

/// A value that is not of the author's type.
pub(crate) fn unfit(mismatch: Mismatch) -> Diagnostics {
    let path = mismatch.path.clone();
    let diagnostic = Diagnostic::error("Value does not fit", format!("{mismatch}."));
    if path.0.is_empty() { diagnostic } else { diagnostic.at(path) }.into()
}
