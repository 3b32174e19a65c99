//! The reference page and the JSON Schema say what the readers do.

use serde_json::Value;

use super::super::convert::keys;
use super::super::node::{self, Node, Scalar};
use super::super::read::FILES;
use super::validate::validate;
use super::*;

/// How an example begins on a page.
const FENCES: [(&str, Format); 3] =
    [("```yaml\n", Format::Yaml), ("```json\n", Format::Json), ("```edn\n", Format::Edn)];

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
    for (fence, format) in FENCES {
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

/// The tree as JSON, of which the schema speaks.
fn json(node: &Node) -> Value {
    match &node.value {
        node::Value::Scalar(Scalar::Null, _) => Value::Null,
        node::Value::Scalar(Scalar::Bool(value), _) => (*value).into(),
        node::Value::Scalar(Scalar::Number, text) => {
            serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())
        }
        node::Value::Scalar(Scalar::Text, text) => text.as_str().into(),
        node::Value::List(items) => items.iter().map(json).collect(),
        node::Value::Map(entries) => {
            let entries =
                entries.iter().map(|(key, value)| (key.as_text().unwrap_or_default().to_owned(), json(value)));
            Value::Object(entries.collect())
        }
    }
}

/// Scripts of this repository: those of the examples, and those of the documentation.
fn scripts() -> Vec<(String, Format, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &Path| std::fs::read_to_string(path).expect("it is there");
    let inside = |folder: &str| {
        let entries = std::fs::read_dir(root.join(folder)).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
    };
    let mut scripts = Vec::new();
    for (example, (name, format)) in inside("examples").iter().flat_map(|path| FILES.map(|file| (path, file))) {
        let path = example.join(SCRIPT_DIR).join(name);
        if path.is_file() {
            scripts.push((path.display().to_string(), format, read(&path)));
        }
    }
    let pages = inside("docs/guide").into_iter().chain([root.join("README.md"), root.join("docs/formats.md")]);
    for (page, (fence, format)) in pages.flat_map(|page| FENCES.map(|fence| (page.clone(), fence))) {
        let text = read(&page);
        let examples = text.split(fence).skip(1).filter_map(|rest| rest.split("```").next());
        scripts.extend(examples.map(|example| (page.display().to_string(), format, example.to_owned())));
    }
    scripts
}

#[test]
fn the_schema_takes_every_script_of_this_repository() {
    let schema = schema();
    let scripts = scripts();
    assert!(scripts.len() >= 20, "{}", scripts.len());
    for (place, format, text) in scripts {
        let tree = format.read(&text, 0).unwrap_or_else(|flaw| panic!("{place}: {}", flaw.message));
        let mut script = json(&tree);
        let jobs = match &mut script {
            Value::Array(jobs) => jobs.iter_mut().collect(),
            job => vec![job],
        };
        // What a program beside it brings along is for the program to check.
        for job in jobs.into_iter().filter_map(Value::as_object_mut) {
            job.retain(|key, _| !["coverage", "tests", "notify"].contains(&key.as_str()));
        }
        if let Err(why) = validate(&schema, &schema, &script) {
            panic!("{place}: {why}\n{text}");
        }
    }
}

#[test]
fn the_schema_takes_what_the_reader_takes_and_refuses_slips() {
    let schema = schema();
    let read = |text: &str| Format::Yaml.read(text, 0).expect("YAML");
    for good in [
        "{id: a, script: ls, matrix: {t: [5m, 600000], n: [1], x: [true]}, timeout: '${{ matrix.t }}', retry: '${{ matrix.n }}', \
         allow-failure: '${{ matrix.x }}'}",
        "{id: a, script: ls, timeout: '20000'}",
        "{id: a, script: ls, timeout: 1h30m, retry: '2', allow-failure: 'true'}",
        "{id: a, script: ls, retry: {max: '3', on: [lost]}}",
        "{id: a, script: ls, retry: {max: '${{ matrix.n }}'}, matrix: {n: [1, 2], m: [10]}, timeout: '${{ matrix.m }}m'}",
        "{id: a, script: ls, image: x, arch: '${{ matrix.a }}', matrix: {a: [amd64]}}",
        "{id: a, script: ls, services: [{id: db, image: x, ports: ['6379']}]}",
    ] {
        let parsed = parse(Format::Yaml, "build.yaml", good, &push(), &Extensions::none());
        assert!(parsed.is_ok(), "{good}: {}", parsed.expect_err("just seen"));
        if let Err(why) = validate(&schema, &schema, &json(&read(good))) {
            panic!("{good}: {why}");
        }
    }
    for bad in ["{id: a, script: ls, timeout: soon}", "{id: a, script: ls, retry: often}", "{id: a, scirpt: ls}"] {
        assert!(validate(&schema, &schema, &json(&read(bad))).is_err(), "{bad}");
        assert!(parse(Format::Yaml, "build.yaml", bad, &push(), &Extensions::none()).is_err(), "{bad}");
    }
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
