//! One attribute of an object.

use crate::check::Check;
use crate::diagnostic::Diagnostics;
use crate::field::{Field, Shape};
use crate::path::Path;
use crate::schema::Kind;
use crate::value::Value;

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The user, always.
    Required,
    /// The user, or nobody.
    Optional,
    /// The provider.
    Computed,
    /// The user, or else the provider.
    OptionalComputed,
}

/// One attribute of an object. What stands in `#[attribute(…)]` are calls of the functions here.
#[derive(Clone)]
pub struct Attribute {
    /// In `snake_case`.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// For people, in Markdown.
    pub description: String,
    /// Who sets it.
    pub presence: Presence,
    /// It is not shown in plans.
    pub sensitive: bool,
    /// It is in no plan and no state.
    pub write_only: bool,
    /// What it is where the user sets nothing.
    pub default: Option<Value>,
    /// What to use instead, where it is deprecated.
    pub deprecated: Option<String>,
    pub(crate) identity: bool,
    pub(crate) keeps: bool,
    pub(crate) replaces: Option<fn(&Value, &Value) -> bool>,
    pub(crate) same: Option<fn(&str, &str) -> bool>,
    pub(crate) checks: Vec<Check>,
    pub(crate) variadic: bool,
}

impl Attribute {
    /// An attribute that holds what the field of a struct does. `T` is required, `Option<T>` optional, and
    /// [`Computed<T>`](crate::Computed) is for the provider to set.
    pub fn of<T: Field>(name: &str) -> Self {
        let Shape { kind, presence, sensitive, checks } = T::shape();
        Self {
            name: name.to_owned(),
            kind,
            description: String::new(),
            presence,
            sensitive,
            write_only: false,
            default: None,
            deprecated: None,
            identity: false,
            keeps: false,
            replaces: None,
            same: None,
            checks,
            variadic: false,
        }
    }

    /// Explains it to people, in Markdown. The comment of a field does so.
    #[must_use]
    pub fn describe(self, text: &str) -> Self {
        Self { description: text.to_owned(), ..self }
    }

    /// The user may set it. A computed one is then what the user says, or else what the provider says.
    #[must_use]
    pub fn optional(self) -> Self {
        let computed = matches!(self.presence, Presence::Computed | Presence::OptionalComputed);
        Self { presence: if computed { Presence::OptionalComputed } else { Presence::Optional }, ..self }
    }

    /// What it is where the user sets nothing.
    #[must_use]
    pub fn default(self, value: impl Into<Value>) -> Self {
        Self { presence: Presence::OptionalComputed, default: Some(value.into()), ..self }
    }

    /// Terraform does not show it in plans. It does stand in the state: what must not is [`write_only`](Self::write_only).
    #[must_use]
    pub fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    /// It reaches [`create`](crate::Resource::create) and [`update`](crate::Resource::update), and is neither in plans nor in
    /// the state. A change of it alone is no change: have a version beside it that the user counts up. It must be an
    /// `Option`, for there are versions of Terraform and OpenTofu without such attributes.
    #[must_use]
    pub fn write_only(self) -> Self {
        Self { write_only: true, sensitive: true, ..self }
    }

    /// Once computed it stays, so that plans need not call it unknown with every change.
    #[must_use]
    pub fn keeps(self) -> Self {
        Self { keeps: true, ..self }
    }

    /// A change of it replaces the object.
    #[must_use]
    pub fn replaces(self) -> Self {
        self.replaces_if(|_, _| true)
    }

    /// A change from the first value to the second replaces the object where the function says so.
    #[must_use]
    pub fn replaces_if(self, rule: fn(&Value, &Value) -> bool) -> Self {
        Self { replaces: Some(rule), ..self }
    }

    /// Two texts that mean the same. What the provider reads then changes nothing that the user wrote, and a user may write
    /// it anew without a change.
    #[must_use]
    pub fn same(self, rule: fn(&str, &str) -> bool) -> Self {
        Self { same: Some(rule), ..self }
    }

    /// It is one of those that tell the object from all others, from Terraform 1.12 on.
    #[must_use]
    pub fn identity(self) -> Self {
        Self { identity: true, ..self }
    }

    /// Checks what the user set. What is null or unknown is not checked.
    #[must_use]
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Warns everybody who sets it, and says what to use instead.
    #[must_use]
    pub fn deprecated(self, instead: &str) -> Self {
        Self { deprecated: Some(instead.to_owned()), ..self }
    }

    /// As the last parameter of a function: it takes any number of arguments.
    #[must_use]
    pub fn variadic(self) -> Self {
        Self { variadic: true, ..self }
    }

    /// Whether its checks have nothing against this value.
    pub fn takes(&self, value: &Value) -> bool {
        let mut found = Diagnostics::new();
        self.checks.iter().for_each(|check| check.judge(value, &Path::root(), &mut found));
        !found.has_error()
    }

    pub(crate) fn is_computed(&self) -> bool {
        matches!(self.presence, Presence::Computed | Presence::OptionalComputed)
    }
}

impl std::fmt::Debug for Attribute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?} {:?}", self.name, self.presence, self.kind)
    }
}
