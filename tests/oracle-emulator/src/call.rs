//! A request, as services read it.

use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::refusal::Refusal;
use crate::shape::{self, Field};

/// A request whose body has come.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// Path and query, as they were sent.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) arrived: SystemTime,
}

impl Call {
    pub(crate) fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The parts of its path below a prefix, decoded.
    pub(crate) fn segments(&self, prefix: &str) -> Vec<String> {
        let path = self.path().strip_prefix(prefix).unwrap_or_default();
        let rest = path.trim_matches('/');
        if rest.is_empty() {
            return Vec::new();
        }
        rest.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What its query says, in order.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    /// A parameter of its query.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.query().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// A parameter that there must be.
    pub(crate) fn required(&self, name: &str) -> Result<String, Refusal> {
        let missing = || Refusal::new(400, "MissingParameter", format!("The parameter {name} is required."));
        self.parameter(name).filter(|value| !value.is_empty()).ok_or_else(missing)
    }

    /// A parameter that is a number in a range.
    pub(crate) fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Refusal> {
        let Some(said) = self.parameter(name) else { return Ok(None) };
        let number = said.parse().ok().filter(|number| (least..=most).contains(number));
        let wrong = || Refusal::invalid(format!("{name} must be a number from {least} to {most}, and is '{said}'."));
        number.map(Some).ok_or_else(wrong)
    }

    /// Refuses parameters that are not among these.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), Refusal> {
        match self.query().into_iter().find(|(name, _)| !names.contains(&name.as_str())) {
            Some((name, _)) => Err(Refusal::invalid(format!("Unknown query parameter '{name}'."))),
            None => Ok(()),
        }
    }

    /// Its body, which has these fields.
    pub(crate) fn json(&self, fields: &[Field]) -> Result<Value, Refusal> {
        let wrong = |why: String| Refusal::new(400, "CannotParseRequest", format!("Failed to parse the body: {why}"));
        if !self.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
            return Err(Refusal::new(415, "UnsupportedMediaType", "The content type must be application/json."));
        }
        let value: Value = serde_json::from_slice(&self.body).map_err(|error| wrong(error.to_string()))?;
        shape::check(&value, fields)?;
        Ok(value)
    }

    /// Refuses a resource that has changed since the caller saw it.
    pub(crate) fn check_etag(&self, etag: &str) -> Result<(), Refusal> {
        match self.header("if-match") {
            Some(wanted) if wanted != "*" && wanted.trim_matches('"') != etag => Err(Refusal::etag()),
            _ => Ok(()),
        }
    }
}
