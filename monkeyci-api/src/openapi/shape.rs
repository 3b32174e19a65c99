//! What a body, a path or a query looks like: its JSON Schema, where those are compiled.

#[cfg(feature = "schema")]
pub use described::{Shape, Shaped};
#[cfg(not(feature = "schema"))]
pub use undescribed::{Shape, Shaped};

#[cfg(feature = "schema")]
mod described {
    use schemars::{JsonSchema, Schema, SchemaGenerator};

    /// What has a shape.
    pub trait Shaped: JsonSchema + 'static {}

    impl<T: JsonSchema + 'static> Shaped for T {}

    /// The shape of one type.
    pub struct Shape(fn(&mut SchemaGenerator) -> Schema);

    impl Shape {
        /// That of `T`.
        pub fn of<T: Shaped>() -> Self {
            Self(SchemaGenerator::subschema_for::<T>)
        }

        /// Its schema, in a document.
        pub fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
            (self.0)(generator)
        }
    }
}

#[cfg(not(feature = "schema"))]
mod undescribed {
    /// What would have a shape.
    pub trait Shaped: 'static {}

    impl<T: 'static> Shaped for T {}

    /// The shape of one type, which nobody asks for.
    pub struct Shape;

    impl Shape {
        /// That of `T`.
        pub fn of<T: Shaped>() -> Self {
            Self
        }
    }
}
