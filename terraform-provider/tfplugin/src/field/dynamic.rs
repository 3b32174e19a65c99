//! Values of any type.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Field, Shape, mismatch};
use crate::ty::Type;
use crate::value::{Mismatch, Number, Value};

/// A value with its type, for attributes and functions that take any.
#[derive(Clone, Debug, PartialEq)]
pub struct Dynamic {
    /// Its type.
    pub ty: Type,
    /// What it is.
    pub value: Value,
}

impl Dynamic {
    /// What `jsondecode` makes of it: objects and tuples.
    pub fn of_json(json: &Json) -> Self {
        let (ty, value) = typed(json);
        Self { ty, value }
    }

    /// What `jsonencode` makes of it.
    pub fn to_json(&self) -> Json {
        self.value.to_json(&self.ty)
    }
}

fn typed(json: &Json) -> (Type, Value) {
    match json {
        Json::Null => (Type::Dynamic, Value::Null),
        Json::Bool(truth) => (Type::Bool, Value::Bool(*truth)),
        Json::Number(number) => (Type::Number, Number::parse(&number.to_string()).map_or(Value::Null, Value::Number)),
        Json::String(text) => (Type::String, Value::String(text.clone())),
        Json::Array(elements) => {
            let (types, values) = elements.iter().map(typed).unzip();
            (Type::Tuple(types), Value::List(values))
        }
        Json::Object(attributes) => {
            let mut types = BTreeMap::new();
            let mut values = BTreeMap::new();
            for (name, json) in attributes {
                let (ty, value) = typed(json);
                types.insert(name.clone(), ty);
                values.insert(name.clone(), value);
            }
            (Type::Object(types), Value::Map(values))
        }
    }
}

impl Field for Dynamic {
    fn shape() -> Shape {
        Shape::plain(Type::Dynamic)
    }

    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::Dynamic(ty, value) => Ok(Self { ty: (**ty).clone(), value: (**value).clone() }),
            Value::Null => Ok(Self { ty: Type::Dynamic, value: Value::Null }),
            other => Err(mismatch(other, "a value with its type")),
        }
    }

    fn to_value(&self) -> Value {
        match (&self.ty, &self.value) {
            (Type::Dynamic, value) => value.clone(),
            (ty, value) => Value::Dynamic(Box::new(ty.clone()), Box::new(value.clone())),
        }
    }
}
