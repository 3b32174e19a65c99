//! The arguments of a call, however they came.

use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::answer::{Refusal, refused};

/// The arguments of a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arguments {
    pub map: Map<String, Value>,
    /// Whether the body was JSON, in which a token is not looked for.
    pub is_json: bool,
}

impl Arguments {
    /// Reads what stands in the address and in the body.
    pub fn read(query: Option<&str>, headers: &HeaderMap, body: &Bytes) -> Result<Self, Refusal> {
        let mut map = pairs(query.unwrap_or_default().as_bytes());
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/json" => {
                let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}" as &[u8] } else { body };
                let body: Value = serde_json::from_slice(body).map_err(|_| refused("invalid_json"))?;
                let Value::Object(body) = body else { return Err(refused("json_not_object")) };
                map.extend(body);
                return Ok(Self { map, is_json: true });
            }
            "application/x-www-form-urlencoded" => map.extend(pairs(body)),
            "" if body.is_empty() => {}
            "" => return Err(refused("missing_post_type")),
            _ if body.is_empty() => {}
            _ => return Err(refused("invalid_post_type")),
        }
        Ok(Self { map, is_json: false })
    }

    /// An argument as text; nothing when it is not there or empty.
    pub fn text(&self, name: &str) -> Option<String> {
        let text = match self.map.get(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// The same as text that may be empty.
    pub fn given(&self, name: &str) -> Option<String> {
        match self.map.get(name)? {
            Value::String(text) => Some(text.clone()),
            _ => self.text(name),
        }
    }

    /// Whether an argument says yes.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true"))
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.text(name)?.parse().ok()
    }

    /// What is JSON, or text that is JSON. `Err` when it is neither; nothing when it is not there, empty or `null`.
    pub fn json(&self, name: &str) -> Result<Option<Value>, ()> {
        match self.map.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| ()),
            Some(value) => Ok(Some(value.clone())),
        }
    }
}

/// The pairs of a form or a query. Where a name comes twice, the last counts.
pub(crate) fn pairs(form: &[u8]) -> Map<String, Value> {
    form_urlencoded::parse(form).map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect()
}
