//! The reference page and the JSON Schema say what the readers do.

use serde_json::Value;

use super::super::convert::keys;
use super::*;

/// The table of a map's keys in the reference.
fn table(keys: &[keys::Key]) -> String {
    let mut table = "| key | also | value | meaning |\n|---|---|---|---|\n".to_owned();
    for key in keys {
        let also = key.aliases.iter().map(|alias| format!("`{alias}`")).collect::<Vec<_>>().join(", ");
        table += &format!("| `{}` | {also} | {} | {} |\n", key.name, key.shape, key.about);
    }
    table
}

/// The tables of `docs/formats.md` lie between `<!-- keys: NAME -->` and `<!-- end -->`.
/// With `MONKEYCI_UPDATE=1` this test writes them.
#[test]
fn the_reference_lists_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/formats.md");
    let page = std::fs::read_to_string(&path).expect("the reference is there");
    let tables = [
        ("job", keys::JOB),
        ("script", keys::TOP),
        ("artifact", keys::ARTIFACT),
        ("cache", keys::CACHE),
        ("report", keys::REPORT),
        ("junit", keys::JUNIT),
        ("service", keys::SERVICE),
        ("health", keys::HEALTH),
        ("retry", keys::RETRY),
        ("condition", keys::CONDITION),
    ];
    let mut wanted = page.clone();
    for (name, keys) in tables {
        let mark = format!("<!-- keys: {name} -->\n");
        let start = wanted.find(&mark).unwrap_or_else(|| panic!("the reference lacks `{}`", mark.trim())) + mark.len();
        let end = start + wanted[start..].find("<!-- end -->").expect("an end");
        wanted.replace_range(start..end, &table(keys));
    }
    if std::env::var_os("MONKEYCI_UPDATE").is_some() {
        std::fs::write(&path, &wanted).expect("written");
    } else {
        assert_eq!(page, wanted, "run this test with MONKEYCI_UPDATE=1 to write the tables");
    }
}

#[test]
fn every_example_of_the_reference_is_a_good_script() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/formats.md");
    let page = std::fs::read_to_string(&path).expect("the reference is there");
    let mut examples = 0;
    for (fence, format) in [("```yaml\n", Format::Yaml), ("```json\n", Format::Json), ("```edn\n", Format::Edn)] {
        for example in page.split(fence).skip(1) {
            let text = example.split("```").next().expect("a fence ends");
            if let Err(error) = parse(format, "docs/formats.md", text, &push(), &plugins()) {
                panic!("{text}\n{error}");
            }
            examples += 1;
        }
    }
    assert!(examples >= 10, "{examples}");
}

#[test]
fn the_schema_knows_every_key_in_every_style() {
    let schema = schema();
    let job = &schema["$defs"]["job"]["properties"];
    for name in ["save-artifacts", "saveArtifacts", "save_artifacts", "depends-on", "container/env", "container/cmd"] {
        assert!(job[name].is_object(), "{name}");
    }
    for key in keys::JOB {
        assert!(job[key.name]["description"].is_string(), "{}", key.name);
    }
    assert!(schema["$defs"]["script"]["properties"]["timeout"].is_object());
    let mut references = Vec::new();
    collect(&schema, &mut references);
    for reference in references {
        let name = reference.strip_prefix("#/$defs/").expect("local");
        assert!(schema["$defs"][name].is_object(), "{reference} leads nowhere");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            references.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
