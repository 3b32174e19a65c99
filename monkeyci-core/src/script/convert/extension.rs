//! Properties that are none of ours: of plugins, and under `x-`.

use serde_json::{Map, Value as Json};

use crate::script::extensions::Extensions;
use crate::script::node::{Node, Scalar, Value};

/// Whether a key that no table knows may stand in a job.
pub(super) fn is_known(written: &str, extensions: &Extensions) -> bool {
    written.starts_with("x-") || extensions.knows(written)
}

/// A value as JSON. Numbers that JSON cannot write are text.
pub(super) fn json(node: &Node) -> Json {
    match &node.value {
        Value::Scalar(Scalar::Null, _) => Json::Null,
        Value::Scalar(Scalar::Bool(value), _) => Json::Bool(*value),
        Value::Scalar(Scalar::Number, text) => {
            serde_json::from_str(text).map_or_else(|_| Json::String(text.clone()), Json::Number)
        }
        Value::Scalar(Scalar::Text, text) => Json::String(text.clone()),
        Value::List(items) => Json::Array(items.iter().map(json).collect()),
        Value::Map(entries) => {
            let pair = |(key, value): &(Node, Node)| (key.as_text().unwrap_or("null").to_owned(), json(value));
            Json::Object(entries.iter().map(pair).collect::<Map<_, _>>())
        }
    }
}
