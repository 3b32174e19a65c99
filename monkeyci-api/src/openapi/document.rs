//! How the document is made, when tests run.

use http::StatusCode;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::Operation;

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

impl Operation {
    fn describe(&self, generator: &mut SchemaGenerator) -> Value {
        let mut named = Vec::new();
        for (place, shape) in &self.parameters {
            let schema = shape.schema(generator);
            named.extend(parameters(place, &schema, generator));
        }
        let mut described = json!({
            "summary": self.summary,
            "operationId": self.id(),
            "tags": [self.tag()],
            "parameters": named,
            "responses": { "default": {
                "description": "Refused",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            } },
        });
        if let Some(body) = &self.body {
            let schema = body.schema(generator);
            described["requestBody"] = json!({ "content": { "application/json": { "schema": schema } } });
        }
        if let Some((status, kind, schema)) = &self.answer {
            let schema = schema.as_ref().map_or_else(|| json!({}), |shape| shape.schema(generator).to_value());
            let content = if kind.is_empty() { json!({}) } else { json!({ *kind: { "schema": schema } }) };
            let created = self.makes.then_some(StatusCode::CREATED);
            for status in created.into_iter().chain([*status]) {
                let description = status.canonical_reason().unwrap_or_default();
                described["responses"][status.as_str()] = json!({ "description": description, "content": content });
            }
        }
        described
    }

    /// `GET /v1/orgs/{org}/repos` is `get_orgs_org_repos`.
    fn id(&self) -> String {
        let words = self.path.split(['/', '{', '}', '.']).filter(|word| !word.is_empty() && *word != "v1");
        let words: Vec<_> = words.map(|word| word.replace('-', "_")).collect();
        format!("{}_{}", self.method.as_str().to_ascii_lowercase(), words.join("_"))
    }

    /// The last word of the path that is a kind of thing.
    fn tag(&self) -> String {
        let is_kind = |word: &&str| !word.is_empty() && *word != "v1" && !word.starts_with('{');
        self.path.rsplit('/').find(is_kind).unwrap_or("server").to_owned()
    }
}

/// The properties of a schema as parameters of a request.
fn parameters(place: &str, schema: &Schema, generator: &SchemaGenerator) -> Vec<Value> {
    let resolved = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| generator.definitions().get(reference.rsplit('/').next().unwrap_or_default()));
    let schema = resolved.or(Some(schema.as_value()));
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let parameter = |(name, schema): (&String, &Value)| {
        json!({
            "name": name,
            "in": place,
            "required": place == "path",
            "description": schema.get("description"),
            "schema": schema,
        })
    };
    properties.into_iter().flatten().map(parameter).collect()
}
