//! Parameters of a build: `NAME=VALUE` on the command line, and files of them.

mod edn;
mod properties;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::error::CliError;

/// The largest file of parameters, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// Reads files and pairs; a later file wins over an earlier one, a pair over every file.
pub fn read(files: &[impl AsRef<Path>], pairs: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    let mut params = BTreeMap::new();
    for path in files {
        params.extend(file(path.as_ref())?);
    }
    for pair in pairs {
        match pair.split_once('=') {
            Some((name, value)) if !name.is_empty() => params.insert(name.to_owned(), value.to_owned()),
            // What stands there may be a secret: it is not repeated.
            _ => return Err(CliError::usage("a parameter is not of the form `NAME=VALUE`").hint("`-p VERSION=1.2`")),
        };
    }
    Ok(params)
}

fn file(path: &Path) -> Result<BTreeMap<String, String>, CliError> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| CliError::usage(format!("parameter file `{shown}`: {error}"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_FILE {
        return Err(CliError::usage(format!("parameter file `{shown}` has {size} bytes, at most {MAX_FILE} are read")));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
    let params = match extension.as_str() {
        "yaml" | "yml" => serde_saphyr::from_str(&text).map_err(|error| error.to_string()),
        "json" => serde_json::from_str(&text).map_err(|error| error.to_string()).and_then(scalars),
        "toml" => toml::from_str(&text).map_err(|error| error.to_string()).and_then(scalars),
        "edn" => edn::read(&text),
        "properties" => properties::read(&text),
        _ => {
            return Err(CliError::usage(format!("parameter file `{shown}` is of no known format"))
                .hint("files end with .yaml, .yml, .json, .toml, .edn or .properties"));
        }
    };
    params.map_err(|error| CliError::usage(format!("parameter file `{shown}`: {error}")))
}

/// Texts, numbers and booleans by name, as text.
fn scalars(values: BTreeMap<String, Value>) -> Result<BTreeMap<String, String>, String> {
    values
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
            _ => Err(format!("`{name}` is neither a text, a number nor a boolean")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        (folder, path)
    }

    #[test]
    fn every_format_gives_the_same_parameters() {
        for (name, text) in [
            ("p.yaml", "NAME: web\nVERSION: 1.10\nDEBUG: true\n"),
            ("p.json", r#"{"NAME": "web", "VERSION": "1.10", "DEBUG": true}"#),
            ("p.toml", "NAME = 'web'\nVERSION = '1.10'\nDEBUG = true\n"),
            ("p.edn", r#"{:NAME "web" "VERSION" "1.10", DEBUG true}"#),
            ("p.properties", "NAME=web\nVERSION : 1.10\nDEBUG true\n"),
        ] {
            let (_folder, path) = written(name, text);
            let params = read(&[path], &[]).expect(name);
            let shown: Vec<_> = params.iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(shown, ["DEBUG=true", "NAME=web", "VERSION=1.10"], "{name}");
        }
    }

    #[test]
    fn the_command_line_wins_over_files() {
        let (_folder, path) = written("p.json", r#"{"A": "file", "B": "file"}"#);
        let params = read(&[path], &["A=line=1".into()]).expect("read");
        assert_eq!((params["A"].as_str(), params["B"].as_str()), ("line=1", "file"));
    }

    #[test]
    fn what_cannot_be_read_names_the_file_and_never_a_value() {
        for (name, text, expected) in [
            ("p.json", r#"{"A": ["s3cret"]}"#, "`A` is neither"),
            ("p.edn", "[1 2]", "not a map"),
            ("p.ini", "A=1", "no known format"),
        ] {
            let (_folder, path) = written(name, text);
            let error = read(&[path], &[]).expect_err(name).to_string();
            assert!(error.contains(expected) && error.contains(name) && !error.contains("s3cret"), "{error}");
        }
        let error = read(&[] as &[&Path], &["s3cret".into()]).expect_err("no name");
        assert!(!error.to_string().contains("s3cret"));
    }
}
