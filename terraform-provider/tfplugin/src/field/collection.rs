//! Lists, sets and maps.

use std::collections::BTreeMap;

use super::{Field, Shape, mismatch};
use crate::check::each;
use crate::path::Path;
use crate::schema::{Kind, Nesting};
use crate::ty::Type;
use crate::value::{Mismatch, Value};

/// A collection of what `T` is. Objects nest with their own attributes, once; deeper ones are plain values.
fn collection<T: Field>(nesting: Nesting, plain: fn(Box<Type>) -> Type) -> Shape {
    let Shape { kind, presence: _, sensitive, checks } = T::shape();
    let kind = match kind {
        Kind::Nested(Nesting::Single, schema) => Kind::Nested(nesting, schema),
        other => Kind::Plain(plain(Box::new(other.ty()))),
    };
    Shape { sensitive, checks: checks.into_iter().map(each).collect(), kind, ..Shape::plain(Type::Dynamic) }
}

fn elements<T: Field>(value: &Value, wanted: &str) -> Result<Vec<T>, Mismatch> {
    let Value::List(elements) = value else { return Err(mismatch(value, wanted)) };
    let read = |(index, value)| T::from_value(value).map_err(|error| error.below(&Path::root().index(index)));
    elements.iter().enumerate().map(read).collect()
}

impl<T: Field> Field for Vec<T> {
    fn shape() -> Shape {
        collection::<T>(Nesting::List, Type::List)
    }

    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        elements(value, "a list")
    }

    fn to_value(&self) -> Value {
        Value::List(self.iter().map(T::to_value).collect())
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn shape() -> Shape {
        collection::<T>(Nesting::Map, Type::Map)
    }

    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        let Value::Map(elements) = value else { return Err(mismatch(value, "a map")) };
        let read = |(key, value): (&String, &Value)| {
            let value = T::from_value(value).map_err(|error| error.below(&Path::root().key(key)))?;
            Ok((key.clone(), value))
        };
        elements.iter().map(read).collect()
    }

    fn to_value(&self) -> Value {
        Value::Map(self.iter().map(|(key, value)| (key.clone(), value.to_value())).collect())
    }
}

/// Elements without an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<T>(pub Vec<T>);

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

impl<T: Field> Field for Set<T> {
    fn shape() -> Shape {
        collection::<T>(Nesting::Set, Type::Set)
    }

    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        elements(value, "a set").map(Self)
    }

    fn to_value(&self) -> Value {
        Value::set(self.0.iter().map(T::to_value).collect(), &T::shape().kind.ty())
    }
}
