//! Functions.

use std::collections::BTreeMap;

use super::Typed;
use crate::field::Field;
use crate::function::{Function, FunctionError};
use crate::proto;
use crate::proto::StringKind;
use crate::schema::{Attribute, Presence, Schema};
use crate::ty::Type;
use crate::value::Value;
use crate::view::View;

pub(crate) trait FunctionHandler: Send + Sync {
    fn schema(&self) -> &Schema;
    fn output(&self) -> Type;
    fn call(&self, arguments: Value) -> Result<Value, FunctionError>;
}

impl<F: Function> FunctionHandler for Typed<F> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn output(&self) -> Type {
        F::Output::shape().kind.ty()
    }

    fn call(&self, arguments: Value) -> Result<Value, FunctionError> {
        let arguments =
            F::from_object(&View::new(&arguments)).map_err(|mismatch| FunctionError::new(mismatch.to_string()))?;
        arguments.call().map(|output| output.to_value())
    }
}

/// The parameters in their order, and the last one where it takes any number of arguments.
pub(crate) fn parameters(schema: &Schema) -> (&[Attribute], Option<&Attribute>) {
    match schema.attributes.split_last() {
        Some((last, rest)) if last.variadic => (rest, Some(last)),
        _ => (&schema.attributes, None),
    }
}

/// What one argument of the parameter is.
pub(crate) fn argument_type(parameter: &Attribute) -> Type {
    match parameter.kind.ty() {
        Type::List(element) if parameter.variadic => *element,
        ty => ty,
    }
}

/// The arguments by the names of their parameters.
pub(crate) fn arguments(schema: &Schema, mut given: Vec<Value>) -> BTreeMap<String, Value> {
    let (fixed, variadic) = parameters(schema);
    let rest = given.split_off(fixed.len().min(given.len()));
    let mut named: BTreeMap<String, Value> = fixed.iter().map(|one| one.name.clone()).zip(given).collect();
    named.extend(variadic.map(|one| (one.name.clone(), Value::List(rest))));
    named
}

pub(crate) fn to_proto(function: &dyn FunctionHandler) -> proto::Function {
    let schema = function.schema();
    let parameter = |parameter: &Attribute| proto::function::Parameter {
        name: parameter.name.clone(),
        r#type: argument_type(parameter).to_bytes(),
        allow_null_value: parameter.presence == Presence::Optional,
        allow_unknown_values: false,
        description: parameter.description.clone(),
        description_kind: StringKind::Markdown.into(),
    };
    let (fixed, variadic) = parameters(schema);
    proto::Function {
        parameters: fixed.iter().map(parameter).collect(),
        variadic_parameter: variadic.map(parameter),
        r#return: Some(proto::function::Return { r#type: function.output().to_bytes() }),
        summary: schema.description.lines().next().unwrap_or_default().to_owned(),
        description: schema.description.clone(),
        description_kind: StringKind::Markdown.into(),
        deprecation_message: schema.deprecated.clone().unwrap_or_default(),
    }
}
