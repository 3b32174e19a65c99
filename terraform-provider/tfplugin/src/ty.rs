//! What a value may be.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value as Json, json};

/// A type constraint of Terraform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`.
    Bool,
    /// `number`, of any size.
    Number,
    /// `string`.
    String,
    /// Any type, which comes with the value.
    Dynamic,
    /// `list(…)`.
    List(Box<Type>),
    /// `set(…)`: no order, nothing twice.
    Set(Box<Type>),
    /// `map(…)`.
    Map(Box<Type>),
    /// `object({…})`: each of these attributes.
    Object(BTreeMap<String, Type>),
    /// `tuple([…])`: one element of each of these types.
    Tuple(Vec<Type>),
}

impl Type {
    /// As Terraform writes it: `["list","string"]`.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Bool => json!("bool"),
            Self::Number => json!("number"),
            Self::String => json!("string"),
            Self::Dynamic => json!("dynamic"),
            Self::List(element) => json!(["list", element.to_json()]),
            Self::Set(element) => json!(["set", element.to_json()]),
            Self::Map(element) => json!(["map", element.to_json()]),
            Self::Object(attributes) => {
                let attributes = attributes.iter().map(|(name, ty)| (name.clone(), ty.to_json()));
                json!(["object", attributes.collect::<serde_json::Map<_, _>>()])
            }
            Self::Tuple(elements) => json!(["tuple", elements.iter().map(Self::to_json).collect::<Vec<_>>()]),
        }
    }

    /// Reads what Terraform wrote.
    ///
    /// # Errors
    /// Says what is no type constraint.
    pub fn from_json(json: &Json) -> Result<Self, String> {
        let wrong = || format!("{json} is no type constraint");
        let boxed = |json: &Json| Self::from_json(json).map(Box::new);
        match json {
            Json::String(name) => match name.as_str() {
                "bool" => Ok(Self::Bool),
                "number" => Ok(Self::Number),
                "string" => Ok(Self::String),
                "dynamic" => Ok(Self::Dynamic),
                _ => Err(wrong()),
            },
            Json::Array(parts) => match parts.as_slice() {
                [Json::String(kind), element] if kind == "list" => Ok(Self::List(boxed(element)?)),
                [Json::String(kind), element] if kind == "set" => Ok(Self::Set(boxed(element)?)),
                [Json::String(kind), element] if kind == "map" => Ok(Self::Map(boxed(element)?)),
                // A third part names what is optional, which a value no longer tells.
                [Json::String(kind), Json::Object(attributes), ..] if kind == "object" => {
                    let attribute = |(name, json): (&String, &Json)| Ok((name.clone(), Self::from_json(json)?));
                    Ok(Self::Object(attributes.iter().map(attribute).collect::<Result<_, String>>()?))
                }
                [Json::String(kind), Json::Array(elements)] if kind == "tuple" => {
                    Ok(Self::Tuple(elements.iter().map(Self::from_json).collect::<Result<_, _>>()?))
                }
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.to_json().to_string().into_bytes()
    }

    /// In the words of an error message.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Dynamic => "any value",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "a map",
            Self::Object(_) => "an object",
            Self::Tuple(_) => "a tuple",
        }
    }
}

/// As a configuration writes it: `list(string)`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::Dynamic => f.write_str("any"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Set(element) => write!(f, "set({element})"),
            Self::Map(element) => write!(f, "map({element})"),
            Self::Object(attributes) => {
                let attributes = attributes.iter().map(|(name, ty)| format!("{name} = {ty}"));
                write!(f, "object({{ {} }})", attributes.collect::<Vec<_>>().join(", "))
            }
            Self::Tuple(elements) => {
                let elements = elements.iter().map(Self::to_string).collect::<Vec<_>>();
                write!(f, "tuple([{}])", elements.join(", "))
            }
        }
    }
}
