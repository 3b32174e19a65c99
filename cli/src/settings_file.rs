//! Settings of a program that runs where there may be no files: in a file, or in a variable.

use std::path::Path;

use serde::de::DeserializeOwned;

/// Bytes that settings may have.
const LONGEST: u64 = 1024 * 1024;

/// Reads settings in TOML from a file, or where none is named from what `variable` holds; and where they are from.
///
/// # Errors
/// What is wrong with them and where, for people. No line is shown: a secret may have been written there by mistake.
pub fn read<T: DeserializeOwned>(file: Option<&Path>, variable: &str) -> Result<(T, String), String> {
    let (place, text) = match file {
        Some(path) => {
            let place = format!("`{}`", path.display());
            let long = std::fs::metadata(path).is_ok_and(|data| data.len() > LONGEST);
            if long {
                return Err(format!("{place}: it has more than {LONGEST} bytes: are these settings?"));
            }
            let text = std::fs::read_to_string(path).map_err(|error| format!("{place}: {error}"))?;
            (place, text)
        }
        None => {
            let text = std::env::var(variable);
            (format!("`{variable}`"), text.map_err(|_| format!("name a file by --config, or set {variable}"))?)
        }
    };
    let settings = toml::from_str(&text).map_err(|error| {
        let line = error.span().and_then(|span| Some(text.get(..span.start)?.matches('\n').count() + 1));
        let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
        format!("{place}{line}: {}", error.message())
    })?;
    Ok((settings, place))
}
