//! What an object is made of.

mod attribute;
mod fault;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use attribute::{Attribute, Presence};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::Path;
use crate::ty::Type;
use crate::view::View;

/// How many nested objects an attribute holds, and how they are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One: `forge = { … }`.
    Single,
    /// Some in an order: `rules = [{ … }]`.
    List,
    /// Some without one.
    Set,
    /// Some by name: `jobs = { test = { … } }`.
    Map,
}

/// What an attribute holds.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A value of a type.
    Plain(Type),
    /// Objects with attributes of their own.
    Nested(Nesting, Box<Schema>),
}

impl Kind {
    /// Its type constraint.
    pub fn ty(&self) -> Type {
        match self {
            Self::Plain(ty) => ty.clone(),
            Self::Nested(nesting, schema) => {
                let object = Box::new(schema.ty());
                match nesting {
                    Nesting::Single => *object,
                    Nesting::List => Type::List(object),
                    Nesting::Set => Type::Set(object),
                    Nesting::Map => Type::Map(object),
                }
            }
        }
    }
}

type Rule = dyn Fn(&View<'_>, &mut Diagnostics) + Send + Sync;

/// What an object is made of, and what holds between its attributes. It is derived with
/// [`Object`](macro@crate::Object): what stands in `#[object(…)]` are calls of the functions here.
#[derive(Clone)]
pub struct Schema {
    /// The version of states that are written with it.
    pub version: i64,
    /// Its attributes, in the order that they were declared in.
    pub attributes: Vec<Attribute>,
    /// For people, in Markdown.
    pub description: String,
    /// What to use instead, where it is deprecated.
    pub deprecated: Option<String>,
    rules: Vec<Arc<Rule>>,
}

impl Schema {
    /// An object with these attributes.
    pub fn new(attributes: Vec<Attribute>) -> Self {
        Self { version: 0, attributes, description: String::new(), deprecated: None, rules: Vec::new() }
    }

    /// States that are written from now on are of this version; older ones go through
    /// [`Resource::upgrade`](crate::Resource::upgrade) first.
    #[must_use]
    pub fn version(self, version: i64) -> Self {
        Self { version, ..self }
    }

    /// Explains it to people.
    #[must_use]
    pub fn describe(self, text: &str) -> Self {
        Self { description: text.to_owned(), ..self }
    }

    /// Warns everybody who uses it, and says what to use instead.
    #[must_use]
    pub fn deprecated(self, instead: &str) -> Self {
        Self { deprecated: Some(instead.to_owned()), ..self }
    }

    /// Checks what holds between attributes. What is unknown yet is not there; it is checked once it is known.
    #[must_use]
    pub fn check(mut self, rule: impl Fn(&View<'_>, &mut Diagnostics) + Send + Sync + 'static) -> Self {
        self.rules.push(Arc::new(rule));
        self
    }

    /// Exactly one of these attributes is set.
    #[must_use]
    pub fn exactly_one_of<const N: usize>(self, names: [&'static str; N]) -> Self {
        self.check(move |object, report| {
            let set = names.iter().filter(|name| object.is_set(name)).count();
            let open = names.iter().any(|name| object.is_unknown(name));
            if set > 1 {
                report.push(too_many(object, &names));
            } else if set == 0 && !open {
                let detail = format!("One of {} must be set.", listed(&names));
                report.push(Diagnostic::error("Missing attribute", detail));
            }
        })
    }

    /// At most one of these attributes is set.
    #[must_use]
    pub fn at_most_one_of<const N: usize>(self, names: [&'static str; N]) -> Self {
        self.check(move |object, report| {
            if names.iter().filter(|name| object.is_set(name)).count() > 1 {
                report.push(too_many(object, &names));
            }
        })
    }

    /// Where the first attribute is set, the second is too.
    #[must_use]
    pub fn requires(self, name: &'static str, other: &'static str) -> Self {
        self.check(move |object, report| {
            if object.is_set(name) && !object.is_set(other) && !object.is_unknown(other) {
                let detail = format!("`{name}` needs `{other}` beside it.");
                report.push(Diagnostic::error("Missing attribute", detail).at(name));
            }
        })
    }

    /// An attribute by its name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The type of such an object.
    pub fn ty(&self) -> Type {
        let types = self.attributes.iter().map(|attribute| (attribute.name.clone(), attribute.kind.ty()));
        Type::Object(types.collect::<BTreeMap<_, _>>())
    }

    pub(crate) fn judge(&self, object: &View<'_>, base: &Path, report: &mut Diagnostics) {
        let mut found = Diagnostics::new();
        for rule in &self.rules {
            rule(object, &mut found);
        }
        let place = |found: Diagnostic| {
            let path = found.path().cloned().unwrap_or_default().below(base);
            if path.0.is_empty() { found } else { found.at(path) }
        };
        report.extend(found.into_iter().map(place));
    }
}

fn too_many(object: &View<'_>, names: &[&str]) -> Diagnostic {
    let last = names.iter().rev().find(|name| object.is_set(name)).copied().unwrap_or_default();
    Diagnostic::error("Conflicting attributes", format!("Only one of {} may be set.", listed(names))).at(last)
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").field("version", &self.version).field("attributes", &self.attributes).finish()
    }
}
