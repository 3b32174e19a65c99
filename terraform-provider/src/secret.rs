//! Secrets that are told by a version.

use tfplugin::Diagnostic;

/// That a secret is to be told, by its version, and is not known.
pub(crate) fn missing(attribute: &str) -> Diagnostic {
    let detail =
        "It has a version that is not written yet, so it has to be known as well. Is the variable that holds it set?";
    Diagnostic::error("No secret", detail).at(attribute)
}
