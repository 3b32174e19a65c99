//! What is said of a release.

use std::fs;

use monkeyci_sdk::prelude::Act;

use crate::fault::Fault;

#[derive(Debug, Clone)]
pub(crate) enum Notes {
    Text(String),
    Changelog(String),
    Commits,
}

impl Notes {
    pub(crate) fn of(&self, act: &Act, tag: &str) -> Result<String, Fault> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Changelog(path) => {
                let wrong = |error| Fault::Said(format!("`{path}`: {error}"));
                let text = fs::read_to_string(act.path(path)).map_err(wrong)?;
                let missing = || Fault::Said(format!("`{path}` has no heading with `{}`: add one", version(tag)));
                section(&text, tag).ok_or_else(missing)
            }
            Self::Commits => {
                // From the last tag before this one; from the first commit where there is none.
                let before = act.sh("git describe --tags --abbrev=0 HEAD^ 2>/dev/null || true").output()?;
                let range = if before.is_empty() { "HEAD".to_owned() } else { format!("{before}..HEAD") };
                let list = "git log --no-merges --format='- %s (%h)' \"$RANGE\" --";
                Ok(act.sh(list).env("RANGE", range).output()?)
            }
        }
    }
}

/// A version, as a tag and a heading write it: with a `v` or not.
fn version(text: &str) -> &str {
    text.strip_prefix('v').unwrap_or(text)
}

/// What stands in a changelog under the heading with the version of a tag: `## [1.2.0] - 2024-05-01`, `# v1.2.0`.
fn section(changelog: &str, tag: &str) -> Option<String> {
    let level = |line: &str| {
        let marks = line.chars().take_while(|mark| *mark == '#').count();
        (marks > 0 && line[marks..].starts_with(' ')).then_some(marks)
    };
    let names = |line: &str| {
        let mut words = line.split(|mark: char| mark.is_whitespace() || "[]()#:,".contains(mark));
        words.any(|word| version(word) == version(tag))
    };
    let mut lines = changelog.lines().skip_while(|line| level(line).is_none() || !names(line));
    let own = level(lines.next()?)?;
    let body: Vec<&str> = lines.take_while(|line| level(line).is_none_or(|level| level > own)).collect();
    Some(body.join("\n").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_where_the_next_version_begins() {
        let text =
            "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2024-05-01\n\n### Added\n- this\n\n## v1.1.0\n- that\n";
        assert_eq!(section(text, "v1.2.0").as_deref(), Some("### Added\n- this"));
        assert_eq!(section(text, "1.1.0").as_deref(), Some("- that"));
        assert_eq!(section(text, "1.2").as_deref(), None);
        assert_eq!(section("", "1"), None);
    }
}
