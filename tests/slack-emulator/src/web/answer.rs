//! What methods answer.

use serde_json::{Map, Value, json};

use crate::shape::Violation;

/// Why a method does not do what it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// Slack's word for it.
    pub error: String,
    /// What else is said.
    pub more: Map<String, Value>,
    /// Seconds to wait, when it was asked too often.
    pub wait: Option<u64>,
}

/// What a method answers.
pub(crate) type Answer = Result<Value, Refusal>;

/// Refuses with Slack's word for it.
pub(crate) fn refused(error: &str) -> Refusal {
    Refusal { error: error.to_owned(), more: Map::new(), wait: None }
}

impl Refusal {
    /// Says something else besides.
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// Refuses because of what is wrong with blocks, a view or a manifest.
    pub fn of(error: &str, found: &[Violation]) -> Self {
        let plain: Vec<_> = found.iter().map(ToString::to_string).collect();
        let marked: Vec<_> = plain.iter().map(|one| format!("[ERROR] {one}")).collect();
        let refusal = refused(error).with("response_metadata", json!({ "messages": marked }));
        if error == "invalid_blocks" { refusal.with("errors", json!(plain)) } else { refusal }
    }

    /// Refuses because an argument is missing or wrong.
    pub fn argument(message: &str) -> Self {
        let messages = json!({ "messages": [format!("[ERROR] {message}")] });
        refused("invalid_arguments").with("response_metadata", messages)
    }

    /// Refuses because it was asked too often.
    pub fn limited(wait: u64) -> Self {
        Self { wait: Some(wait), ..refused("ratelimited") }
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("ok".to_owned(), json!(false));
        body.insert("error".to_owned(), json!(self.error));
        body.extend(self.more.clone());
        Value::Object(body)
    }
}
