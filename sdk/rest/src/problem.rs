//! Refusals.

use serde::{Deserialize, Serialize};

/// Why a request was refused, as RFC 9457 has it (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The status, in words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// For people: what was wrong, and what to do.
    pub detail: String,
    /// A word for programs, where it depends on the cause what they do next: `not-linked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What is wrong in the body, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// What is wrong with one field of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FieldError {
    /// Where it is: a JSON pointer (RFC 6901) into the body.
    pub pointer: String,
    /// For people: what is wrong with it, and what to write.
    pub detail: String,
}
