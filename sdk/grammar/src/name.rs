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

/// A place in a repository, as it is written: `main`, `v1.2`, `refs/tags/nightly`, a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At(pub String);

/// What a place in a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A branch.
    Branch(String),
    /// A tag.
    Tag(String),
    /// A commit, in full.
    Commit(String),
}

/// A build: `#42`, `web#42`, `acme/web#42`, `acme/web/42`, `last`, `web last-failed`, or its address.
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

impl At {
    /// What it is, which follows from how it is written: a whole hash is a commit, `v` and a digit begin a tag, and all else
    /// is a branch. Where that is wrong, `refs/heads/…` and `refs/tags/…` say which.
    #[must_use]
    pub fn place(&self) -> Place {
        let text = self.0.as_str();
        let is_commit = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_version = text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        match (text.strip_prefix("refs/tags/"), text.strip_prefix("refs/heads/")) {
            (Some(tag), _) => Place::Tag(tag.to_owned()),
            (_, Some(branch)) => Place::Branch(branch.to_owned()),
            _ if is_commit => Place::Commit(text.to_owned()),
            _ if is_version => Place::Tag(text.to_owned()),
            _ => Place::Branch(text.to_owned()),
        }
    }
}

impl BuildName {
    /// The build that a text names, if it names one.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        if let Some(url) = address(text) {
            return Self::of_address(url).map(|(_, name)| name);
        }
        let one = |repo, number| Some(Self { repo, which: Which::Number(count(number)?) });
        match (text.split_once('#'), text.rsplit_once('/')) {
            (Some(("", number)), _) => one(None, number),
            (Some((repo, number)), _) => one(Some(RepoName::of(repo)?), number),
            // Two names alone are a repository.
            (None, Some((repo, number))) if repo.contains('/') => one(Some(RepoName::of(repo)?), number),
            (None, Some(_)) => None,
            (None, None) => match text.to_lowercase().as_str() {
                "last" | "latest" => Some(Self { repo: None, which: Which::Last }),
                "last-failed" => Some(Self { repo: None, which: Which::LastFailed }),
                number => one(None, number),
            },
        }
    }

    /// The server whose build an address is of: what stands before its path.
    #[must_use]
    pub fn server(text: &str) -> Option<&str> {
        Self::of_address(address(text)?).map(|(server, _)| server)
    }

    /// The server, and the build of it whose page, or whose address in the API, that is.
    fn of_address(url: &str) -> Option<(&str, Self)> {
        let url = url.split(['?', '#']).next().unwrap_or_default();
        let begin = url.find("://")? + 3;
        let begin = begin + url[begin..].find('/')?;
        let found = url[begin..].match_indices('/').find_map(|(at, _)| {
            let mut parts = url[begin + at + 1..].split('/');
            let mut next = || parts.next();
            let (o, org, r, repo, b, number) = (next()?, next()?, next()?, next()?, next()?, next()?);
            let is_page = matches!((o, r, b), ("o", "r", "b") | ("orgs", "repos", "builds"));
            is_page.then_some((&url[..begin + at], org, repo, number))
        });
        let (server, org, repo, number) = found?;
        let name = RepoName::of(&format!("{org}/{repo}"))?;
        let build = Self { repo: Some(name), which: Which::Number(count(number)?) };
        Some((server.strip_suffix("/v1").unwrap_or(server), build))
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
        Ok(None)
    }
}

/// The number of a build, also as its id has it: `build-42`.
fn count(text: &str) -> Option<u64> {
    let text = text.strip_prefix("build-").unwrap_or(text);
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
            ("42", "#42"),
            ("build-42", "#42"),
            ("web#42", "web#42"),
            ("acme/web#42", "acme/web#42"),
            ("acme/web/42", "acme/web#42"),
            ("acme/web/build-42", "acme/web#42"),
            ("latest", "last"),
            ("LAST-failed", "last-failed"),
            ("https://ci.example.com/o/acme/r/web/b/42", "acme/web#42"),
            ("<https://ci.example.com/x/o/acme/r/web/b/42/j/unit?x#L3|the build>", "acme/web#42"),
            ("https://ci.example.com/v1/orgs/acme/repos/web/builds/42", "acme/web#42"),
        ] {
            assert_eq!(BuildName::of(text).map(|name| name.to_string()).as_deref(), Some(name), "{text}");
        }
        for text in [
            "",
            "#0",
            "#",
            "#x",
            "a/b/c#1",
            "../x#1",
            "web",
            "acme/web",
            "acme/web/x",
            "acme/web/0",
            "acme/web/1/unit",
            "/web/1",
            "web/1",
            "+1",
            "https://ci.example.com",
            "https://ci.example.com/o/acme/r/web/b/",
            "https://é/ö",
            "#99999999999999999999",
        ] {
            assert_eq!(BuildName::of(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_says_whose_build_it_is_of() {
        for (text, server) in [
            ("https://ci.example.com/o/acme/r/web/b/42/j/unit", Some("https://ci.example.com")),
            ("https://example.com/ci/o/acme/r/web/b/42#L3", Some("https://example.com/ci")),
            ("<http://127.0.0.1:8080/v1/orgs/acme/repos/web/builds/42>", Some("http://127.0.0.1:8080")),
            ("acme/web/42", None),
            ("https://ci.example.com/o/acme", None),
        ] {
            assert_eq!(BuildName::server(text), server, "{text}");
        }
    }

    #[test]
    fn what_a_place_is_follows_from_how_it_is_written() {
        let place = |text: &str| At(text.to_owned()).place();
        let hash = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(place("main"), Place::Branch("main".into()));
        assert_eq!(place("vendor"), Place::Branch("vendor".into()));
        assert_eq!(place("refs/heads/v2"), Place::Branch("v2".into()));
        assert_eq!(place("v1.2"), Place::Tag("v1.2".into()));
        assert_eq!(place("refs/tags/nightly"), Place::Tag("nightly".into()));
        assert_eq!(place(hash), Place::Commit(hash.into()));
    }
}
