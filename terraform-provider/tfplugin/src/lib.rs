//! Terraform's plugin protocol 6, for providers that are written in Rust.
//!
//! A provider is a handful of structs. Each one *is* what Terraform calls an object: deriving [`Object`](macro@Object) makes
//! its fields attributes and its comments their descriptions, and a trait says what it is for:
//!
//! | a struct that implements | is |
//! |---|---|
//! | [`Provider`] | what stands in the `provider` block; it makes the *client* that all others talk through |
//! | [`Resource`] | an object that is made, read, changed and removed; its struct is its state |
//! | [`DataSource`] | an object that is only read |
//! | [`Ephemeral`] | an object that lives for one run and is in no plan and no state |
//! | [`Function`] | the arguments of a function, in their order |
//! | [`List`], [`Action`] | what Terraform 1.14 lists and does |
//!
//! # Fields
//!
//! The type of a field says who sets it, so most attributes need no more than a comment:
//!
//! | field | attribute |
//! |---|---|
//! | `T` | required |
//! | `Option<T>` | optional |
//! | [`Computed<T>`] | set by the provider; `#[attribute(optional)]` lets the user set it |
//! | `#[attribute(default = 3)] T` | optional, and never null |
//!
//! `T` is `bool`, a number, `String`, [`Secret`] (not shown), an enum that derives [`Choice`] (one of its words), another
//! `Object` (a nested attribute), or `Vec`, [`Set`] and `BTreeMap<String, _>` of these, or [`Dynamic`]. What else there is
//! to say stands in `#[attribute(…)]` ([`Attribute`]) and, of the object as a whole, in `#[object(…)]` ([`Schema`]):
//! `replaces`, `keeps`, `write_only`, `identity`, `same(…)`, `check(…)`, `exactly_one_of([…])` and the like.
//!
//! Nested *attributes* are all there is, `jobs = { test = { … } }`: nested blocks are of the past, and no `for` makes them.
//!
//! # What is done without you
//!
//! - Values are checked before you see them, and what is wrong with them stands at its line. What is unknown is not checked
//!   until it is known, and never reaches `create`, `read`, `update` or `delete`, but in [`Computed`].
//! - Plans follow Terraform's rules: defaults, computed values that [`keep`](Attribute::keeps), texts that mean
//!   [the same](Attribute::same), what [`replaces`](Attribute::replaces). A plan after an apply is empty.
//! - What is [`write_only`](Attribute::write_only) is in `self` of `create` and `update`, and neither in plans nor states. Count a
//!   version beside it, and send the secret only when that differs from `prior`.
//! - States of older versions get what is missing as null and lose what is too much. Only what was renamed needs
//!   [`upgrade`](Resource::upgrade).
//! - A panic is an error of that one object. A mistake in a schema is an error that says so; let a test see that
//!   [`Plugin::faults`] is empty.
//! - Terraform and the provider know each other by certificates that nobody else has; see [`serve`].
//!
//! # When something goes wrong
//!
//! An error is a [`Diagnostic`], at an attribute where it is about one. Give your client's error a `From` to
//! [`Diagnostics`], and `?` does the rest; [`Path::of_pointer`] finds the attribute that an API complains of. A `create` or
//! `update` that got half way says so with [`Context::say`] and answers with what there is: Terraform keeps it. A `read` of
//! what is gone answers `None`.
//!
//! # Trying it
//!
//! Tests run the provider inside themselves ([`Reattach`]), a real Terraform attaches to it, and each command takes a fraction
//! of a second. A built program is tried with `dev_overrides` in Terraform's configuration. `TF_LOG_PROVIDER=debug` shows
//! what it logs with [`tracing`].
//!
//! # Showing it
//!
//! [`Docs`] makes the pages that Terraform's registry shows, of the comments and of examples.
//!
//! # A whole provider
//!
//! This one keeps notes in a folder. It has one of everything, and is what this crate is tested with.
//!
//! ```no_run
#![doc = include_str!("../examples/files.rs")]
//! ```

mod action;
pub mod check;
mod context;
mod data_source;
mod diagnostic;
mod docs;
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
pub use docs::{Docs, Incomplete};
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
