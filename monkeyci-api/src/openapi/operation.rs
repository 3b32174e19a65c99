use http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

type Describe = Box<dyn Fn(&mut SchemaGenerator) -> Schema + Send + Sync>;

/// A method of a path, and what it does.
pub struct Operation {
    pub(super) method: Method,
    pub(super) path: String,
    summary: &'static str,
    pub(super) parameters: Vec<(&'static str, Describe)>,
    pub(super) body: Option<Describe>,
    answer: Option<(StatusCode, &'static str, Option<Describe>)>,
    /// Whether it answers the same with [`CREATED`](StatusCode::CREATED), where something is new.
    makes: bool,
}

impl Operation {
    fn new(method: Method, path: &str, summary: &'static str) -> Self {
        Self { method, path: path.to_owned(), summary, parameters: Vec::new(), body: None, answer: None, makes: false }
    }

    /// Shows something.
    #[must_use]
    pub fn get(path: &str, summary: &'static str) -> Self {
        Self::new(Method::GET, path, summary)
    }

    /// Makes or changes something.
    #[must_use]
    pub fn put(path: &str, summary: &'static str) -> Self {
        Self::new(Method::PUT, path, summary)
    }

    /// Adds or does something.
    #[must_use]
    pub fn post(path: &str, summary: &'static str) -> Self {
        Self::new(Method::POST, path, summary)
    }

    /// Removes something.
    #[must_use]
    pub fn delete(path: &str, summary: &'static str) -> Self {
        Self::new(Method::DELETE, path, summary).says(StatusCode::NO_CONTENT)
    }

    /// Its method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Its path, with names in braces.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Answers with this JSON.
    #[must_use]
    pub fn answers<T: JsonSchema + 'static>(self, status: StatusCode) -> Self {
        let describe: Describe = Box::new(SchemaGenerator::subschema_for::<T>);
        Self { answer: Some((status, "application/json", Some(describe))), ..self }
    }

    /// Answers with what is kept from now on, as this JSON: `201` where it is new, `200` where it was there.
    #[must_use]
    pub fn keeps<T: JsonSchema + 'static>(self) -> Self {
        Self { makes: true, ..self.answers::<T>(StatusCode::OK) }
    }

    /// Answers with content of another kind.
    #[must_use]
    pub fn sends(self, kind: &'static str) -> Self {
        Self { answer: Some((StatusCode::OK, kind, None)), ..self }
    }

    /// Answers with a status alone.
    #[must_use]
    pub fn says(self, status: StatusCode) -> Self {
        Self { answer: Some((status, "", None)), ..self }
    }

    pub(super) fn describe(&self, generator: &mut SchemaGenerator) -> Value {
        let mut named = Vec::new();
        for (place, schema) in &self.parameters {
            let schema = schema(generator);
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
            let schema = body(generator);
            described["requestBody"] = json!({ "content": { "application/json": { "schema": schema } } });
        }
        if let Some((status, kind, schema)) = &self.answer {
            let schema = schema.as_ref().map_or_else(|| json!({}), |schema| schema(generator).to_value());
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
