//! Releases on GitHub and GitLab, and changes to files of other repositories.
//!
//! ```
//! use monkeyci_plugin_release::github;
//! use monkeyci_sdk::prelude::*;
//!
//! fn plan(ctx: &Ctx) -> Plan {
//!     let dist = artifact("dist", "dist");
//!     let package = container("package", "docker.io/rust:1").run("./package").save(&dist);
//!     let web = github("acme/web").token_param("github-token");
//!     let release = web
//!         .release("release")
//!         .changelog("CHANGELOG.md")
//!         .asset("dist/*.tar.gz")
//!         .job(ctx)
//!         .map(|job| job.after(&package).restore(&dist));
//!     Plan::from((package, release))
//! }
//!
//! assert_eq!(plan(&Ctx::on_branch("main")).ids(), ["package"]);
//! assert_eq!(plan(&Ctx::on_tag("v1.2.0")).ids(), ["package", "release"]);
//! ```
//!
//! Both kinds of jobs are actions, and may run again: a release that is there is brought to what is wanted, an asset of
//! the same name is replaced, and a file that needs no change gets no commit. The token is a param, read when the action
//! runs; it stands in no job.

mod asset;
mod fault;
mod github;
mod gitlab;
mod notes;
mod patch;
mod release;

use monkeyci_sdk::prelude::Act;

use fault::Fault;
pub use patch::Patch;
pub use release::Release;

/// A repository on a forge.
#[must_use = "a repository does nothing until a job is made of it"]
#[derive(Debug, Clone)]
pub struct Repository {
    forge: Forge,
    /// As in `acme/web`; GitLab has groups in groups.
    path: String,
    base: String,
    token: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forge {
    GitHub,
    GitLab,
}

/// A repository on GitHub, as in `acme/web`. Its token is in the param `github-token` when nothing else is said; it may
/// write contents.
pub fn github(path: &str) -> Repository {
    Repository::new(Forge::GitHub, path, "https://api.github.com", "github-token")
}

/// A project on GitLab, as in `acme/team/web`. Its token is in the param `gitlab-token` when nothing else is said; it has
/// the scope `api`.
pub fn gitlab(path: &str) -> Repository {
    Repository::new(Forge::GitLab, path, "https://gitlab.com/api/v4", "gitlab-token")
}

impl Repository {
    fn new(forge: Forge, path: &str, base: &str, token: &str) -> Self {
        Self { forge, path: path.to_owned(), base: base.to_owned(), token: token.to_owned() }
    }

    /// The param that holds the token.
    pub fn token_param(mut self, param: &str) -> Self {
        param.clone_into(&mut self.token);
        self
    }

    /// Where the forge's API is: `https://github.example.com/api/v3`, `https://gitlab.example.com/api/v4`.
    pub fn base_url(mut self, url: &str) -> Self {
        url.trim_end_matches('/').clone_into(&mut self.base);
        self
    }

    /// A release of this repository, by a job of this id.
    pub fn release(&self, id: &str) -> Release {
        Release::new(self.clone(), id)
    }

    /// Changes to files of this repository, by a job of this id. On GitHub only.
    pub fn patch(&self, id: &str) -> Patch {
        Patch::new(self.clone(), id)
    }

    /// The token, which is wanted now.
    fn token<'a>(&self, act: &'a Act) -> Result<&'a str, Fault> {
        let missing = || format!("this build has no param `{}`, the token for `{}`: add it", self.token, self.path);
        act.get(&self.token).filter(|token| !token.is_empty()).ok_or_else(|| Fault::Said(missing()))
    }
}
