//! Parameters in EDN: a map whose keys are texts, keywords or symbols.

use std::collections::BTreeMap;

use clojure_reader::edn::{Edn, read_string};
use monkeyci_core::script::is_deeper;

/// Deeper nesting is refused before it is read: the reader's time grows with its square.
const MAX_DEPTH: usize = 8;

/// The parameters of a file.
pub fn read(text: &str) -> Result<BTreeMap<String, String>, String> {
    if is_deeper(text, MAX_DEPTH) {
        return Err("it is nested too deeply".into());
    }
    match &read_string(text).map_err(|error| error.to_string())? {
        Edn::Map(map) => map.iter().map(|(name, value)| pair(name, value)).collect(),
        _ => Err("it is not a map of names to values".into()),
    }
}

fn pair(name: &Edn<'_>, value: &Edn<'_>) -> Result<(String, String), String> {
    let name = match name {
        Edn::Str(name) | Edn::Key(name) | Edn::Symbol(name) => name.clone().into_owned(),
        other => return Err(format!("`{other}` is no name")),
    };
    let value = match value {
        Edn::Str(text) | Edn::Key(text) | Edn::Symbol(text) => text.clone().into_owned(),
        Edn::Int(_) | Edn::Double(_) | Edn::Bool(_) => value.to_string(),
        _ => return Err(format!("`{name}` is neither a text, a number nor a boolean")),
    };
    Ok((name, value))
}
