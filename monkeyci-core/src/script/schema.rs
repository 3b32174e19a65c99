//! The JSON Schema of `build.yaml`, `build.json` and, for its shape, `build.edn`; and the tables of the reference.

use serde_json::{Map, Value, json};

use super::convert::keys::{
    ARTIFACT, CACHE, CONDITION, DEFAULTS, HEALTH, ID_TOKEN, JOB, JUNIT, Key, REPORT, RETRY, SERVICE, TOP, VALUE,
};

/// A value of the job's matrix, which may stand in the place of anything.
const PLACEHOLDER: &str = r"\$\{\{ *matrix\.[A-Za-z0-9_-]+ *\}\}";

/// The JSON Schema (2020-12) of a build script in YAML or JSON, for editors.
///
/// It is made from the same table of keys that scripts are read by. What only a reader can know, such as unknown
/// dependencies, it does not say.
#[must_use]
pub fn schema() -> Value {
    let job = map(JOB, &[], job_key);
    let defaults = JOB.iter().filter(|key| DEFAULTS.contains(&key.name));
    let mut script = map(TOP, &["jobs"], |name| match name {
        "jobs" => {
            json!({"anyOf": [list(reference("job")), {"type": "object", "additionalProperties": reference("job")}]})
        }
        _ => json!({"type": "string"}),
    });
    if let Some(Value::Object(properties)) = script.get_mut("properties") {
        defaults.for_each(|key| insert(properties, key, &job_key(key.name)));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "MonkeyCI build script",
        "anyOf": [list(reference("job")), reference("job"), reference("script")],
        "$defs": {
            "script": script,
            "job": job,
            "text": {"type": ["string", "number", "boolean"]},
            "placeholder": {"type": "string", "pattern": PLACEHOLDER},
            "truth": {"anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}, reference("placeholder")]},
            "count": {"anyOf": [
                {"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]+$"}, reference("placeholder")
            ]},
            "port": {"anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "string", "pattern": "^[0-9]+$"},
                reference("placeholder"),
            ]},
            "texts": {"anyOf": [reference("text"), list(reference("text"))]},
            "env": {"type": "object", "additionalProperties": {"anyOf": [reference("text"), map(VALUE, &["param"], |_| reference("text"))]}},
            "duration": {"anyOf": [
                {"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^ *([0-9]+|([0-9]+(ms|s|m|h|d))+) *$"},
                reference("placeholder"),
            ]},
            "artifact": map(ARTIFACT, &["id", "path"], file_key),
            "cache": map(CACHE, &["id", "path"], file_key),
            "service": map(SERVICE, &["image"], service_key),
            "condition": map(CONDITION, &[], condition_key),
            "conditions": {"anyOf": [reference("condition"), list(reference("condition"))]},
        },
    })
}

fn job_key(name: &str) -> Value {
    let strings = || json!({"type": "object", "additionalProperties": reference("text")});
    match name {
        "type" => one_of(&["container"]),
        "script" | "command" | "args" | "entrypoint" | "params" | "dependencies" => reference("texts"),
        "env" => reference("env"),
        "id-tokens" => {
            let token = map(ID_TOKEN, &[], |_| reference("texts"));
            json!({"type": "object", "additionalProperties": token})
        }
        "when" => one_of(&["success", "failure", "always"]),
        "if" => reference("conditions"),
        "blocked" | "allow-failure" | "privileged" => reference("truth"),
        "retry" => {
            let by_cause = map(RETRY, &["max"], |key| reference(if key == "max" { "count" } else { "texts" }));
            json!({"anyOf": [reference("count"), {"enum": ["never"]}, by_cause]})
        }
        "timeout" => reference("duration"),
        "matrix" => json!({"type": "object", "additionalProperties": {"type": "array"}}),
        "save-artifacts" => one_or_many("artifact"),
        "restore-artifacts" => {
            let short = map(&ARTIFACT[..2], &["id"], |_| reference("text"));
            json!({"anyOf": [reference("text"), short.clone(), list(json!({"anyOf": [reference("text"), short]}))]})
        }
        "caches" => one_or_many("cache"),
        "reports" => {
            let report =
                map(REPORT, &["path"], |key| if key == "format" { one_of(&["junit"]) } else { reference("text") });
            json!({"anyOf": [reference("text"), report.clone(), list(json!({"anyOf": [reference("text"), report]}))]})
        }
        "junit" => map(JUNIT, &[], |_| reference("text")),
        "services" => {
            let by_id = json!({"anyOf": [{"type": "string"}, reference("service")]});
            json!({"anyOf": [list(reference("service")), {"type": "object", "additionalProperties": by_id}]})
        }
        "expose" => ports(),
        "size" | "cpus" | "memory" => json!({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]}),
        "arch" => one_of(&["amd", "arm", "amd64", "arm64", "x86_64", "aarch64"]),
        "pull" => one_of(&["if-missing", "always", "never"]),
        "mounts" | "labels" => strings(),
        _ => reference("text"),
    }
}

fn file_key(name: &str) -> Value {
    match name {
        "save" => one_of(&["success", "failure", "always"]),
        "fallbacks" => reference("texts"),
        _ => reference("text"),
    }
}

fn service_key(name: &str) -> Value {
    match name {
        "ports" => ports(),
        "env" => reference("env"),
        "command" => reference("texts"),
        "health" => json!({"anyOf": [{"type": "string"}, map(HEALTH, &["command"], |key| {
            reference(if key == "timeout" { "duration" } else { "text" })
        })]}),
        _ => reference("text"),
    }
}

fn condition_key(name: &str) -> Value {
    match name {
        "main-branch" | "fork" => reference("truth"),
        "not" => reference("conditions"),
        _ => reference("texts"),
    }
}

/// A map with these keys in each of their styles, and with `x-` keys.
fn map(keys: &[Key], required: &[&str], value: impl Fn(&str) -> Value) -> Value {
    let mut properties = Map::new();
    for key in keys {
        insert(&mut properties, key, &value(key.name));
    }
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if keys.len() == JOB.len() || keys.len() == TOP.len() && required == ["jobs"] {
        schema["patternProperties"] = json!({"^x-": true});
    }
    // A key with other names or styles cannot be required by one of them; plain ones can.
    let plain =
        |name: &&&str| !name.contains('-') && keys.iter().any(|key| key.name == **name && key.aliases.is_empty());
    let required: Vec<_> = required.iter().filter(plain).collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn insert(properties: &mut Map<String, Value>, key: &Key, value: &Value) {
    for name in std::iter::once(&key.name).chain(key.aliases) {
        let mut described = value.clone();
        described["description"] = json!(format!("{} ({})", key.about, key.shape));
        for style in [(*name).to_owned(), camel(name), name.replace('-', "_")] {
            properties.insert(style, described.clone());
        }
    }
    if ["image", "env", "command", "args", "entrypoint", "mounts", "platform"].contains(&key.name) {
        let name = if key.name == "command" { "cmd" } else { key.name };
        properties.insert(format!("container/{name}"), value.clone());
    }
}

fn camel(name: &str) -> String {
    let mut parts = name.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |camel, part| camel + &part[..1].to_uppercase() + &part[1..])
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn one_or_many(name: &str) -> Value {
    json!({"anyOf": [reference(name), list(reference(name))]})
}

fn one_of(words: &[&str]) -> Value {
    json!({"anyOf": [{"enum": words}, reference("placeholder")]})
}

fn ports() -> Value {
    json!({"anyOf": [reference("port"), list(reference("port"))]})
}
