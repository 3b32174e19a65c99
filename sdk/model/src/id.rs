//! Names of organisations, repositories, builds and jobs.
//!
//! Every id is checked where it is made, so that code that holds one may put it into a path, a container's name or
//! an environment variable without another thought.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An id that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} id `{id}` {why}")]
pub struct InvalidId {
    what: &'static str,
    id: String,
    why: String,
}

/// The longest id, in bytes (MonkeyCI's column for job ids holds 100).
pub const MAX_LEN: usize = 100;

fn check(what: &'static str, id: &str) -> Result<(), InvalidId> {
    let refuse = |why: String| {
        // A hostile id may be megabytes of control characters: show its beginning, escaped.
        let shown = id.chars().take(60).collect::<String>().escape_default().to_string();
        Err(InvalidId { what, id: shown, why })
    };
    let first = match id.bytes().next() {
        None => return refuse("is empty".into()),
        Some(byte) => byte,
    };
    if id.len() > MAX_LEN {
        return refuse(format!("has {} bytes, at most {MAX_LEN} are allowed", id.len()));
    }
    if !(first.is_ascii_alphanumeric() || first == b'_') {
        return refuse("must begin with a letter, a digit or `_`".into());
    }
    match id.chars().find(|c| !(c.is_ascii_alphanumeric() || "_-.".contains(*c))) {
        Some(c) => refuse(format!("holds `{}`; letters, digits, `_`, `-` and `.` are allowed", c.escape_default())),
        None => Ok(()),
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(
            #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")))]
            std::sync::Arc<str>,
        );

        impl $name {
            /// Checks `id` and takes it in.
            ///
            /// # Errors
            /// When it is empty, longer than [`MAX_LEN`], or holds anything but letters, digits, `_`, `-` and `.`.
            pub fn new(id: impl AsRef<str>) -> Result<Self, InvalidId> {
                check($what, id.as_ref())?;
                Ok(Self(id.as_ref().into()))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(id: String) -> Result<Self, InvalidId> {
                Self::new(id)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(id: &str) -> Result<Self, InvalidId> {
                Self::new(id)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// The id of an organisation.
    OrgId, "organisation"
);
id!(
    /// The id of a repository, unique within its organisation.
    RepoId, "repository"
);
id!(
    /// The id of a job, unique within its build.
    JobId, "job"
);

/// A build: organisation, repository and the build's number in it, written `org/repo/build-12`.
///
/// MonkeyCI calls this a *sid*. Numbers begin at 1 and never repeat within a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BuildId {
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// The build's number in its repository, from 1.
    pub number: u64,
}

impl BuildId {
    /// The build `number` of a repository.
    #[must_use]
    pub fn new(org: OrgId, repo: RepoId, number: u64) -> Self {
        Self { org, repo, number }
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/build-{}", self.org, self.repo, self.number)
    }
}

impl FromStr for BuildId {
    type Err = InvalidId;

    fn from_str(id: &str) -> Result<Self, InvalidId> {
        let refuse = || InvalidId {
            what: "build",
            id: id.chars().take(200).collect::<String>().escape_default().to_string(),
            why: "is not of the form `org/repo/build-12`".into(),
        };
        let mut parts = id.split('/');
        let (Some(org), Some(repo), Some(build), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(refuse());
        };
        // As it is printed and in no other way: a build has one name.
        let is_canonical = |n: &&str| n.bytes().all(|byte| byte.is_ascii_digit()) && !n.starts_with('0');
        let number =
            build.strip_prefix("build-").filter(is_canonical).and_then(|n| n.parse().ok()).ok_or_else(refuse)?;
        Ok(Self { org: org.parse()?, repo: repo.parse()?, number })
    }
}

impl TryFrom<String> for BuildId {
    type Error = InvalidId;
    fn try_from(id: String) -> Result<Self, InvalidId> {
        id.parse()
    }
}

impl From<BuildId> for String {
    fn from(id: BuildId) -> String {
        id.to_string()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for BuildId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BuildId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Organisation, repository and number of a build",
            "pattern": "^[^/]+/[^/]+/build-[1-9][0-9]*$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_could_leave_their_folder_are_refused() {
        let too_long = "x".repeat(MAX_LEN + 1);
        for bad in ["", ".", "..", "../x", "a/b", "-x", "a b", "a\0b", "a\nb", "é", ".git", "%2e", &too_long] {
            assert!(JobId::new(bad).is_err(), "{bad:?} was taken");
        }
        for good in ["test", "unit_tests", "deploy-1.95", "7", "_x", &"x".repeat(MAX_LEN)] {
            assert_eq!(JobId::new(good).expect("a good id").as_str(), good);
        }
    }

    #[test]
    fn a_refusal_names_the_id_and_the_reason() {
        let error = JobId::new("unit tests").expect_err("a space");
        assert_eq!(error.to_string(), "job id `unit tests` holds ` `; letters, digits, `_`, `-` and `.` are allowed");
    }

    #[test]
    fn a_build_id_is_read_back_from_what_it_prints() {
        let id: BuildId = "acme/web/build-12".parse().expect("a build id");
        assert_eq!((id.org.as_str(), id.repo.as_str(), id.number), ("acme", "web", 12));
        assert_eq!(id.to_string(), "acme/web/build-12");
        for bad in ["acme/web/12", "acme/web", "acme/web/build-x", "acme/web/build-1/x", "../web/build-1"]
            .into_iter()
            .chain(["acme/web/build-", "acme/web/build-0", "acme/web/build-007", "acme/web/build-+7"])
        {
            assert!(bad.parse::<BuildId>().is_err(), "{bad:?} was taken");
        }
    }
}
