//! Every key of a server's configuration, as a file that says what is so anyway.
//!
//! It lies in `reference/`, as the OpenAPI document does: both are made from the code when tests run (feature `schema`), so
//! that they tell of everything and of nothing else, and the program need not know how.

#[cfg(all(test, feature = "schema"))]
mod config;

/// Every key with what it means and its default, as TOML. A key that has none is a comment with an example.
#[must_use]
pub fn reference() -> &'static str {
    include_str!("../reference/config.toml")
}

#[cfg(all(test, feature = "schema"))]
mod tests {
    use std::fmt::Write as _;
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;
    use crate::Config;
    use crate::route::Routes;

    /// What lies in the folder is what is made, and is written anew with `MONKEYCI_UPDATE=1`.
    fn lies_there(name: &str, made: &str) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("reference").join(name);
        if std::env::var_os("MONKEYCI_UPDATE").is_some() {
            return std::fs::write(path, made).expect("written");
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = there.lines().zip(made.lines()).find(|(there, made)| there != made);
        assert!(there == made, "{} is not true; MONKEYCI_UPDATE=1 writes it anew: {differs:?}", path.display());
    }

    #[test]
    fn the_configuration_is_told_as_it_is() {
        lies_there("config.toml", &config::config());
    }

    #[test]
    fn the_api_is_told_as_it_is() {
        let document = crate::openapi::document(Routes::all().operations());
        lies_there("openapi.json", &(serde_json::to_string_pretty(&document).expect("JSON") + "\n"));
    }

    #[test]
    fn it_reads_back_as_what_is_so_anyway() {
        assert_eq!(toml::from_str::<Config>(reference()).expect("reads"), Config::default());
    }

    #[test]
    fn it_tells_of_every_key_and_its_examples_can_be_used() {
        let mut text = String::new();
        for told in reference().lines() {
            let example = told
                .strip_prefix("# ")
                .filter(|rest| rest.starts_with("[[") || rest.split_once(" = ").is_some_and(|(key, _)| is_key(key)));
            writeln!(text, "{}", example.unwrap_or(told)).expect("text takes in text");
        }
        let config: Config = toml::from_str(&text).expect("reads");
        config.check().expect("nothing is wrong with it");
        let left_out = |value: &Value| value.as_object().is_some_and(|keys| keys.values().any(Value::is_null));
        let value = serde_json::to_value(&config).expect("a configuration is JSON");
        assert!(!left_out(&value) && !value.as_object().expect("keys").values().any(left_out), "{value}");
        let is_told = |line: &str| !line.trim_start_matches('#').trim().is_empty();
        let untold: Vec<_> = text.lines().filter(|line| line.starts_with('#') && !is_told(line)).collect();
        assert!(untold.is_empty(), "every key has a sentence");
    }

    #[test]
    fn the_guide_shows_it() {
        let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guide/operation.md");
        let guide = std::fs::read_to_string(guide).expect("a page of the guide");
        assert!(guide.contains(reference().trim()), "docs/guide/operation.md must hold:\n{}", reference());
    }

    fn is_key(text: &str) -> bool {
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    }
}
