//! The formats, each read into the one tree.

mod edn;
mod json;
mod yaml;

pub use edn::is_deeper;

use super::node::{Node, Value};
use super::problems::{Flaw, Problems};

/// A format that a script may be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2, with merge keys (`<<`).
    Yaml,
    /// JSON as RFC 8259 has it.
    Json,
    /// The notation of Clojure's data.
    Edn,
}

/// The files of a script in the order they are loaded, as MonkeyCI has it.
pub(super) const FILES: [(&str, Format); 4] = [
    ("build.yaml", Format::Yaml),
    ("build.yml", Format::Yaml),
    ("build.json", Format::Json),
    ("build.edn", Format::Edn),
];

impl Format {
    /// Reads `text`, the file of that number, into a tree.
    pub(super) fn read(self, text: &str, file: u32) -> Result<Node, Flaw> {
        match self {
            Self::Yaml => yaml::read(text, file),
            Self::Json => json::read(text, file),
            Self::Edn => edn::read(text, file),
        }
    }
}

/// Reports keys that are there twice: formats and readers differ on which of them would win.
pub(super) fn check_keys(node: &Node, problems: &mut Problems<'_>) {
    match &node.value {
        Value::Scalar(..) => {}
        Value::List(items) => items.iter().for_each(|item| check_keys(item, problems)),
        Value::Map(entries) => {
            let mut seen = std::collections::HashMap::new();
            for (key, value) in entries {
                let text = key.as_text().unwrap_or_default();
                if let Some(first) = seen.insert(text, key.span) {
                    let shown = super::diagnostic::shown(text);
                    let flaw = Flaw::new(key.span, format!("the key `{shown}` is here twice"));
                    problems.add(flaw.also("here it is first", first).help("keep one of them"));
                }
                check_keys(value, problems);
            }
        }
    }
}
