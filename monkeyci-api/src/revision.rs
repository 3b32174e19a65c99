//! `ETag` and `If-Match`: nobody overwrites what they have not seen.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;

use crate::problem::{Answer, Refusal};

/// An object with its revision as its `ETag`.
pub fn tagged(status: StatusCode, revision: u64, object: impl Serialize) -> Response {
    (status, [(header::ETAG, format!("\"{revision}\""))], Json(object)).into_response()
}

/// Refuses a change of an object that has another revision than the request takes for granted.
///
/// # Errors
/// When it has, or there is none though one is expected, or the other way round.
pub fn matches(headers: &HeaderMap, revision: Option<u64>) -> Answer<()> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let stale = |detail: &str| Err(Refusal::new(StatusCode::PRECONDITION_FAILED, detail));
    if text(header::IF_NONE_MATCH) == Some("*") && revision.is_some() {
        return stale("it is there already");
    }
    let Some(wanted) = text(header::IF_MATCH) else { return Ok(()) };
    let own = revision.map(|revision| format!("\"{revision}\""));
    let fits = |wanted: &str| own.is_some() && (wanted == "*" || own.as_deref() == Some(wanted));
    if wanted.split(',').map(str::trim).any(fits) {
        return Ok(());
    }
    stale("it was changed since you read it: read it again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_saw_the_newest_revision_changes_it() {
        let with =
            |name: header::HeaderName, value: &str| HeaderMap::from_iter([(name, value.parse().expect("a value"))]);
        assert!(matches(&HeaderMap::new(), Some(3)).is_ok());
        assert!(matches(&with(header::IF_MATCH, "\"3\""), Some(3)).is_ok());
        assert!(matches(&with(header::IF_MATCH, "\"2\", \"3\""), Some(3)).is_ok());
        assert!(matches(&with(header::IF_MATCH, "\"2\""), Some(3)).is_err());
        assert!(matches(&with(header::IF_MATCH, "*"), None).is_err());
        assert!(matches(&with(header::IF_NONE_MATCH, "*"), None).is_ok());
        assert!(matches(&with(header::IF_NONE_MATCH, "*"), Some(1)).is_err());
    }
}
