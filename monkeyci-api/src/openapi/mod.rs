//! The OpenAPI document, made from the list of routes: what a handler takes is read off its own arguments.
//!
//! Tests make it (feature `schema`) and hold `reference/openapi.json` against it; the program carries that file, packed.

#[cfg(feature = "schema")]
mod document;
mod input;
mod operation;
mod shape;

#[cfg(feature = "schema")]
pub use document::document;
pub use input::Inputs;
pub use operation::Operation;
pub use shape::{Shape, Shaped};
