//! `ETag` and `If-Match`: nobody overwrites what they have not seen.
//!
//! Most objects count their changes. The revision of those that do not is a digest of what they say: it is another with
//! each change, and the same again once they say the same again.

use axum::response::{IntoResponse, Response};
use hmac_sha256::Hash;
use http::{HeaderMap, StatusCode, header};
use monkeyci_core::store::StoreError;
use serde::Serialize;

use crate::json::Json;
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

/// What is there, where a request that takes something else for granted wants it as it is already: it was sent twice, because
/// the first answer was lost, and there is nothing left to do (RFC 9110, 13.1.1).
///
/// # Errors
/// As [`matches`], where it wants something else.
pub fn already<T>(
    headers: &HeaderMap,
    there: Option<T>,
    revision: impl FnOnce(&T) -> u64,
    is_so: impl FnOnce(&T) -> bool,
) -> Answer<Option<T>> {
    match (matches(headers, there.as_ref().map(revision)), there) {
        (Ok(()), _) => Ok(None),
        (Err(_), Some(there)) if is_so(&there) => Ok(Some(there)),
        (Err(refusal), _) => Err(refusal),
    }
}

/// Removes what has this revision, in the transaction that found it: unless there is none, or the request takes another for
/// granted. `noun` is what a refusal calls it.
///
/// # Errors
/// When it cannot be written.
pub fn remove(
    headers: &HeaderMap,
    revision: Option<u64>,
    noun: &str,
    remove: impl FnOnce() -> Result<(), StoreError>,
) -> Result<Answer<StatusCode>, StoreError> {
    if revision.is_none() {
        return Ok(Err(Refusal::not_found(noun)));
    }
    if let Err(refusal) = matches(headers, revision) {
        return Ok(Err(refusal));
    }
    remove()?;
    Ok(Ok(StatusCode::NO_CONTENT))
}

/// The revision of an object that counts none: a digest of what it says. It is a number that JavaScript can hold.
pub fn of(content: &impl Serialize) -> u64 {
    let json = serde_json::to_vec(content).expect("an object is JSON");
    let [a, b, c, d, e, f, ..] = Hash::hash(&json);
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
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
    #[test]
    fn what_is_as_it_is_wanted_was_asked_for_twice() {
        let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, "*".parse().expect("a value"))]);
        let look = |there: Option<&'static str>| already(&headers, there, |_| 7, |there| *there == "blue");
        assert!(matches!(look(None), Ok(None)));
        assert!(matches!(look(Some("blue")), Ok(Some("blue"))));
        assert!(look(Some("red")).is_err());
    }

    #[test]
    fn another_content_is_another_revision() {
        assert_eq!(of(&("a", 1)), of(&("a", 1)));
        assert_ne!(of(&("a", 1)), of(&("a", 2)));
        assert!(of(&"a") < 1 << 53);
    }
}
