//! Values as MessagePack, which Terraform prefers.

use std::collections::BTreeMap;

use rmpv::Value as Pack;

use super::{Mismatch, Number, Path, Refinement, Type, Value};
use crate::number::Wire;

/// Deeper than any type that a person writes.
const DEPTH: usize = 256;
/// Bare unknown values are of this kind of extension; any other is unknown too.
const UNKNOWN: i8 = 0;
/// The kind of those with refinements.
const REFINED: i8 = 12;

pub(super) fn encode(value: &Value, ty: &Type) -> Vec<u8> {
    let mut bytes = Vec::new();
    if rmpv::encode::write_value(&mut bytes, &pack(value, ty)).is_err() {
        unreachable!("writing into memory does not fail");
    }
    bytes
}

fn pack(value: &Value, ty: &Type) -> Pack {
    match (value, ty) {
        (Value::Null, _) => Pack::Nil,
        (Value::Unknown(refinement), _) => unknown(refinement),
        (Value::Bool(truth), _) => Pack::Boolean(*truth),
        (Value::Number(number), _) => pack_number(number),
        (Value::String(text), _) => Pack::from(text.as_str()),
        (Value::Dynamic(ty, value), _) => Pack::Array(vec![Pack::Binary(ty.to_bytes()), pack(value, ty)]),
        (Value::List(elements), Type::Tuple(types)) => {
            Pack::Array(elements.iter().zip(types).map(|(value, ty)| pack(value, ty)).collect())
        }
        (Value::List(elements), Type::List(ty) | Type::Set(ty) | Type::Map(ty)) => {
            Pack::Array(elements.iter().map(|value| pack(value, ty)).collect())
        }
        (Value::List(elements), ty) => Pack::Array(elements.iter().map(|value| pack(value, ty)).collect()),
        (Value::Map(_), Type::Object(types)) => {
            Pack::Map(types.iter().map(|(name, ty)| (Pack::from(name.as_str()), pack(value.get(name), ty))).collect())
        }
        (Value::Map(elements), ty) => {
            let element = if let Type::Map(element) = ty { element } else { ty };
            Pack::Map(elements.iter().map(|(key, value)| (Pack::from(key.as_str()), pack(value, element))).collect())
        }
    }
}

fn pack_number(number: &Number) -> Pack {
    match number.wire() {
        Wire::Signed(int) => Pack::from(int),
        Wire::Unsigned(int) => Pack::from(int),
        Wire::Float(float) => Pack::from(float),
        Wire::Text(text) => Pack::from(text.as_ref()),
    }
}

fn unknown(refinement: &Refinement) -> Pack {
    let bound = |(number, inclusive): &(Number, bool)| Pack::Array(vec![pack_number(number), Pack::from(*inclusive)]);
    let known = [
        refinement.null.map(Pack::from),
        refinement.prefix.as_deref().map(Pack::from),
        refinement.lower.as_ref().map(bound),
        refinement.upper.as_ref().map(bound),
        refinement.min_length.map(Pack::from),
        refinement.max_length.map(Pack::from),
    ];
    let entries: Vec<(Pack, Pack)> =
        (1_u8..).zip(known).filter_map(|(key, value)| Some((Pack::from(key), value?))).collect();
    if entries.is_empty() {
        return Pack::Ext(UNKNOWN, vec![0]);
    }
    let mut body = Vec::new();
    if rmpv::encode::write_value(&mut body, &Pack::Map(entries)).is_err() {
        unreachable!("writing into memory does not fail");
    }
    Pack::Ext(REFINED, body)
}

pub(super) fn decode(bytes: &[u8], ty: &Type) -> Result<Value, Mismatch> {
    let mut rest = bytes;
    let pack = rmpv::decode::read_value_with_max_depth(&mut rest, DEPTH)
        .map_err(|error| Mismatch::new(format!("is no MessagePack: {error}")))?;
    if !rest.is_empty() {
        return Err(Mismatch::new("has bytes behind its end"));
    }
    unpack(pack, ty, &Path::root())
}

fn unpack(pack: Pack, ty: &Type, path: &Path) -> Result<Value, Mismatch> {
    let wrong = |problem: String| Mismatch { path: path.clone(), problem };
    match (pack, ty) {
        (Pack::Nil, _) => Ok(Value::Null),
        (Pack::Ext(REFINED, body), _) => Ok(Value::Unknown(refined(&body))),
        (Pack::Ext(..), _) => Ok(Value::UNKNOWN),
        (Pack::Array(parts), Type::Dynamic) => {
            let [ty, value] = <[Pack; 2]>::try_from(parts).map_err(|_| wrong("has no type beside it".into()))?;
            let ty = match &ty {
                Pack::Binary(json) => json.as_slice(),
                Pack::String(json) => json.as_bytes(),
                _ => return Err(wrong("has no type beside it".into())),
            };
            let ty =
                serde_json::from_slice(ty).map_err(|error| wrong(format!("has a type that is no JSON: {error}")))?;
            let ty = Type::from_json(&ty).map_err(wrong)?;
            let value = unpack(value, &ty, path)?;
            Ok(Value::Dynamic(Box::new(ty), Box::new(value)))
        }
        (Pack::Boolean(truth), Type::Bool) => Ok(Value::Bool(truth)),
        (Pack::String(text), Type::String) => {
            text.into_str().map(Value::String).ok_or_else(|| wrong("is no UTF-8".into()))
        }
        (pack @ (Pack::Integer(_) | Pack::F32(_) | Pack::F64(_) | Pack::String(_)), Type::Number) => {
            unpack_number(&pack).map(Value::Number).ok_or_else(|| wrong("is no number".into()))
        }
        (Pack::Array(parts), Type::List(ty) | Type::Set(ty)) => {
            let element = |(index, part)| unpack(part, ty, &path.index(index));
            parts.into_iter().enumerate().map(element).collect::<Result<_, _>>().map(Value::List)
        }
        (Pack::Array(parts), Type::Tuple(types)) if parts.len() == types.len() => {
            let element = |(index, (part, ty))| unpack(part, ty, &path.index(index));
            parts.into_iter().zip(types).enumerate().map(element).collect::<Result<_, _>>().map(Value::List)
        }
        (Pack::Map(entries), Type::Map(ty)) => {
            let element = |(key, part): (Pack, Pack)| {
                let key = key.as_str().ok_or_else(|| wrong("has a key that is no text".into()))?.to_owned();
                let value = unpack(part, ty, &path.key(&key))?;
                Ok((key, value))
            };
            entries.into_iter().map(element).collect::<Result<_, _>>().map(Value::Map)
        }
        (Pack::Map(entries), Type::Object(types)) => {
            let mut attributes: BTreeMap<String, Value> =
                types.keys().map(|name| (name.clone(), Value::Null)).collect();
            for (key, part) in entries {
                let key = key.as_str().unwrap_or_default();
                let ty = types.get(key).ok_or_else(|| wrong(format!("has `{key}`, which the schema does not know")))?;
                attributes.insert(key.to_owned(), unpack(part, ty, &path.attribute(key))?);
            }
            Ok(Value::Map(attributes))
        }
        (_, ty) => Err(wrong(format!("is not {}", ty.noun()))),
    }
    .map(|value| match (value, ty) {
        (Value::List(elements), Type::Set(ty)) => Value::set(elements, ty),
        (value, _) => value,
    })
}

fn unpack_number(pack: &Pack) -> Option<Number> {
    match pack {
        Pack::Integer(int) => int.as_i64().map(Number::from).or_else(|| int.as_u64().map(Number::from)),
        Pack::F32(float) => Number::of_wire(f64::from(*float)),
        Pack::F64(float) => Number::of_wire(*float),
        Pack::String(text) => Number::parse(text.as_str()?),
        _ => None,
    }
}

/// What is not understood is left out: a refinement is a hint.
fn refined(mut body: &[u8]) -> Refinement {
    let mut refinement = Refinement::default();
    let Ok(Pack::Map(entries)) = rmpv::decode::read_value_with_max_depth(&mut body, DEPTH) else { return refinement };
    let bound = |pack: &Pack| {
        let [number, inclusive] = pack.as_array()?.as_slice() else { return None };
        Some((unpack_number(number)?, inclusive.as_bool()?))
    };
    for (key, value) in &entries {
        match key.as_i64() {
            Some(1) => refinement.null = value.as_bool(),
            Some(2) => refinement.prefix = value.as_str().map(str::to_owned),
            Some(3) => refinement.lower = bound(value),
            Some(4) => refinement.upper = bound(value),
            Some(5) => refinement.min_length = value.as_i64(),
            Some(6) => refinement.max_length = value.as_i64(),
            _ => {}
        }
    }
    refinement
}
