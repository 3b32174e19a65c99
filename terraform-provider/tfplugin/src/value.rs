//! Values of Terraform, whose types are known beside them.

mod json;
mod msgpack;

use std::collections::BTreeMap;
use std::fmt;

pub use crate::number::Number;
use crate::path::Path;
use crate::proto::DynamicValue;
use crate::ty::Type;

/// A value.
///
/// Whether [`List`](Value::List) is a list, a set or a tuple, and [`Map`](Value::Map) a map or an object, is for its
/// [`Type`] to say. Sets are kept in one order, so that equal ones are equal.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// Not known before something is applied, and what is known of it nevertheless.
    Unknown(Refinement),
    /// A truth.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(String),
    /// Elements of a list, set or tuple.
    List(Vec<Value>),
    /// Elements of a map, or attributes of an object.
    Map(BTreeMap<String, Value>),
    /// A value where any type may be, with its own.
    Dynamic(Box<Type>, Box<Value>),
}

/// What is known of a value that is not known yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refinement {
    /// It will be null, or will not.
    pub null: Option<bool>,
    /// What its text begins with.
    pub prefix: Option<String>,
    /// It is at least this; `true` where it may be this itself.
    pub lower: Option<(Number, bool)>,
    /// It is at most this; `true` where it may be this itself.
    pub upper: Option<(Number, bool)>,
    /// It has at least this many elements.
    pub min_length: Option<i64>,
    /// It has at most this many elements.
    pub max_length: Option<i64>,
}

/// A value that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", place(.path))]
pub struct Mismatch {
    /// Where.
    pub path: Path,
    /// What it is, and what was wanted.
    pub problem: String,
}

fn place(path: &Path) -> String {
    if path.0.is_empty() { String::new() } else { format!("`{path}` ") }
}

impl Mismatch {
    /// Something that stands right here.
    pub fn new(problem: impl Into<String>) -> Self {
        Self { path: Path::root(), problem: problem.into() }
    }

    /// The same, seen from outside.
    #[must_use]
    pub fn below(self, base: &Path) -> Self {
        Self { path: self.path.below(base), ..self }
    }
}

impl Value {
    /// Not known, and nothing known of it.
    pub const UNKNOWN: Self = Self::Unknown(Refinement {
        null: None,
        prefix: None,
        lower: None,
        upper: None,
        min_length: None,
        max_length: None,
    });

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null) || matches!(self, Self::Dynamic(_, value) if value.is_null())
    }

    /// Whether it is not known, itself or in parts.
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::List(elements) => elements.iter().any(Self::has_unknown),
            Self::Map(elements) => elements.values().any(Self::has_unknown),
            Self::Dynamic(_, value) => value.has_unknown(),
            _ => false,
        }
    }

    /// Whether it is itself not known.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_)) || matches!(self, Self::Dynamic(_, value) if value.is_unknown())
    }

    /// An attribute, or an element by its key; null where there is none.
    pub fn get(&self, key: &str) -> &Self {
        match self {
            Self::Map(elements) => elements.get(key).unwrap_or(&Self::Null),
            _ => &Self::Null,
        }
    }

    /// In words, without what it holds, for it may be secret.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown(_) => "unknown",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Dynamic(_, value) => value.noun(),
        }
    }

    /// As MessagePack.
    pub fn to_msgpack(&self, ty: &Type) -> Vec<u8> {
        msgpack::encode(self, ty)
    }

    /// From MessagePack.
    ///
    /// # Errors
    /// Says what is no value of this type, and where.
    pub fn from_msgpack(bytes: &[u8], ty: &Type) -> Result<Self, Mismatch> {
        msgpack::decode(bytes, ty)
    }

    /// As JSON. What is not known has none, and becomes null.
    pub fn to_json(&self, ty: &Type) -> serde_json::Value {
        json::encode(self, ty)
    }

    /// From JSON. What the type does not have is left out, and what it has and the text has not is null: so a state of
    /// an older schema is read.
    ///
    /// # Errors
    /// Says what is no value of this type, and where.
    pub fn from_json(text: &[u8], ty: &Type) -> Result<Self, Mismatch> {
        json::decode(text, ty)
    }

    pub(crate) fn to_proto(&self, ty: &Type) -> Option<DynamicValue> {
        Some(DynamicValue { msgpack: self.to_msgpack(ty), json: Vec::new() })
    }

    pub(crate) fn from_proto(wire: Option<&DynamicValue>, ty: &Type) -> Result<Self, Mismatch> {
        match wire {
            None => Ok(Self::Null),
            Some(wire) if !wire.msgpack.is_empty() => Self::from_msgpack(&wire.msgpack, ty),
            Some(wire) if !wire.json.is_empty() => Self::from_json(&wire.json, ty),
            Some(_) => Ok(Self::Null),
        }
    }

    /// Elements of a set, in the one order that sets are kept in.
    pub(crate) fn set(elements: Vec<Self>, element: &Type) -> Self {
        let mut sorted: Vec<(Vec<u8>, Self)> =
            elements.into_iter().map(|value| (value.to_msgpack(element), value)).collect();
        sorted.sort_by(|(left, _), (right, _)| left.cmp(right));
        // Two unknown ones may turn out to differ.
        sorted.dedup_by(|(left, value), (right, _)| left == right && !value.has_unknown());
        Self::List(sorted.into_iter().map(|(_, value)| value).collect())
    }
}

/// Shows what kind of value it is, and nothing of it: it may be secret.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(elements) => f.debug_list().entries(elements).finish(),
            Self::Map(elements) => f.debug_map().entries(elements).finish(),
            other => f.write_str(other.noun()),
        }
    }
}

macro_rules! from {
    ($($from:ty => $variant:ident)*) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}
from!(bool => Bool  i32 => Number  i64 => Number  u32 => Number  u64 => Number  f64 => Number  &str => String  String => String  Vec<Value> => List  BTreeMap<String, Value> => Map);
