//! What a local build is of: written down with its invocation, so that it can be taken up again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use monkeyci_core::engine::{BuildRequest, LoadError};
use monkeyci_core::model::trigger::{Changes, Git};
use monkeyci_core::model::{BuildStatus, OrgId, RepoId, Trigger};
use monkeyci_core::program::ProgramError;
use monkeyci_core::script::ScriptError;
use monkeyci_core::source::{Checkout, CommitId, Credentials, Folder, GitRef, GitRemote, GitUrl, Source, SourceError};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::error::{CliError, Exit};
use crate::executor::Choice;
use crate::script;

/// What a local build is of. It holds no value of a secret.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// The folder, when it is a local one.
    pub folder: Option<PathBuf>,
    /// What the build was told of its commit, with the url when the source is elsewhere.
    pub git: Option<Git>,
    /// What the build was told of changed files.
    pub changes: Option<Changes>,
    /// Globs of the jobs that are wanted; all when there are none.
    pub filter: Vec<String>,
    /// Whether its script's tests are not run.
    pub no_script_tests: bool,
    /// Where its jobs run.
    pub executor: Choice,
    /// Its secrets, as they were named on the command line.
    pub secrets: Vec<String>,
}

/// The organisation of every local build.
pub const ORG: &str = "local";

/// Why there was no script, once loading it was tried.
pub type NoScript = Arc<OnceLock<Exit>>;

impl Request {
    /// The path or url that tells this repository from others.
    pub fn place(&self) -> String {
        match (self.url(), &self.folder) {
            (Some(url), _) => url.to_owned(),
            (None, Some(folder)) => folder.display().to_string(),
            (None, None) => String::new(),
        }
    }

    /// The repository's name: the last part of its path, as far as an id can hold it.
    pub fn repo(&self) -> RepoId {
        let place = self.place();
        let last = place.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
        let last = last.strip_suffix(".git").unwrap_or(last);
        let fit = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
        let name: String = last.chars().map(fit).skip_while(|c| "-.".contains(*c)).take(80).collect();
        RepoId::new(name).unwrap_or_else(|_| RepoId::new("build").expect("a valid id"))
    }

    fn url(&self) -> Option<&str> {
        self.git.as_ref()?.url.as_deref()
    }

    /// The request as the engine takes it.
    pub fn build(&self, trigger: Trigger, approve: &[String], no_script: NoScript) -> Result<BuildRequest, CliError> {
        let source = Told { source: self.source()?, git: self.git.clone(), changes: self.changes.clone() };
        let org = OrgId::new(ORG).expect("a valid id");
        let request = BuildRequest::new(source)
            .refused(move |error| refused(error, &no_script))
            .script_tests(!self.no_script_tests)
            .repo(org, self.repo())
            .trigger(trigger);
        let request = request.filter(&self.filter).and_then(|request| request.approve(approve));
        request.map_err(|error| CliError::usage(error.to_string()))
    }

    fn source(&self) -> Result<Arc<dyn Source>, CliError> {
        let Some(url) = self.url() else {
            let folder = self.folder.as_ref().ok_or_else(|| CliError::ours("the build has neither folder nor url"))?;
            return Ok(Arc::new(Folder::new(folder)));
        };
        let unusable = |what: &str, error: &dyn std::error::Error| CliError::usage(format!("{what}: {error}"));
        let url: GitUrl = url.parse().map_err(|error| unusable("--git-url", &error))?;
        let mut remote = GitRemote::new(url);
        // A person at a terminal may read the folders of this machine anyway, and reach what it reaches.
        remote.allow_file = true;
        remote.allow_private = true;
        // Over ssh with their own agent, keys and known hosts.
        remote.credentials = Credentials::User;
        // Distributions repair git without a new number; a person is warned where a server would refuse.
        remote.trust_git = true;
        if let Some(git) = &self.git {
            let reference = git.reference.as_deref().map(str::parse::<GitRef>).transpose();
            remote.reference = reference.map_err(|error| unusable("branch or tag", &error))?;
            let commit = git.commit_id.as_deref().map(str::parse::<CommitId>).transpose();
            remote.commit = commit.map_err(|error| unusable("--commit-id", &error))?;
        }
        Ok(Arc::new(remote))
    }
}

/// A source of which the command line says something else than what is found.
struct Told {
    source: Arc<dyn Source>,
    git: Option<Git>,
    changes: Option<Changes>,
}

#[async_trait]
impl Source for Told {
    async fn fetch(&self, into: &Path, cancel: CancellationToken) -> Result<Checkout, SourceError> {
        let found = self.source.fetch(into, cancel).await?;
        let git = told(self.git.clone(), found.git.clone());
        Ok(Checkout { git, changes: self.changes.clone().or(found.changes), ..found })
    }
}

/// What was found of a commit, where the command line does not say otherwise.
pub fn told(told: Option<Git>, found: Option<Git>) -> Option<Git> {
    let (Some(told), Some(found)) = (&told, &found) else { return told.or(found) };
    Some(Git {
        url: told.url.clone().or_else(|| found.url.clone()),
        reference: told.reference.clone().or_else(|| found.reference.clone()),
        commit_id: found.commit_id.clone().or_else(|| told.commit_id.clone()),
        ..found.clone()
    })
}

fn refused(error: &ProgramError, no_script: &NoScript) -> LoadError {
    let mut message = error.to_string();
    if let ProgramError::Script(script) = error {
        if script.is_no_script() {
            // Read once the build is over; a second attempt finds the same.
            let _known = no_script.set(Exit::NoScript);
        }
        if let ScriptError::NotFound { .. } = script {
            message = format!("{message}\nhint: {}", script::FIRST);
        }
    }
    if let ProgramError::Tests { .. } = error {
        message = format!("{message}\nhint: {}", script::FAILING);
    }
    let status = if error.is_ours() { BuildStatus::Error } else { BuildStatus::Failure };
    LoadError { status, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Request {
        Request { git: Some(Git { url: Some(url.into()), ..Git::default() }), ..Request::default() }
    }

    #[test]
    fn a_repository_is_named_after_the_last_part_of_its_place() {
        for (place, name) in [
            ("https://example.com/acme/web.git", "web"),
            ("git@example.com:web.git", "web"),
            ("file:///srv/we b/", "we_b"),
            ("https://example.com/-/..", "build"),
        ] {
            assert_eq!(of(place).repo().as_str(), name, "{place}");
        }
    }

    #[test]
    fn what_git_refuses_is_refused_before_anything_runs() {
        for url in ["ext::sh -c whoami", "-oProxyCommand=x", "https://example.com/a\nb"] {
            assert!(of(url).source().is_err(), "{url}");
        }
    }
}
