//! Checks a value against a JSON Schema, as far as ours go: a keyword that it does not know is a failure of the test.
//!
//! A library for all of JSON Schema is 66 crates, and this is a page.

use regex_automata::meta::Regex;
use serde_json::{Map, Value};

/// What is wrong with `value`, by the definitions of `root`; the first thing, with its place.
pub fn validate(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let keywords = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Bool(false) => return Err(format!("{value} is not allowed")),
        Value::Object(keywords) => keywords,
        _ => panic!("{schema} is no schema"),
    };
    for (keyword, wanted) in keywords {
        let holds = match (keyword.as_str(), value) {
            ("$schema" | "title" | "description" | "$defs", _) => true,
            ("$ref", _) => {
                let name = wanted.as_str().and_then(|name| name.strip_prefix("#/$defs/")).expect("a definition");
                validate(root, &root["$defs"][name], value).map_err(|why| format!("{name}: {why}"))?;
                true
            }
            ("anyOf", _) => {
                let all: Vec<_> = list(wanted).iter().map(|schema| validate(root, schema, value)).collect();
                let whys = all.iter().filter_map(|result| result.as_ref().err().map(String::as_str));
                if all.iter().all(Result::is_err) {
                    return Err(format!("none of [{}]", whys.collect::<Vec<_>>().join(" | ")));
                }
                true
            }
            ("enum", _) => list(wanted).contains(value),
            ("type", _) => match wanted {
                Value::Array(types) => types.iter().any(|one| is_of(one, value)),
                one => is_of(one, value),
            },
            ("pattern", Value::String(text)) => {
                Regex::new(wanted.as_str().expect("a pattern")).expect("a pattern").is_match(text)
            }
            ("minimum", Value::Number(_)) => value.as_f64() >= wanted.as_f64(),
            ("maximum", Value::Number(_)) => value.as_f64() <= wanted.as_f64(),
            ("exclusiveMinimum", Value::Number(_)) => value.as_f64() > wanted.as_f64(),
            ("items", Value::Array(items)) => {
                items.iter().try_for_each(|item| validate(root, wanted, item))?;
                true
            }
            ("required", Value::Object(map)) => {
                list(wanted).iter().all(|name| map.contains_key(name.as_str().expect("a name")))
            }
            ("properties", Value::Object(map)) => {
                map.iter().try_for_each(|(name, value)| property(root, keywords, name, value))?;
                true
            }
            ("additionalProperties", Value::Object(map)) if !keywords.contains_key("properties") => {
                map.iter().try_for_each(|(name, value)| property(root, keywords, name, value))?;
                true
            }
            // Seen with `properties`.
            ("additionalProperties" | "patternProperties", _) => true,
            ("pattern" | "minimum" | "maximum" | "exclusiveMinimum" | "items" | "required" | "properties", _) => true,
            (unknown, _) => panic!("the keyword `{unknown}` is not known here"),
        };
        if !holds {
            return Err(format!("{value} does not hold to `{keyword}`: {wanted}"));
        }
    }
    Ok(())
}

fn property(root: &Value, keywords: &Map<String, Value>, name: &str, value: &Value) -> Result<(), String> {
    let by_pattern = keywords.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
    let mut by_pattern = by_pattern.filter(|(pattern, _)| Regex::new(pattern).expect("a pattern").is_match(name));
    let named = keywords.get("properties").and_then(|properties| properties.get(name));
    let schema = named.or_else(|| by_pattern.next().map(|(_, schema)| schema)).or(keywords.get("additionalProperties"));
    schema.map_or(Ok(()), |schema| validate(root, schema, value).map_err(|why| format!("`{name}`: {why}")))
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match (kind.as_str().expect("a type"), value) {
        ("string", Value::String(_))
        | ("number", Value::Number(_))
        | ("boolean", Value::Bool(_))
        | ("array", Value::Array(_))
        | ("object", Value::Object(_)) => true,
        ("integer", Value::Number(number)) => number.is_u64() || number.is_i64(),
        _ => false,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}
