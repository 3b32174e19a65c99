//! Whether a program may have tests, as far as its text tells: one that has none is not compiled for them.

use std::ffi::OsStr;
use std::path::Path;

use super::MANIFEST;
use super::inputs::Inputs;

impl Inputs {
    /// Whether the program may have tests. It is known to have none only where
    /// - no attribute in its files speaks of tests, and no folder or manifest does;
    /// - it has no library, whose documentation could hold some;
    /// - nothing could make them unseen: no macro of its own, and nothing from elsewhere but the SDK, whose macros make
    ///   none.
    pub(super) fn may_have_tests(&self) -> bool {
        if self.uses_others {
            return true;
        }
        let files: Vec<_> = self.texts().collect();
        let has_macros = files.iter().any(|(_, text)| holds(text, "macro_rules"));
        files.iter().any(|(path, text)| match path.file_name().and_then(OsStr::to_str) {
            Some("Cargo.lock") => false,
            Some("lib.rs") => true,
            Some(MANIFEST) => holds(text, "test") || holds(text, "[lib]"),
            _ if is_of_tests(path) => true,
            _ if has_macros => holds(text, "test"),
            _ => holds(text, "::test") || attributes(text).any(|attribute| holds(attribute, "test")),
        })
    }
}

fn is_of_tests(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
}

/// What stands in brackets after a `#` or `#!`.
fn attributes(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'#')
        .scan(0, |end, part| {
            *end += part.len();
            Some(&text[*end..])
        })
        .filter_map(|rest| {
            let rest = rest.trim_ascii_start();
            let rest = rest.strip_prefix(b"!").unwrap_or(rest).trim_ascii_start();
            rest.starts_with(b"[").then(|| bracketed(rest))
        })
}

/// The beginning of a text up to the bracket that closes its first.
fn bracketed(text: &[u8]) -> &[u8] {
    let mut depth = 0_usize;
    let end = text.iter().position(|byte| {
        depth = match byte {
            b'[' => depth + 1,
            b']' => depth.saturating_sub(1),
            _ => return false,
        };
        depth == 0
    });
    &text[..end.unwrap_or(text.len())]
}

fn holds(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|part| part == word.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_that_speaks_of_tests_is_found_however_it_is_written() {
        let speaks = |text: &str| attributes(text.as_bytes()).any(|attribute| holds(attribute, "test"));
        for text in
            ["#[test]", "#[tokio::test]", "#![cfg(test)]", "#[cfg_attr(all(), test)]", "# [ test ]", "#[a([b]), test"]
        {
            assert!(speaks(text), "{text}");
        }
        for text in ["#[derive(Debug)] fn test() {}", "process(\"test\")", "&list[test]", "// # test", "#"] {
            assert!(!speaks(text), "{text}");
        }
    }
}
