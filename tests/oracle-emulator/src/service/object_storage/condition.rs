//! What callers want to be true before something is done.

use crate::call::Call;
use crate::refusal::Refusal;

use super::object::Object;

/// Whether an object may be written or removed as it is.
pub(super) fn may_change(call: &Call, there: Option<&Object>) -> Result<(), Refusal> {
    if let Some(wanted) = call.header("if-match")
        && !there.is_some_and(|object| matches(wanted, object))
    {
        let message = "The If-Match header of the request did not match the ETag of the existing object.";
        return Err(Refusal::new(412, "IfMatchFailed", message));
    }
    match call.header("if-none-match") {
        None => Ok(()),
        Some("*") if there.is_none() => Ok(()),
        Some("*") => Err(Refusal::new(
            412,
            "IfNoneMatchFailed",
            "The If-None-Match header is '*' but there is an existing entity with the same name.",
        )),
        Some(_) => Err(Refusal::invalid("The only value of If-None-Match that is valid here is '*'.")),
    }
}

/// Whether an object is given out; `false` is that the caller has it already.
pub(super) fn may_read(call: &Call, object: &Object) -> Result<bool, Refusal> {
    if call.header("if-match").is_some_and(|wanted| !matches(wanted, object)) {
        let message = "The If-Match header of the request did not match the ETag of the existing object.";
        return Err(Refusal::new(412, "IfMatchFailed", message));
    }
    Ok(!call.header("if-none-match").is_some_and(|had| matches(had, object)))
}

fn matches(wanted: &str, object: &Object) -> bool {
    wanted == "*" || wanted.split(',').any(|one| one.trim().trim_matches('"') == object.etag)
}
