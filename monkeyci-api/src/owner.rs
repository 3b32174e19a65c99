//! Whose params are meant.

use monkeyci_core::model::{OrgId, RepoId};
use monkeyci_core::store::{Sql, StoreError};

use crate::table::{environment, org, param_set, repo};

/// Whose params are meant.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The organisation.
    pub org: OrgId,
    /// What of it.
    pub of: Of,
}

/// What of an organisation has params.
#[derive(Debug, Clone)]
pub enum Of {
    /// Itself: all its repositories get them.
    All,
    /// The repositories with certain labels.
    Set(String),
    /// One repository.
    Repo(RepoId),
    /// Jobs of one of its environments.
    Environment(RepoId, String),
}

impl Owner {
    /// Params of all repositories of an organisation.
    pub fn all(org: &OrgId) -> Self {
        Self { org: org.clone(), of: Of::All }
    }

    /// Params of a set.
    pub fn set(org: &OrgId, set: &str) -> Self {
        Self { org: org.clone(), of: Of::Set(set.to_owned()) }
    }

    /// Params of one repository.
    pub fn repo(org: &OrgId, repo: &RepoId) -> Self {
        Self { org: org.clone(), of: Of::Repo(repo.clone()) }
    }

    /// Params of the jobs of an environment.
    pub fn environment(org: &OrgId, repo: &RepoId, name: &str) -> Self {
        Self { org: org.clone(), of: Of::Environment(repo.clone(), name.to_owned()) }
    }

    /// By which it is known among the owners of its organisation. No id holds a colon.
    pub fn word(&self) -> String {
        match &self.of {
            Of::All => String::new(),
            Of::Set(set) => format!(":{set}"),
            Of::Repo(repo) => repo.to_string(),
            Of::Environment(repo, name) => format!("{repo}:{name}"),
        }
    }

    /// The name of a param among those of all organisations: `acme/TOKEN`, `acme/:shop/TOKEN` of a set, `acme/web/TOKEN` of
    /// a repository, `acme/web:production/TOKEN` of an environment.
    pub fn full_name(&self, name: &str) -> String {
        match self.of {
            Of::All => format!("{}/{name}", self.org),
            _ => format!("{}/{}/{name}", self.org, self.word()),
        }
    }

    /// The owner and the name in a full name.
    pub fn of_full_name(full: &str) -> Option<(Self, &str)> {
        let (org, rest) = full.split_once('/')?;
        let org = org.parse().ok()?;
        let Some((word, name)) = rest.rsplit_once('/') else { return Some((Self { org, of: Of::All }, rest)) };
        let of = match word.split_once(':') {
            Some(("", set)) => Of::Set(set.to_owned()),
            Some((repo, name)) => Of::Environment(repo.parse().ok()?, name.to_owned()),
            None => Of::Repo(word.parse().ok()?),
        };
        Some((Self { org, of }, name))
    }

    /// What a sealed value is bound to.
    pub fn place(&self, name: &str, version: u64) -> String {
        format!("param/{}/{}/{name}/{version}", self.org, self.word())
    }

    /// The path of a param in the API.
    pub fn url(&self, name: &str) -> String {
        let org = &self.org;
        match &self.of {
            Of::All => format!("/v1/orgs/{org}/params/{name}"),
            Of::Set(set) => format!("/v1/orgs/{org}/param-sets/{set}/params/{name}"),
            Of::Repo(repo) => format!("/v1/orgs/{org}/repos/{repo}/params/{name}"),
            Of::Environment(repo, environment) => {
                format!("/v1/orgs/{org}/repos/{repo}/environments/{environment}/params/{name}")
            }
        }
    }

    /// What it is called when it is not there.
    pub fn noun(&self) -> &'static str {
        match self.of {
            Of::All => "organisation",
            Of::Set(_) => "param set",
            Of::Repo(_) => "repository",
            Of::Environment(..) => "environment",
        }
    }

    /// Whether it is there.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn is_there(&self, sql: &mut dyn Sql) -> Result<bool, StoreError> {
        Ok(match &self.of {
            Of::All => org::find(sql, &self.org)?.is_some(),
            Of::Set(set) => param_set::find(sql, &self.org, set)?.is_some(),
            Of::Repo(repo) => repo::find(sql, &self.org, repo)?.is_some(),
            Of::Environment(repo, name) => environment::find(sql, &self.org, repo, name)?.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_name_leads_back_to_its_owner() {
        let (org, web): (OrgId, RepoId) = ("acme".parse().expect("an id"), "web".parse().expect("an id"));
        for (owner, full) in [
            (Owner::all(&org), "acme/TOKEN"),
            (Owner::set(&org, "shop"), "acme/:shop/TOKEN"),
            (Owner::repo(&org, &web), "acme/web/TOKEN"),
            (Owner::environment(&org, &web, "production"), "acme/web:production/TOKEN"),
        ] {
            assert_eq!(owner.full_name("TOKEN"), full);
            let (found, name) = Owner::of_full_name(full).expect("it is one");
            assert_eq!((found.word(), name), (owner.word(), "TOKEN"));
        }
        for none in ["TOKEN", "a b/TOKEN", "acme/a b/TOKEN"] {
            assert!(Owner::of_full_name(none).is_none(), "{none}");
        }
    }
}
