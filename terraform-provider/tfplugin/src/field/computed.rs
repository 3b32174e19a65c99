//! What the provider sets.

use super::{Field, Shape};
use crate::schema::Presence;
use crate::value::{Mismatch, Value};

/// What the provider sets, and does not know before it has created or changed the object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Computed<T> {
    /// Not yet.
    #[default]
    Unknown,
    /// Known.
    Known(T),
}

impl<T> Computed<T> {
    /// It, where it is known.
    pub fn known(&self) -> Option<&T> {
        if let Self::Known(value) = self { Some(value) } else { None }
    }

    /// It, where it is known.
    pub fn into_known(self) -> Option<T> {
        if let Self::Known(value) = self { Some(value) } else { None }
    }
}

impl<T> From<T> for Computed<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl From<&str> for Computed<String> {
    fn from(text: &str) -> Self {
        Self::Known(text.to_owned())
    }
}

impl<T: Field> Field for Computed<T> {
    fn shape() -> Shape {
        Shape { presence: Presence::Computed, ..T::shape() }
    }

    /// Null, which a state of an older version may have, is not known unless `T` is an `Option`.
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        match T::from_value(value) {
            _ if value.has_unknown() => Ok(Self::Unknown),
            Err(_) if value.is_null() => Ok(Self::Unknown),
            read => read.map(Self::Known),
        }
    }

    fn to_value(&self) -> Value {
        self.known().map_or(Value::UNKNOWN, T::to_value)
    }
}
