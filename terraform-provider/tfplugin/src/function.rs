//! Functions of a provider.

use crate::field::Field;
use crate::object::Object;

/// A function, `provider::NAME::function(…)`: the struct of its arguments, in their order. It is pure, and talks to
/// nobody: Terraform calls it when it likes, without a configured provider.
///
/// An `Option` takes null, a last field that is [`variadic`](crate::Attribute::variadic) any number of arguments. What is
/// unknown does not get here: the result is unknown too.
pub trait Function: Object {
    /// What it gives.
    type Output: Field;

    /// Its name.
    const NAME: &'static str;

    /// Answers.
    ///
    /// # Errors
    /// Says which argument is wrong.
    fn call(self) -> Result<Self::Output, FunctionError>;
}

/// What is wrong with a call of a function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct FunctionError {
    pub(crate) text: String,
    pub(crate) argument: Option<String>,
}

impl FunctionError {
    /// Something is wrong.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: None }
    }

    /// It is this argument, by the name of its parameter.
    #[must_use]
    pub fn at(self, argument: &str) -> Self {
        Self { argument: Some(argument.to_owned()), ..self }
    }
}
