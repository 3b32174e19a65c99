//! Objects of other CI systems' providers, which `moved` blocks make ours.
//!
//! Each resource says which types it takes over, and what of their states it has. Some of those know their repository by a number
//! alone, or write names that cannot be names here: what is empty then is filled in from the configuration by an update in
//! place, which finds the object on the server by its name or makes it. Secrets of theirs are never taken over.

pub(crate) mod circleci;

use serde_json::Value as Json;
use tfplugin::{Moved, Value};

/// Whether a part of a name was there before: one that was not is filled in, and replaces nothing.
pub(crate) fn is_placed(before: &Value, _: &Value) -> bool {
    !matches!(before, Value::Null) && !matches!(before, Value::String(text) if text.is_empty())
}

/// A text of its state; empty where there is none.
pub(crate) fn text(source: &Moved, attribute: &str) -> String {
    source.text(attribute).unwrap_or_default().to_owned()
}

/// The same, where it is set.
pub(crate) fn set(source: &Moved, attribute: &str) -> Option<String> {
    source.text(attribute).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Whether something of its state is so.
pub(crate) fn flag(source: &Moved, attribute: &str) -> Option<bool> {
    source.state.get(attribute).and_then(Json::as_bool)
}

/// A text that can be a name here; empty where it cannot.
pub(crate) fn name(source: &Moved, attribute: &str) -> String {
    let text = text(source, attribute);
    if is_name(&text) { text } else { String::new() }
}

/// The repository that a text of its state names: `acme/web`, whatever stands before it in an address. Empty where it is none.
pub(crate) fn repo(source: &Moved, attribute: &str) -> String {
    named(&text(source, attribute))
}

/// The same of such a text.
fn named(text: &str) -> String {
    let mut parts = text.trim_end_matches(".git").rsplit('/');
    match (parts.next(), parts.next()) {
        (Some(repo), Some(org)) if is_name(repo) && is_name(org) => format!("{org}/{repo}"),
        _ => String::new(),
    }
}

fn is_name(text: &str) -> bool {
    let is_inside = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    let begins = text.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
    begins && text.len() <= 100 && text.chars().all(is_inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_found_in_what_names_it_and_a_number_names_none() {
        for (said, found) in [
            ("acme/web", "acme/web"),
            ("gh/acme/web", "acme/web"),
            ("https://git.example.com/acme/web.git", "acme/web"),
            ("web", ""),
            ("12345", ""),
            ("acme/a b", ""),
            ("", ""),
        ] {
            let state = serde_json::json!({ "project": said }).as_object().cloned().unwrap_or_default();
            let source = Moved { provider: String::new(), type_name: String::new(), version: 0, state };
            assert_eq!(repo(&source, "project"), found, "{said}");
        }
    }
}
