//! The body of a delivery: JSON, by itself or in a form.

use http::HeaderMap;
use serde::de::DeserializeOwned;

use super::header;
use super::heard::Unreadable;

const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// Reads a body of JSON, or a form whose field `payload` is JSON.
///
/// Only what is asked for is kept, and of lists so much as is needed: a body of many small values takes no great memory.
/// What is nested more than 128 deep is refused by the parser, what is there twice by the types.
pub(super) fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Unreadable> {
    let json = |bytes: &[u8]| serde_json::from_slice(bytes).map_err(|error| Unreadable::Json(error.to_string()));
    if !is_form(headers) {
        return json(body);
    }
    let mut payloads = form_urlencoded::parse(body).filter(|(name, _)| name == "payload");
    match (payloads.next(), payloads.next()) {
        (Some((_, payload)), None) => json(payload.as_bytes()),
        _ => Err(Unreadable::Form),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let Ok(Some(kind)) = header::one(headers, "content-type") else { return false };
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(FORM)
}
