//! Names of what is on a server, as people write them.

use std::fmt;
use std::str::FromStr;

use monkeyci_core::model::{OrgId, RepoId};

/// `acme/web`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoName {
    /// The organisation.
    pub org: OrgId,
    /// The repository in it.
    pub repo: RepoId,
}

/// A build: `acme/web/42`, the newest of `acme/web`, or `42` of the repository at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildName {
    /// The repository; that at hand when none is named.
    pub repo: Option<RepoName>,
    /// The build; the newest when none is named.
    pub number: Option<u64>,
}

impl FromStr for RepoName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((org, repo)) => Ok(Self { org: id(org)?, repo: id(repo)? }),
            None => Err("a repository is named with its organisation, as in `acme/web`".into()),
        }
    }
}

impl FromStr for BuildName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let names: Vec<_> = text.split('/').collect();
        match names[..] {
            [number] => Ok(Self { repo: None, number: Some(self::number(number).ok_or_else(unknown)?) }),
            [org, repo] => Ok(Self { repo: Some(RepoName { org: id(org)?, repo: id(repo)? }), number: None }),
            [org, repo, number] => {
                let number = self::number(number).ok_or_else(unknown)?;
                Ok(Self { repo: Some(RepoName { org: id(org)?, repo: id(repo)? }), number: Some(number) })
            }
            _ => Err(unknown()),
        }
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

fn number(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("build-").unwrap_or(text);
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| is_number && *number > 0)
}

fn unknown() -> String {
    "a build is named as in `acme/web/42`, the newest of a repository as in `acme/web`, and one of the repository at \
     hand by its number"
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_named_in_full_by_their_repository_or_by_their_number() {
        let read =
            |text: &str| text.parse::<BuildName>().map(|build| (build.repo.map(|repo| repo.to_string()), build.number));
        let web = || Some("acme/web".to_owned());
        assert_eq!(read("acme/web/42"), Ok((web(), Some(42))));
        assert_eq!(read("acme/web/build-42"), Ok((web(), Some(42))));
        assert_eq!(read("acme/web"), Ok((web(), None)));
        assert_eq!(read("42"), Ok((None, Some(42))));
        assert_eq!(read("build-42"), Ok((None, Some(42))));
        for wrong in
            ["", "web", "0", "acme/web/x", "acme/web/0", "acme/web/+1", "acme/web/1/unit", "/web/1", "../web", "a b/c"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn repositories_are_named_with_their_organisation() {
        assert_eq!("acme/web".parse::<RepoName>().map(|name| name.to_string()), Ok("acme/web".into()));
        for wrong in ["web", "acme/", "acme/web/1", "acme/../web"] {
            assert!(wrong.parse::<RepoName>().is_err(), "{wrong}");
        }
    }
}
