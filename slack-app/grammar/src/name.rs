//! What people call repositories, commits and builds.

use std::fmt;

use crate::word::Word;
use crate::{Mistake, mistake};

/// Characters of the longest name.
const LONGEST: usize = 100;

/// A repository: `acme/web`, or `web` where it is clear whose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoName {
    /// The organisation, where one is said.
    pub org: Option<String>,
    /// The repository.
    pub repo: String,
}

/// A place in a repository: `@main`, `@v1.2`, `@0123abc`. Which of these it is, the server knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At(pub String);

/// A build: `#42`, `web#42`, `acme/web#42`, `last`, `web last-failed`, or its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildName {
    /// Its repository, where that is said.
    pub repo: Option<RepoName>,
    /// Which one of it.
    pub which: Which,
}

/// Which build of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one of that number.
    Number(u64),
    /// The newest.
    Last,
    /// The newest that failed.
    LastFailed,
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.org {
            Some(org) => write!(f, "{org}/{}", self.repo),
            None => f.write_str(&self.repo),
        }
    }
}

impl fmt::Display for BuildName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repo = self.repo.as_ref().map(ToString::to_string).unwrap_or_default();
        let space = if repo.is_empty() { "" } else { " " };
        match self.which {
            Which::Number(number) => write!(f, "{repo}#{number}"),
            Which::Last => write!(f, "{repo}{space}last"),
            Which::LastFailed => write!(f, "{repo}{space}last-failed"),
        }
    }
}

impl RepoName {
    /// The repository that a text names, if it may be one.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (first, second) = (parts.next()?, parts.next());
        let name = match second {
            Some(repo) => Self { org: Some(first.to_owned()), repo: repo.to_owned() },
            None => Self { org: None, repo: first.to_owned() },
        };
        let fits = name.org.as_deref().is_none_or(is_name) && is_name(&name.repo) && parts.next().is_none();
        fits.then_some(name)
    }

    pub(crate) fn read(word: &Word) -> Result<Self, Mistake> {
        let refused = || {
            let text = mistake::shown(&word.text);
            word.mistake(format!("`{text}` is no repository; one is called `acme/web`, or `web`"))
        };
        Self::of(&word.text).ok_or_else(refused)
    }
}

impl BuildName {
    /// The build that a text names, if it names one: by number or address.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        if let Some(url) = address(text) {
            return Self::of_address(url);
        }
        let (repo, number) = text.split_once('#')?;
        let repo = if repo.is_empty() { None } else { Some(RepoName::of(repo)?) };
        Some(Self { repo, which: Which::Number(count(number)?) })
    }

    /// The build whose page, or whose address in the API, that is.
    fn of_address(url: &str) -> Option<Self> {
        let (_, path) = url.split_once("://")?.1.split_once('/')?;
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        let found = parts.windows(6).find_map(|parts| match parts {
            ["o" | "orgs", org, "r" | "repos", repo, "b" | "builds", number] => Some((org, repo, number)),
            _ => None,
        });
        let (org, repo, number) = found?;
        let name = RepoName::of(&format!("{org}/{repo}"))?;
        Some(Self { repo: Some(name), which: Which::Number(count(number)?) })
    }

    pub(crate) fn read(word: &Word) -> Result<Option<Self>, Mistake> {
        let text = word.text.as_str();
        if let Some(build) = Self::of(text) {
            return Ok(Some(build));
        }
        if text.contains('#') || address(text).is_some() {
            let what = format!("`{}` is no build; one is called `#42` or `acme/web#42`", mistake::shown(text));
            return Err(word.mistake(what));
        }
        Ok(match text.to_lowercase().as_str() {
            "last" | "latest" => Some(Self { repo: None, which: Which::Last }),
            "last-failed" => Some(Self { repo: None, which: Which::LastFailed }),
            _ => count(text).map(|number| Self { repo: None, which: Which::Number(number) }),
        })
    }
}

/// The number of a build.
fn count(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_number)
}

/// The address that a word is, also as Slack writes one: `<https://ci.example.com|ci.example.com>`.
pub(crate) fn address(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
    let url = inner.split('|').next().unwrap_or_default();
    (url.starts_with("https://") || url.starts_with("http://")).then_some(url)
}

fn is_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    first && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_goes_by_many_names() {
        for (text, name) in [
            ("#42", "#42"),
            ("web#42", "web#42"),
            ("acme/web#42", "acme/web#42"),
            ("https://ci.example.com/o/acme/r/web/b/42", "acme/web#42"),
            ("<https://ci.example.com/x/o/acme/r/web/b/42/j/unit?x#L3|the build>", "acme/web#42"),
            ("https://ci.example.com/v1/orgs/acme/repos/web/builds/42", "acme/web#42"),
        ] {
            assert_eq!(BuildName::of(text).map(|name| name.to_string()).as_deref(), Some(name), "{text}");
        }
        for text in ["#0", "#", "#x", "a/b/c#1", "../x#1", "web", "https://ci.example.com", "#99999999999999999999"] {
            assert_eq!(BuildName::of(text), None, "{text}");
        }
    }
}
