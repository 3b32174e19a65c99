//! What Oracle's own Python client has sent, call by call.

use serde_json::Value;

use crate::listener::Asked;

/// Its requests, recorded.
const GOLDEN: &str = include_str!("golden.json");

/// Whether we ask as Oracle's client did.
pub fn assert_like(op: &str, asked: &Asked) {
    let all: Value = serde_json::from_str(GOLDEN).expect("it is JSON");
    let calls = all["calls"].as_array().expect("a list");
    let golden = calls.iter().find(|call| call["op"] == op).unwrap_or_else(|| panic!("`{op}` was recorded"));
    assert_eq!(asked.method, golden["method"].as_str().expect("a method"), "{op}");
    assert_eq!(asked.target, golden["path"].as_str().expect("a path"), "{op}");
    for (name, value) in golden["headers"].as_object().expect("headers") {
        // It sends a media type with requests that have no body, which nobody reads.
        if name == "content-type" && !matches!(asked.method.as_str(), "POST" | "PUT") {
            continue;
        }
        assert_eq!(asked.header(name), value.as_str(), "{op}: {name}");
    }
    let (theirs, ours) = (golden["body"].as_str().expect("a body"), asked.body.as_str());
    if theirs.starts_with('{') {
        let read = |text: &str| numbers(serde_json::from_str(text).expect("it is JSON"));
        assert_eq!(read(ours), read(theirs), "{op}");
    } else {
        assert_eq!(ours, theirs, "{op}");
    }
}

/// All numbers of one kind: `1` and `1.0` are the same to a service.
fn numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(items) => items.into_iter().map(numbers).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, numbers(value))).collect(),
        other => other,
    }
}
