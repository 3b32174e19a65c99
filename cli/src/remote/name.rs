//! Names of what is on a server, as people write them: at a terminal as in a chat.

use std::fmt;
use std::str::FromStr;

use monkeyci_core::model::{OrgId, RepoId};
use monkeyci_grammar as grammar;
use monkeyci_grammar::Which;

/// `acme/web`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoName {
    /// The organisation.
    pub org: OrgId,
    /// The repository in it.
    pub repo: RepoId,
}

/// A build: `acme/web/42`, `acme/web#42`, its address, the newest of `acme/web`, or of the repository at hand `42`, `last` or
/// `last-failed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildName {
    /// The server, where its address was said.
    pub server: Option<String>,
    /// The repository; that at hand when none is named.
    pub repo: Option<RepoName>,
    /// Which build of it.
    pub which: Which,
}

impl FromStr for RepoName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((org, repo)) => Ok(Self { org: id(org)?, repo: id(repo)? }),
            None => Err(whole()),
        }
    }
}

impl TryFrom<grammar::RepoName> for RepoName {
    type Error = String;
    fn try_from(name: grammar::RepoName) -> Result<Self, String> {
        let org = name.org.ok_or_else(whole)?;
        Ok(Self { org: id(&org)?, repo: id(&name.repo)? })
    }
}

impl FromStr for BuildName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let Some(grammar::BuildName { repo, which }) = grammar::BuildName::of(text) else {
            // A repository alone is its newest build.
            let repo = text.parse().map_err(|_| unknown())?;
            return Ok(Self { server: None, repo: Some(repo), which: Which::Last });
        };
        let server = grammar::BuildName::server(text).map(str::to_owned);
        Ok(Self { server, repo: repo.map(RepoName::try_from).transpose()?, which })
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.org, self.repo)
    }
}

fn id<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn whole() -> String {
    "a repository is named with its organisation, as in `acme/web`".into()
}

fn unknown() -> String {
    "a build is named as in `acme/web/42`, the newest of a repository as in `acme/web`, and one of the repository at \
     hand by its number, or as `last` or `last-failed`"
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Option<String>, Which), String> {
        text.parse::<BuildName>().map(|build| (build.repo.map(|repo| repo.to_string()), build.which))
    }

    #[test]
    fn builds_are_named_in_full_by_their_repository_or_by_their_number() {
        let web = || Some("acme/web".to_owned());
        for whole in
            ["acme/web/42", "acme/web#42", "acme/web/build-42", "https://ci.example.com/o/acme/r/web/b/42/j/unit"]
        {
            assert_eq!(read(whole), Ok((web(), Which::Number(42))), "{whole}");
        }
        assert_eq!(read("acme/web"), Ok((web(), Which::Last)));
        for here in ["42", "#42", "build-42"] {
            assert_eq!(read(here), Ok((None, Which::Number(42))), "{here}");
        }
        assert_eq!((read("last"), read("last-failed")), (Ok((None, Which::Last)), Ok((None, Which::LastFailed))));
        for wrong in
            ["", "web", "0", "acme/web/x", "acme/web/0", "acme/web/+1", "acme/web/1/unit", "/web/1", "../web", "a b/c"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(read("web#42"), Err(whole()), "a chat knows whose, and a terminal does not");
    }

    #[test]
    fn an_address_names_its_server_too() {
        let build: BuildName = "https://ci.example.com/o/acme/r/web/b/42".parse().expect("a build");
        assert_eq!(build.server.as_deref(), Some("https://ci.example.com"));
    }

    #[test]
    fn repositories_are_named_with_their_organisation() {
        assert_eq!("acme/web".parse::<RepoName>().map(|name| name.to_string()), Ok("acme/web".into()));
        for wrong in ["web", "acme/", "acme/web/1", "acme/../web"] {
            assert!(wrong.parse::<RepoName>().is_err(), "{wrong}");
        }
    }
}
