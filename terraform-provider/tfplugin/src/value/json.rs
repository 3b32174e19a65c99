//! Values as JSON, which states are in.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::{Mismatch, Number, Path, Type, Value};

pub(super) fn encode(value: &Value, ty: &Type) -> Json {
    match (value, ty) {
        (Value::Null | Value::Unknown(_), _) => Json::Null,
        (Value::Bool(truth), _) => json!(truth),
        // The text of a number is JSON as it is; only one that is too big for a machine's number has to lose digits.
        (Value::Number(number), _) => serde_json::from_str(&number.to_string()).unwrap_or(Json::Null),
        (Value::String(text), _) => json!(text),
        (Value::Dynamic(ty, value), _) => json!({ "value": encode(value, ty), "type": ty.to_json() }),
        (Value::List(elements), Type::Tuple(types)) => {
            elements.iter().zip(types).map(|(value, ty)| encode(value, ty)).collect()
        }
        (Value::List(elements), Type::List(ty) | Type::Set(ty)) => {
            elements.iter().map(|value| encode(value, ty)).collect()
        }
        (Value::List(elements), ty) => elements.iter().map(|value| encode(value, ty)).collect(),
        (Value::Map(_), Type::Object(types)) => {
            Json::Object(types.iter().map(|(name, ty)| (name.clone(), encode(value.get(name), ty))).collect())
        }
        (Value::Map(elements), ty) => {
            let element = if let Type::Map(element) = ty { element } else { ty };
            Json::Object(elements.iter().map(|(key, value)| (key.clone(), encode(value, element))).collect())
        }
    }
}

pub(super) fn decode(text: &[u8], ty: &Type) -> Result<Value, Mismatch> {
    let raw: &RawValue = serde_json::from_slice(text).map_err(|error| Mismatch::new(format!("is no JSON: {error}")))?;
    read(raw, ty, &Path::root())
}

/// Reads as the type says and not by way of JSON values, whose numbers end at 64 bits.
fn read(raw: &RawValue, ty: &Type, path: &Path) -> Result<Value, Mismatch> {
    if raw.get() == "null" {
        return Ok(Value::Null);
    }
    let wrong = || Mismatch { path: path.clone(), problem: format!("is not {}", ty.noun()) };
    match ty {
        Type::Bool => parse(raw).map(Value::Bool).ok_or_else(wrong),
        Type::String => parse(raw).map(Value::String).ok_or_else(wrong),
        Type::Number => {
            // Older programs wrote numbers as text.
            let text = raw.get().trim_matches('"');
            Number::parse(text).map(Value::Number).ok_or_else(wrong)
        }
        Type::List(element) | Type::Set(element) => {
            let parts: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
            let read = |(index, part)| read(part, element, &path.index(index));
            let elements = parts.into_iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
            Ok(if matches!(ty, Type::Set(_)) { Value::set(elements, element) } else { Value::List(elements) })
        }
        Type::Tuple(types) => {
            let parts: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
            if parts.len() != types.len() {
                return Err(wrong());
            }
            let read = |(index, (part, ty))| read(part, ty, &path.index(index));
            parts.into_iter().zip(types).enumerate().map(read).collect::<Result<_, _>>().map(Value::List)
        }
        Type::Map(element) => {
            let parts: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
            let read = |(key, part): (String, &RawValue)| {
                let value = read(part, element, &path.key(&key))?;
                Ok((key, value))
            };
            parts.into_iter().map(read).collect::<Result<_, _>>().map(Value::Map)
        }
        Type::Object(types) => {
            let parts: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
            let read = |(name, ty): (&String, &Type)| {
                let value = match parts.get(name) {
                    Some(part) => read(part, ty, &path.attribute(name))?,
                    None => Value::Null,
                };
                Ok((name.clone(), value))
            };
            types.iter().map(read).collect::<Result<_, _>>().map(Value::Map)
        }
        Type::Dynamic => {
            let parts: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
            let ty = parts.get("type").and_then(|raw| parse(raw)).ok_or_else(wrong)?;
            let ty = Type::from_json(&ty).map_err(|problem| Mismatch { path: path.clone(), problem })?;
            let value = parts.get("value").map_or(Ok(Value::Null), |part| read(part, &ty, path))?;
            Ok(Value::Dynamic(Box::new(ty), Box::new(value)))
        }
    }
}

fn parse<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}
