//! The OpenAPI document, made from the list of routes: what a handler takes is read off its own arguments.

mod input;
mod operation;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

pub use input::{Input, Inputs};
pub use operation::Operation;

/// The document of these operations.
#[must_use]
pub fn document(operations: &[Operation]) -> Value {
    // The dialect of OpenAPI 3.1, with every schema where its references look for it.
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        let described = operation.describe(&mut generator);
        let methods = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        methods[operation.method.as_str().to_ascii_lowercase()] = described;
    }
    let _problem = generator.subschema_for::<monkeyci_rest::Problem>();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "MonkeyCI",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Builds, and what they are made of. Lists come in pages, refusals as `application/problem+json`.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas(generator),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "An API token: `mci_…`" },
                "session": { "type": "apiKey", "in": "cookie", "name": crate::session::SAFE },
            },
        },
        "security": [{ "token": [] }, { "session": [] }, {}],
    })
}

fn schemas(mut generator: SchemaGenerator) -> Map<String, Value> {
    generator.take_definitions(true)
}
