//! Text that is not to be shown.

use std::fmt;

use super::{Field, Shape, mismatch};
use crate::ty::Type;
use crate::value::{Mismatch, Value};

/// Text that is not to be shown. Attributes of this type are sensitive.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What it is.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Field for Secret {
    fn shape() -> Shape {
        Shape { sensitive: true, ..Shape::plain(Type::String) }
    }

    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        if let Value::String(text) = value { Ok(Self(text.clone())) } else { Err(mismatch(value, "a string")) }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}
