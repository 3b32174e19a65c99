//! Rust types that attributes may have.

mod collection;
mod computed;
mod dynamic;
mod secret;

pub use collection::Set;
pub use computed::Computed;
pub use dynamic::Dynamic;
pub use secret::Secret;

use crate::check::{Check, fits};
use crate::schema::{Kind, Nesting, Presence, Schema};
use crate::ty::Type;
use crate::value::{Mismatch, Number, Value};

/// What a Rust type makes of its attribute.
#[derive(Clone)]
pub struct Shape {
    /// What it holds.
    pub kind: Kind,
    /// Who sets it.
    pub presence: Presence,
    /// Whether it is not to be shown.
    pub sensitive: bool,
    /// What it must be.
    pub checks: Vec<Check>,
}

impl Shape {
    /// A value of a type, that the user sets.
    pub fn plain(ty: Type) -> Self {
        Self { kind: Kind::Plain(ty), presence: Presence::Required, sensitive: false, checks: Vec::new() }
    }

    /// One nested object.
    pub fn nested(schema: Schema) -> Self {
        Self { kind: Kind::Nested(Nesting::Single, Box::new(schema)), ..Self::plain(Type::Dynamic) }
    }

    /// Text that is checked.
    pub fn text(check: Check) -> Self {
        Self { checks: vec![check], ..Self::plain(Type::String) }
    }
}

/// A Rust type that an attribute may have.
pub trait Field: Sized {
    /// What it makes of its attribute.
    fn shape() -> Shape;

    /// Reads it.
    ///
    /// # Errors
    /// Says what does not fit, and where.
    fn from_value(value: &Value) -> Result<Self, Mismatch>;

    /// Writes it.
    fn to_value(&self) -> Value;
}

/// That it is something else than what is wanted, without telling what it holds.
pub(crate) fn mismatch(value: &Value, wanted: &str) -> Mismatch {
    Mismatch::new(format!("is {}, {wanted} is needed", value.noun()))
}

impl Field for bool {
    fn shape() -> Shape {
        Shape::plain(Type::Bool)
    }

    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        if let Value::Bool(truth) = value { Ok(*truth) } else { Err(mismatch(value, "a bool")) }
    }

    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
}

impl Field for String {
    fn shape() -> Shape {
        Shape::plain(Type::String)
    }

    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        if let Value::String(text) = value { Ok(text.clone()) } else { Err(mismatch(value, "a string")) }
    }

    fn to_value(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Field for f64 {
    fn shape() -> Shape {
        Shape::plain(Type::Number)
    }

    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        if let Value::Number(number) = value { Ok(number.as_f64()) } else { Err(mismatch(value, "a number")) }
    }

    fn to_value(&self) -> Value {
        Value::Number(Number::from(*self))
    }
}

macro_rules! whole {
    ($($int:ty)*) => {$(
        impl Field for $int {
            fn shape() -> Shape {
                let range = i128::from(<$int>::MIN)..=i128::from(<$int>::MAX);
                Shape { checks: vec![fits(range)], ..Shape::plain(Type::Number) }
            }

            fn from_value(value: &Value) -> Result<Self, Mismatch> {
                let Value::Number(number) = value else { return Err(mismatch(value, "a number")) };
                let int = number.as_int().and_then(|int| Self::try_from(int).ok());
                int.ok_or_else(|| mismatch(value, concat!("a whole number (", stringify!($int), ")")))
            }

            fn to_value(&self) -> Value {
                Value::Number(Number::from(*self))
            }
        }
    )*};
}
whole!(i16 i32 i64 u8 u16 u32 u64);

impl<T: Field> Field for Option<T> {
    fn shape() -> Shape {
        Shape { presence: Presence::Optional, ..T::shape() }
    }

    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        if value.is_null() { Ok(None) } else { T::from_value(value).map(Some) }
    }

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
}
