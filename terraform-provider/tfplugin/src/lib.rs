//! Terraform's plugin protocol 6.

mod action;
pub mod check;
mod context;
mod data_source;
mod diagnostic;
mod ephemeral;
mod field;
mod function;
mod handler;
mod identity;
mod list;
mod number;
mod object;
mod path;
mod plan;
mod plugin;
#[doc(hidden)]
pub mod proto;
mod provider;
mod resource;
mod schema;
mod serve;
mod service;
mod ty;
mod validate;
mod value;
mod view;

pub use action::{Action, Progress};
pub use context::Context;
pub use data_source::DataSource;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use ephemeral::{Ephemeral, Opened};
pub use field::{Computed, Dynamic, Field, Secret, Set, Shape};
pub use function::{Function, FunctionError};
pub use list::{List, Listing};
pub use object::Object;
pub use path::{Path, Step};
pub use plugin::Plugin;
pub use provider::Provider;
pub use resource::{Change, Moved, Resource};
pub use schema::{Attribute, Kind, Nesting, Presence, Schema};
pub use serve::{Reattach, serve};
pub use tfplugin_derive::{Choice, Object};
pub use ty::Type;
pub use value::{Mismatch, Number, Refinement, Value};
pub use view::View;

/// What is answered, or what the user is told instead.
pub type Result<T, E = Diagnostics> = std::result::Result<T, E>;
