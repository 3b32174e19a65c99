//! What becomes of a wish for a build.

use monkeyci_core::engine::{BuildRequest, Unfinished};
use monkeyci_core::model::trigger::{Git, ScriptOf};
use monkeyci_core::model::{BuildId, OrgId, RepoId, Trigger};
use monkeyci_core::source::{CommitId, GitRef, GitRemote, GitUrl};
use monkeyci_rest::Repo;
use serde::{Deserialize, Serialize};

use crate::checkout::{Checkout, Keys};
use crate::config::Sources;
use crate::given::{Given, Pinned};

/// Makes requests that the engine understands.
#[derive(Clone)]
pub struct Launcher {
    sources: Sources,
    keys: Keys,
}

/// What the source of a build is made of again after a restart.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Memo {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    main_branch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pipeline: Option<Pinned>,
    /// The address and the branch whose script stands in for that of a fork.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    script_of: Option<(String, String)>,
    /// Whether a person named the commit, which then need not be of the ref.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    named: bool,
}

/// Whether what is kept of a request says that a person named the commit. What cannot be read says so as well.
#[must_use]
pub fn is_named(memo: Option<&str>) -> bool {
    memo.and_then(|memo| serde_json::from_str::<Memo>(memo).ok()).is_none_or(|memo| memo.named)
}

impl Launcher {
    /// Clones what `sources` allows, with these keys.
    #[must_use]
    pub fn new(sources: Sources, keys: Keys) -> Self {
        Self { sources, keys }
    }

    /// What it may reach.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The request for a build of a repository, with what the server gives it. The trigger's own params come first.
    ///
    /// # Errors
    /// What in the trigger or the repository cannot be used, for people.
    pub fn request(&self, repo: &Repo, mut trigger: Trigger, given: Given) -> Result<BuildRequest, String> {
        let git = trigger.git.get_or_insert_default();
        git.url.get_or_insert_with(|| repo.body.url.clone());
        git.main_branch.get_or_insert_with(|| repo.body.default_branch.clone());
        if git.reference.is_none() && git.commit_id.is_none() {
            git.reference = Some(format!("refs/heads/{}", repo.body.default_branch));
        }
        let mut memo = Memo { pipeline: given.pipeline, named: given.named, ..Memo::of(git) };
        if trigger.fork && !matches!(trigger.script, Some(ScriptOf::Fork { .. })) {
            let request = trigger.pull_request.as_ref();
            let branch = request.map_or(&repo.body.default_branch, |request| &request.target_branch);
            memo.script_of = Some((repo.body.url.clone(), branch.clone()));
        }
        let source = self.checkout(&memo, &repo.org, &repo.id)?;
        for (name, value) in given.params {
            trigger.params.entry(name).or_insert(value);
        }
        let request = memo.request(source).repo(repo.org.clone(), repo.id.clone());
        let memo = serde_json::to_string(&memo).expect("a memo is JSON");
        Ok(request.trigger(trigger).memo(memo))
    }

    /// The request of a build that an engine left.
    #[must_use]
    pub fn again(&self, left: &Unfinished) -> Option<BuildRequest> {
        let memo: Memo = serde_json::from_str(left.memo.as_deref()?).ok()?;
        let BuildId { org, repo, .. } = &left.build;
        let source = self.checkout(&memo, org, repo).ok()?;
        Some(memo.request(source).repo(org.clone(), repo.clone()))
    }

    /// Where a repository is cloned from, with what opens it.
    ///
    /// # Errors
    /// Why it may not be cloned, for people.
    pub async fn remote(&self, repo: &Repo) -> Result<GitRemote, String> {
        self.keys.with(self.source(&Memo::at(&repo.body.url))?, &repo.org, &repo.id).await
    }

    /// Whether an address may be cloned, in words for people where it may not.
    ///
    /// # Errors
    /// Why it may not.
    pub fn check_url(&self, url: &str) -> Result<(), String> {
        self.source(&Memo::at(url)).map(drop)
    }

    fn checkout(&self, memo: &Memo, org: &OrgId, repo: &RepoId) -> Result<Checkout, String> {
        let of = (org.clone(), repo.clone());
        Ok(Checkout { remote: self.source(memo)?, of, keys: self.keys.clone() })
    }

    fn source(&self, memo: &Memo) -> Result<GitRemote, String> {
        let url: GitUrl = memo.url.parse().map_err(|error| format!("{error}"))?;
        let mut remote = GitRemote::new(url);
        let reference = memo.reference.as_deref().map(str::parse::<GitRef>).transpose();
        remote.reference = reference.map_err(|error| error.to_string())?;
        let commit = memo.commit.as_deref().map(str::parse::<CommitId>).transpose();
        remote.commit = commit.map_err(|error| error.to_string())?;
        remote.main_branch.clone_from(&memo.main_branch);
        if let Some((url, branch)) = &memo.script_of {
            let url = url.parse().map_err(|error| format!("{error}"))?;
            remote.script_of = Some((url, branch.clone()));
        }
        remote.allow_http = self.sources.http;
        remote.allow_private = self.sources.private;
        remote.allow_file = self.sources.file;
        remote.trust_git = true;
        let megabytes = self.sources.checkout_megabytes;
        remote.max_bytes = (megabytes > 0).then(|| megabytes.saturating_mul(1_000_000));
        Ok(remote)
    }
}

impl Memo {
    fn request(&self, source: Checkout) -> BuildRequest {
        let request = BuildRequest::new(source);
        match &self.pipeline {
            Some(Pinned { name, document }) => request.declared(name, document),
            None => request,
        }
    }

    fn at(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::default() }
    }

    fn of(git: &Git) -> Self {
        Self {
            url: git.url.clone().unwrap_or_default(),
            reference: git.reference.clone(),
            commit: git.commit_id.clone(),
            main_branch: git.main_branch.clone(),
            ..Self::default()
        }
    }
}
