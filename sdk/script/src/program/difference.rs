use monkeyci_model::Job;
use serde_json::Value;

/// Differences that are shown; more would not help.
const SHOWN: usize = 10;

/// How two jobs differ, a line for each property, or nothing when they do not.
pub(super) fn difference(planned: &Job, now: &Job) -> Option<String> {
    if planned == now {
        return None;
    }
    let json = |job: &Job| serde_json::to_value(job).unwrap_or_default();
    let mut lines = Vec::new();
    compare("", &json(planned), &json(now), &mut lines);
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("    and {more} more"));
    }
    Some(lines.join("\n"))
}

fn compare(path: &str, planned: &Value, now: &Value, lines: &mut Vec<String>) {
    match (planned, now) {
        (planned, now) if planned == now => {}
        (Value::Object(planned), Value::Object(now)) => {
            let added = now.keys().filter(|key| !planned.contains_key(*key));
            for key in planned.keys().chain(added) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                compare(&path, &of(planned), &of(now), lines);
            }
        }
        (Value::Array(planned), Value::Array(now)) => {
            for place in 0..planned.len().max(now.len()) {
                let of = |list: &[Value]| list.get(place).cloned().unwrap_or_default();
                compare(&format!("{path}[{place}]"), &of(planned), &of(now), lines);
            }
        }
        (planned, now) => lines.push(format!("    `{path}`: planned {}, now {}", shown(planned), shown(now))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        value => {
            let text = value.to_string();
            let short: String = text.chars().take(100).collect();
            if short.len() < text.len() { short + "…" } else { short }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::process;

    #[test]
    fn each_property_that_differs_is_named() {
        let one = process("a").run("date 1").env("SAME", "x").env("OLD", "1");
        let two = process("a").run("date 2").env("SAME", "x").env("NEW", "2").run("more");
        assert_eq!(difference(one.model(), one.model()), None);
        assert_eq!(
            difference(one.model(), two.model()).expect("they differ"),
            "    `script[0]`: planned \"date 1\", now \"date 2\"\n    \
             `script[1]`: planned nothing, now \"more\"\n    \
             `env.OLD`: planned \"1\", now nothing\n    \
             `env.NEW`: planned nothing, now \"2\""
        );
    }
}
