//! What becomes of a wish for a build.

use std::collections::BTreeMap;

use monkeyci_core::engine::{BuildRequest, Unfinished};
use monkeyci_core::model::trigger::Git;
use monkeyci_core::model::{Text, Trigger};
use monkeyci_core::source::{CommitId, GitRef, GitRemote, GitUrl};
use monkeyci_rest::Repo;
use serde::{Deserialize, Serialize};

use crate::config::Sources;

/// Makes requests that the engine understands.
#[derive(Debug, Clone)]
pub struct Launcher {
    sources: Sources,
}

/// What the source of a build is made of again after a restart.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Memo {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    main_branch: Option<String>,
}

impl Launcher {
    /// Clones what `sources` allows.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        Self { sources }
    }

    /// What it may reach.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The request for a build of a repository. `params` are those that it has, by name; the trigger's own come first.
    ///
    /// # Errors
    /// What in the trigger or the repository cannot be used, for people.
    pub fn request(
        &self,
        repo: &Repo,
        mut trigger: Trigger,
        params: BTreeMap<String, Text>,
    ) -> Result<BuildRequest, String> {
        let git = trigger.git.get_or_insert_default();
        git.url.get_or_insert_with(|| repo.body.url.clone());
        git.main_branch.get_or_insert_with(|| repo.body.default_branch.clone());
        if git.reference.is_none() && git.commit_id.is_none() {
            git.reference = Some(format!("refs/heads/{}", repo.body.default_branch));
        }
        let memo = Memo::of(git);
        let source = self.source(&memo)?;
        for (name, value) in params {
            trigger.params.entry(name).or_insert(value);
        }
        let memo = serde_json::to_string(&memo).expect("a memo is JSON");
        Ok(BuildRequest::new(source).repo(repo.org.clone(), repo.id.clone()).trigger(trigger).memo(memo))
    }

    /// The request of a build that an engine left.
    #[must_use]
    pub fn again(&self, left: &Unfinished) -> Option<BuildRequest> {
        let memo: Memo = serde_json::from_str(left.memo.as_deref()?).ok()?;
        let source = self.source(&memo).ok()?;
        Some(BuildRequest::new(source).repo(left.build.org.clone(), left.build.repo.clone()))
    }

    /// The repository at an address, as far as it may be cloned.
    ///
    /// # Errors
    /// Why it may not be, for people.
    pub fn remote(&self, url: &str) -> Result<GitRemote, String> {
        self.source(&Memo { url: url.to_owned(), reference: None, commit: None, main_branch: None })
    }

    /// Whether an address may be cloned, in words for people where it may not.
    ///
    /// # Errors
    /// Why it may not.
    pub fn check_url(&self, url: &str) -> Result<(), String> {
        self.remote(url).map(drop)
    }

    fn source(&self, memo: &Memo) -> Result<GitRemote, String> {
        let url: GitUrl = memo.url.parse().map_err(|error| format!("{error}"))?;
        let mut remote = GitRemote::new(url);
        let reference = memo.reference.as_deref().map(str::parse::<GitRef>).transpose();
        remote.reference = reference.map_err(|error| error.to_string())?;
        let commit = memo.commit.as_deref().map(str::parse::<CommitId>).transpose();
        remote.commit = commit.map_err(|error| error.to_string())?;
        remote.main_branch.clone_from(&memo.main_branch);
        remote.allow_http = self.sources.http;
        remote.allow_private = self.sources.private;
        remote.allow_file = self.sources.file;
        remote.trust_git = true;
        Ok(remote)
    }
}

impl Memo {
    fn of(git: &Git) -> Self {
        Self {
            url: git.url.clone().unwrap_or_default(),
            reference: git.reference.clone(),
            commit: git.commit_id.clone(),
            main_branch: git.main_branch.clone(),
        }
    }
}
