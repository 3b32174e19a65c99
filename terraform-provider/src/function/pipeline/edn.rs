//! JSON as EDN.

use serde_json::Value as Json;

/// A value in EDN: names of objects that can be keywords are.
pub(super) fn written(json: &Json) -> String {
    match json {
        Json::Null => "nil".to_owned(),
        // What a text of JSON escapes, one of EDN does.
        Json::Bool(_) | Json::Number(_) | Json::String(_) => json.to_string(),
        Json::Array(elements) => format!("[{}]", elements.iter().map(written).collect::<Vec<_>>().join(" ")),
        Json::Object(fields) => {
            let field = |(name, value): (&String, &Json)| format!("{} {}", key(name), written(value));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
    }
}

fn key(name: &str) -> String {
    let is_inside = |letter: char| letter.is_ascii_alphanumeric() || "-_.?!*+".contains(letter);
    let begins = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
    if begins && name.chars().all(is_inside) { format!(":{name}") } else { Json::from(name).to_string() }
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn names_are_keywords_where_they_can_be() {
        let json = serde_json::json!({ "jobs": { "unit test": { "script": ["a \"b\"", null, 1.5] }, "x-1": true } });
        assert_eq!(written(&json), r#"{:jobs {"unit test" {:script ["a \"b\"" nil 1.5]}, :x-1 true}}"#);
    }
}
