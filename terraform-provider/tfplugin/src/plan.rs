//! What will be, from what is and what the user wants. Terraform holds every provider to rules here: what the user wrote
//! goes through as it is, only computed attributes may be unknown, and where nothing changes nothing may.

mod pairs;

use std::collections::BTreeMap;

use crate::path::Path;
use crate::schema::{Attribute, Kind, Nesting, Presence, Schema};
use crate::value::Value;
use pairs::paired;

/// The planned state. `proposed` is what Terraform proposes: the configuration, with what was computed before where the
/// user says nothing.
pub(crate) fn plan(schema: &Schema, prior: &Value, config: &Value, proposed: &Value) -> Value {
    let mut planned = object(schema, config, proposed, prior);
    if planned != *prior {
        forget(schema, config, &mut planned);
    }
    planned
}

/// A configuration with its defaults, where nothing is planned.
pub(crate) fn fill(schema: &Schema, config: &Value) -> Value {
    object(schema, config, &Value::Null, &Value::Null)
}

/// Fills in defaults, takes out what is write-only, and leaves in place what only looks different.
fn object(schema: &Schema, config: &Value, proposed: &Value, prior: &Value) -> Value {
    let attribute = |attribute: &Attribute| {
        let name = &attribute.name;
        (name.clone(), settle(attribute, config.get(name), proposed.get(name), prior.get(name)))
    };
    Value::Map(schema.attributes.iter().map(attribute).collect())
}

fn settle(attribute: &Attribute, config: &Value, proposed: &Value, prior: &Value) -> Value {
    if attribute.write_only {
        return Value::Null;
    }
    match (config, &attribute.kind) {
        (Value::Null, _) => match &attribute.default {
            Some(default) => default.clone(),
            None if attribute.is_computed() => proposed.clone(),
            None => Value::Null,
        },
        (config, Kind::Plain(_)) => settled_text(attribute, config, prior),
        (config, Kind::Nested(nesting, schema)) => elements(*nesting, schema, config, proposed, prior),
    }
}

fn settled_text(attribute: &Attribute, config: &Value, prior: &Value) -> Value {
    match (attribute.same, config, prior) {
        (Some(same), Value::String(new), Value::String(old)) if same(old, new) => prior.clone(),
        _ => config.clone(),
    }
}

fn elements(nesting: Nesting, schema: &Schema, config: &Value, proposed: &Value, prior: &Value) -> Value {
    match (nesting, config) {
        (Nesting::Single, Value::Map(_)) => object(schema, config, proposed, prior),
        (Nesting::List, Value::List(elements)) => {
            let settle = |(index, config)| object(schema, config, element(proposed, index), element(prior, index));
            Value::List(elements.iter().enumerate().map(|pair| known(pair.1, || settle(pair))).collect())
        }
        (Nesting::Map, Value::Map(elements)) => {
            let settle = |key: &String, config| object(schema, config, proposed.get(key), prior.get(key));
            let settle = |(key, config)| (String::clone(key), known(config, || settle(key, config)));
            Value::Map(elements.iter().map(settle).collect())
        }
        (Nesting::Set, Value::List(elements)) => {
            let pairs = paired(schema, elements, proposed);
            let settle = |(config, proposed)| known(config, || object(schema, config, proposed, proposed));
            Value::set(pairs.into_iter().map(settle).collect(), &schema.ty())
        }
        _ => config.clone(),
    }
}

/// An element that is null or unknown as a whole stays what it is.
fn known(config: &Value, settle: impl FnOnce() -> Value) -> Value {
    if let Value::Map(_) = config { settle() } else { config.clone() }
}

fn element(list: &Value, index: usize) -> &Value {
    if let Value::List(elements) = list { elements.get(index).unwrap_or(&Value::Null) } else { &Value::Null }
}

/// What the provider computes may change with the rest, and is not known any more unless it keeps.
fn forget(schema: &Schema, config: &Value, planned: &mut Value) {
    let Value::Map(planned) = planned else { return };
    for attribute in &schema.attributes {
        let config = config.get(&attribute.name);
        let Some(value) = planned.get_mut(&attribute.name) else { continue };
        match (config, &attribute.kind) {
            (Value::Null, _) => {
                let stays = attribute.keeps && !matches!(value, Value::Null | Value::Unknown(_));
                if attribute.is_computed() && attribute.default.is_none() && !stays {
                    *value = Value::UNKNOWN;
                }
            }
            (config, Kind::Nested(nesting, schema)) => forget_in(*nesting, schema, config, value),
            _ => {}
        }
    }
}

fn forget_in(nesting: Nesting, schema: &Schema, config: &Value, planned: &mut Value) {
    match (nesting, config, planned) {
        (Nesting::Single, Value::Map(_), planned) => forget(schema, config, planned),
        (Nesting::List, Value::List(config), Value::List(planned)) => {
            config.iter().zip(planned).for_each(|(config, planned)| forget(schema, config, planned));
        }
        (Nesting::Map, Value::Map(config), Value::Map(planned)) => {
            for (key, planned) in planned {
                forget(schema, config.get(key).unwrap_or(&Value::Null), planned);
            }
        }
        (Nesting::Set, Value::List(config), planned) => {
            let mut forgotten = Vec::new();
            for (config, filled) in paired(schema, config, planned) {
                let mut filled = filled.clone();
                forget(schema, config, &mut filled);
                forgotten.push(filled);
            }
            *planned = Value::set(forgotten, &schema.ty());
        }
        _ => {}
    }
}

/// Where a change cannot be made in place.
pub(crate) fn replaced(schema: &Schema, prior: &Value, planned: &Value) -> Vec<Path> {
    let mut paths = Vec::new();
    replaced_in(schema, prior, planned, &Path::root(), &mut paths);
    paths
}

fn replaced_in(schema: &Schema, prior: &Value, planned: &Value, path: &Path, paths: &mut Vec<Path>) {
    let (Value::Map(_), Value::Map(_)) = (prior, planned) else { return };
    for attribute in &schema.attributes {
        let (prior, planned) = (prior.get(&attribute.name), planned.get(&attribute.name));
        let path = path.attribute(&attribute.name);
        if prior == planned {
            continue;
        }
        if attribute.replaces.is_some_and(|rule| rule(prior, planned)) {
            paths.push(path);
            continue;
        }
        let Kind::Nested(nesting, schema) = &attribute.kind else { continue };
        match (nesting, prior, planned) {
            (Nesting::Single, ..) => replaced_in(schema, prior, planned, &path, paths),
            (Nesting::List, Value::List(prior), Value::List(planned)) => {
                for (index, (prior, planned)) in prior.iter().zip(planned).enumerate() {
                    replaced_in(schema, prior, planned, &path.index(index), paths);
                }
            }
            (Nesting::Map, Value::Map(prior), Value::Map(planned)) => {
                for (key, prior) in prior {
                    let planned = planned.get(key).unwrap_or(&Value::Null);
                    replaced_in(schema, prior, planned, &path.key(key), paths);
                }
            }
            _ => {}
        }
    }
}

/// What the provider answered, as the state keeps it: nothing write-only, and text that means the same as before as it
/// was before.
pub(crate) fn settle_answer(schema: &Schema, answer: &mut Value, before: &Value) {
    let Value::Map(attributes) = answer else { return };
    for attribute in &schema.attributes {
        let before = before.get(&attribute.name);
        let Some(value) = attributes.get_mut(&attribute.name) else { continue };
        if attribute.write_only {
            *value = Value::Null;
            continue;
        }
        match &attribute.kind {
            Kind::Plain(_) => *value = settled_text(attribute, value, before),
            Kind::Nested(Nesting::Single, schema) => settle_answer(schema, value, before),
            Kind::Nested(Nesting::List, schema) => {
                let Value::List(elements) = value else { continue };
                for (index, value) in elements.iter_mut().enumerate() {
                    settle_answer(schema, value, element(before, index));
                }
            }
            Kind::Nested(Nesting::Map, schema) => {
                let Value::Map(elements) = value else { continue };
                elements.iter_mut().for_each(|(key, value)| settle_answer(schema, value, before.get(key)));
            }
            Kind::Nested(Nesting::Set, schema) => {
                let Value::List(elements) = value else { continue };
                elements.iter_mut().for_each(|value| settle_answer(schema, value, &Value::Null));
                *value = Value::set(std::mem::take(elements), &schema.ty());
            }
        }
    }
}

/// The planned state with what is write-only, which only the configuration has.
pub(crate) fn with_write_only(schema: &Schema, planned: &Value, config: &Value) -> Value {
    let Value::Map(attributes) = planned else { return planned.clone() };
    let mut whole: BTreeMap<String, Value> = attributes.clone();
    for attribute in &schema.attributes {
        let config = config.get(&attribute.name);
        let Some(value) = whole.get_mut(&attribute.name) else { continue };
        match (&attribute.kind, &mut *value, config) {
            _ if attribute.write_only => *value = config.clone(),
            (Kind::Nested(Nesting::Single, schema), Value::Map(_), _) => {
                *value = with_write_only(schema, value, config);
            }
            (Kind::Nested(Nesting::List, schema), Value::List(elements), _) => {
                for (index, value) in elements.iter_mut().enumerate() {
                    *value = with_write_only(schema, value, element(config, index));
                }
            }
            (Kind::Nested(Nesting::Map, schema), Value::Map(elements), _) => {
                elements.iter_mut().for_each(|(key, value)| *value = with_write_only(schema, value, config.get(key)));
            }
            _ => {}
        }
    }
    Value::Map(whole)
}

/// What a user would write to get this state: nothing that is computed, write-only or the default.
pub(crate) fn written(schema: &Schema, state: &Value) -> Value {
    let Value::Map(_) = state else { return state.clone() };
    let attribute = |attribute: &Attribute| {
        let value = state.get(&attribute.name);
        let left_out = attribute.write_only
            || attribute.presence == Presence::Computed
            || attribute.default.as_ref().is_some_and(|default| default == value);
        let value = match (&attribute.kind, value) {
            _ if left_out => Value::Null,
            (Kind::Nested(Nesting::Single, schema), value) => written(schema, value),
            (Kind::Nested(_, schema), Value::List(elements)) => {
                Value::List(elements.iter().map(|value| written(schema, value)).collect())
            }
            (Kind::Nested(_, schema), Value::Map(elements)) => {
                Value::Map(elements.iter().map(|(key, value)| (key.clone(), written(schema, value))).collect())
            }
            (_, value) => value.clone(),
        };
        (attribute.name.clone(), value)
    };
    Value::Map(schema.attributes.iter().map(attribute).collect())
}

#[cfg(test)]
mod tests;
