//! Nothing that can be declared at the server is forgotten here: the document of its API and the schema of its scripts, against
//! the schemas of resources.

mod known;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tfplugin::{Kind, Schema};

use crate::monkeyci::program;
use known::{DECLARED, Instead, JOBS, PROPERTIES, UNDECLARED};
use walk::Walk;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// The document of the API, as it is checked in.
fn document() -> Value {
    let file = root().join("monkeyci-api/reference/openapi.json");
    serde_json::from_slice(&std::fs::read(file).expect("it is checked in")).expect("JSON")
}

/// Each call that writes, with the schema of its body.
fn bodies(document: &Value) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in ["put", "post", "patch"] {
            let body = &methods[method]["requestBody"]["content"]["application/json"]["schema"];
            if !body.is_null() {
                all.insert(format!("{} {path}", method.to_uppercase()), body.clone());
            }
        }
    }
    all
}

#[test]
fn every_body_of_the_api_is_declared_by_a_resource_or_said_not_to_be() {
    let document = document();
    let bodies = bodies(&document);
    let told: BTreeSet<&str> =
        DECLARED.iter().map(|(call, _)| *call).chain(UNDECLARED.iter().map(|(call, _)| *call)).collect();
    let there: BTreeSet<&str> = bodies.keys().map(String::as_str).collect();
    let forgotten: Vec<_> = there.difference(&told).collect();
    assert!(
        forgotten.is_empty(),
        "a resource declares what these write, or known.rs says why none does: {forgotten:#?}"
    );
    let gone: Vec<_> = told.difference(&there).collect();
    assert!(gone.is_empty(), "known.rs speaks of calls that the API has not: {gone:#?}");
}

#[test]
fn every_property_of_a_declared_object_is_an_attribute_of_its_resource() {
    let document = document();
    let bodies = bodies(&document);
    let plugin = monkeyci_provider::plugin();
    let schemas: BTreeMap<&str, &Schema> = plugin.resource_schemas().collect();
    let mut walk = Walk::new(&document, PROPERTIES);
    for (call, resources) in DECLARED {
        let body = bodies.get(*call).unwrap_or_else(|| panic!("the API has no {call}"));
        for resource in *resources {
            let schema = schemas.get(resource).unwrap_or_else(|| panic!("there is no resource {resource}"));
            walk.compare(resource, body, schema);
        }
    }
    walk.ends();

    let declaring: BTreeSet<_> = DECLARED.iter().flat_map(|(_, resources)| resources.iter().copied()).collect();
    let others: Vec<_> = schemas.keys().filter(|name| !declaring.contains(*name)).collect();
    assert_eq!(others, [&"monkeyci_params_exclusive"], "what do they declare? DECLARED says it");
}

#[test]
fn every_key_of_a_job_is_an_attribute_of_the_jobs_of_pipelines() {
    let said = Command::new(program(root())).args(["schema", "script"]).output().expect("the program runs");
    let script: Value = serde_json::from_slice(&said.stdout).expect("JSON");
    let plugin = monkeyci_provider::plugin();
    let (_, pipeline) = plugin.resource_schemas().find(|(name, _)| *name == "monkeyci_pipeline").expect("it is there");
    let Kind::Nested(_, job) = &pipeline.attribute("jobs").expect("it has jobs").kind else {
        panic!("jobs are objects")
    };
    let mut walk = Walk::with_aliases(&script, JOBS);
    walk.compare("job", &script["$defs"]["job"], job);
    walk.ends();
}

#[test]
fn what_is_forgotten_is_found() {
    let document = serde_json::json!({ "components": { "schemas": {
        "Report": { "type": "object", "properties": { "forge": { "type": "string" }, "secret": { "type": "string" } } },
        "Mood": { "oneOf": [{ "const": "calm" }, { "enum": ["wild"] }] },
    } } });
    let body = serde_json::json!({ "properties": {
        "noShells": { "type": "boolean" },
        "report": { "anyOf": [{ "$ref": "#/components/schemas/Report" }, { "type": "null" }] },
        "mood": { "$ref": "#/components/schemas/Mood" },
        "repo": { "type": "string" },
    } });
    #[derive(Debug, tfplugin::Object)]
    struct Report {
        forge: String,
    }
    #[derive(Debug, tfplugin::Object)]
    struct Repo {
        report: Option<Report>,
        #[attribute(check(tfplugin::check::one_of(["calm"])))]
        mood: String,
        source: String,
    }
    let schema = <Repo as tfplugin::Object>::schema();
    let known = [("x", "repo", Instead::Is("source")), ("x", "gone", Instead::Not("a reason for nothing"))];
    let mut walk = Walk::new(&document, &known);
    walk.compare("x", &body, &schema);
    assert_eq!(walk.forgotten(), ["x: mood=wild", "x: noShells", "x: report.secret"]);
    assert_eq!(walk.stale(), ["x: gone"]);
}
