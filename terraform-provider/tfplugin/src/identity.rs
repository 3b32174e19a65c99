//! What tells an object from all others.

use std::collections::BTreeMap;

use crate::proto::ResourceIdentityData;
use crate::schema::Schema;
use crate::ty::Type;
use crate::value::{Mismatch, Value};

/// The type of an identity; nothing where the resource has none.
pub(crate) fn ty(schema: &Schema) -> Option<Type> {
    let parts: BTreeMap<_, _> = schema
        .attributes
        .iter()
        .filter(|attribute| attribute.identity)
        .map(|attribute| (attribute.name.clone(), attribute.kind.ty()))
        .collect();
    (!parts.is_empty()).then_some(Type::Object(parts))
}

/// The identity of an object, once all of it is known.
pub(crate) fn of(schema: &Schema, object: &Value) -> Option<ResourceIdentityData> {
    let ty = ty(schema)?;
    let Type::Object(parts) = &ty else { return None };
    let parts: BTreeMap<_, _> = parts.keys().map(|name| (name.clone(), object.get(name).clone())).collect();
    if parts.values().all(Value::is_null) || parts.values().any(Value::has_unknown) {
        return None;
    }
    Some(ResourceIdentityData { identity_data: Value::Map(parts).to_proto(&ty) })
}

/// Reads one.
pub(crate) fn read(schema: &Schema, data: &ResourceIdentityData) -> Result<Value, Mismatch> {
    match ty(schema) {
        Some(ty) => Value::from_proto(data.identity_data.as_ref(), &ty),
        None => Err(Mismatch::new("is an identity, and the resource has none")),
    }
}
