//! Names of branches, tags and commits, checked before any program sees them.

use std::fmt;
use std::str::FromStr;

/// The longest ref, in bytes; file systems end a little later.
const MAX_LENGTH: usize = 240;

/// A full ref such as `refs/heads/main`.
///
/// Follows the rules of `git check-ref-format`, and beyond them refuses components that start with `-`, which a program
/// could take for an option.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GitRef(String);

/// A commit by its id: 40 (SHA-1) or 64 (SHA-256) hex digits, kept in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CommitId(String);

/// Why a text is no ref or commit id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a valid {what}: {reason}", .text.escape_debug())]
pub struct InvalidRef {
    /// What it was meant to be.
    pub what: &'static str,
    /// The text, at most 100 characters of it.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl InvalidRef {
    fn new(what: &'static str, text: &str, reason: &'static str) -> Self {
        Self { what, text: text.chars().take(100).collect(), reason }
    }
}

impl GitRef {
    /// The ref of a branch.
    ///
    /// # Errors
    /// When git could not have a branch of that name.
    pub fn branch(name: &str) -> Result<Self, InvalidRef> {
        Self::under("refs/heads/", "branch", name)
    }

    /// The ref of a tag.
    ///
    /// # Errors
    /// When git could not have a tag of that name.
    pub fn tag(name: &str) -> Result<Self, InvalidRef> {
        Self::under("refs/tags/", "tag", name)
    }

    fn under(folder: &str, what: &'static str, name: &str) -> Result<Self, InvalidRef> {
        match fault(name) {
            Some(reason) => Err(InvalidRef::new(what, name, reason)),
            None => Ok(Self(format!("{folder}{name}"))),
        }
    }

    /// The full ref.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the branch, when it is one.
    #[must_use]
    pub fn as_branch(&self) -> Option<&str> {
        self.0.strip_prefix("refs/heads/")
    }
}

impl FromStr for GitRef {
    type Err = InvalidRef;

    /// Reads a full ref, which starts with `refs/`.
    fn from_str(text: &str) -> Result<Self, InvalidRef> {
        let reason = match text.strip_prefix("refs/").map(|rest| rest.split_once('/')) {
            Some(Some(_)) => fault(text),
            _ => Some("it does not start with `refs/heads/`, `refs/tags/` or the like"),
        };
        match reason {
            Some(reason) => Err(InvalidRef::new("ref", text, reason)),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for GitRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.len() > MAX_LENGTH {
        return Some("it is longer than 240 bytes");
    }
    if name.chars().any(|c| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c)) {
        return Some("it has white space, control characters or one of `~^:?*[\\`");
    }
    if name.contains("..") || name.contains("@{") || name == "@" || name.ends_with('.') {
        return Some("it has `..` or `@{`, is `@`, or ends with a dot");
    }
    for component in name.split('/') {
        if component.is_empty() {
            return Some("it has an empty component");
        }
        if component.starts_with(['-', '.']) {
            return Some("a component starts with `-` or a dot");
        }
        if component.to_ascii_lowercase().ends_with(".lock") {
            return Some("a component ends with `.lock`");
        }
    }
    None
}

impl CommitId {
    /// The hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CommitId {
    type Err = InvalidRef;

    fn from_str(text: &str) -> Result<Self, InvalidRef> {
        if matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(InvalidRef::new("commit id", text, "it is not 40 or 64 hex digits"))
        }
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn branches_that_git_could_have_are_taken() {
        for name in ["main", "feature/a-b", "v1.0", "a/b/c", "ünïcode", "dependabot/npm/x@1", "a$b", "1", "UPPER_case"]
        {
            let reference = GitRef::branch(name).expect(name);
            assert_eq!(reference.as_str(), format!("refs/heads/{name}"));
            assert_eq!(reference.as_branch(), Some(name));
        }
        assert_eq!(GitRef::tag("v1").expect("a tag").as_branch(), None);
        assert!("refs/pull/7/head".parse::<GitRef>().is_ok());
    }

    #[test]
    fn names_that_are_options_paths_or_patterns_are_refused() {
        let bad = [
            "",
            "-x",
            "--upload-pack=touch x",
            "--upload-pack=touch${IFS}x",
            "a/-b",
            "../x",
            "a..b",
            "a b",
            "a\tb",
            "a\nb",
            "a\0b",
            "a\u{7f}b",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.",
            "a.lock",
            "a.LOCK/b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "@",
            "a@{1}",
            "a\u{2028}b",
        ];
        for name in bad {
            assert!(GitRef::branch(name).is_err(), "{name:?}");
            assert!(format!("refs/heads/{name}").parse::<GitRef>().is_err() || name == "@", "{name:?}");
        }
        assert!(GitRef::branch(&"a".repeat(241)).is_err());
        for text in ["main", "heads/main", "refs/", "refs/heads", "refs/heads/", "-refs/heads/x", "HEAD"] {
            assert!(text.parse::<GitRef>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_error_shows_the_text_without_its_control_characters() {
        let error = GitRef::branch("a\u{1b}[2Jb").expect_err("refused");
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
    }

    #[test]
    fn commit_ids_are_whole_ids() {
        let id: CommitId = "ABCDEF0123456789abcdef0123456789abcdef01".parse().expect("an id");
        assert_eq!(id.as_str(), "abcdef0123456789abcdef0123456789abcdef01");
        for text in ["", "abc", "HEAD", &"g".repeat(40), &"a".repeat(41), "-".repeat(40).as_str()] {
            assert!(text.parse::<CommitId>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_git_takes(name in "[-a-z./@{~ ]{0,12}") {
            let ours = GitRef::branch(&name).is_ok();
            let gits = git2::Reference::is_valid_name(&format!("refs/heads/{name}"));
            prop_assert!(!ours || gits, "{name:?} is taken, but git refuses it");
            prop_assert!(!ours || !name.split('/').any(|part| part.starts_with('-')));
        }
    }
}
