//! Why a build runs, and on what.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{BuildId, JobId, Text};

/// Why a build runs, and on what: the context that a script computes its jobs from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// What kind of event it was.
    #[serde(default)]
    pub source: Source,
    /// Who or what caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// By which integration they did it, when one acted for them: `acme/slack`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The commit, when the source is under git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<Git>,
    /// The pull or merge request that it is of, when it is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequest>,
    /// The files that changed, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// Parameters by name; secret ones as references.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Text>,
    /// The builds that led to this one, where builds did: each caused the next, and the last caused this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstream: Vec<BuildId>,
    /// Whether the code comes from somebody who may not push here: such a build sees no secrets and writes no caches
    /// that others read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fork: bool,
    /// Milliseconds that the place of a job whose lines did not end well is kept for a person, where it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<u64>,
    /// The build that it does once more, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Whose script a build of a fork runs, where the fork's is not the same as that of the repository itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<ScriptOf>,
}

/// A build that is done once more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// Which.
    pub of: BuildId,
    /// Whether what ended well there is taken over, and only the rest runs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// The one job that runs again, with what comes after it; how all others ended there is taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
}

/// Whose script a build of a fork runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "of", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum ScriptOf {
    /// That of the branch which the fork's commits are to be merged into, and not the fork's own.
    Base {
        /// The branch.
        branch: String,
        /// The commit that it was taken from.
        commit_id: String,
    },
    /// The fork's own, which somebody approved for this very commit.
    Fork {
        /// Who.
        approved_by: String,
    },
}

/// The kind of event that caused a build. The names of those that MonkeyCI has are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A person at a terminal.
    #[default]
    Cli,
    /// The API, the page or a chat.
    Api,
    /// A webhook of GitHub.
    GithubWebhook,
    /// A GitHub app.
    GithubApp,
    /// A webhook of GitLab.
    GitlabWebhook,
    /// A webhook of Bitbucket.
    BitbucketWebhook,
    /// A webhook of Gitea or Forgejo.
    GiteaWebhook,
    /// A schedule.
    Schedule,
    /// A poller that saw a new commit.
    Poll,
    /// Another build that ended.
    Build,
}

/// A commit in a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Git {
    /// Where it is cloned from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The full ref: `refs/heads/main`, `refs/tags/v1`.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The commit, 40 or 64 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_id: Option<String>,
    /// The main branch of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_branch: Option<String>,
    /// The commit's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The commit's author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The author's e-mail address, as the commit has it: nobody has verified it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_email: Option<String>,
}

/// A pull request, or merge request: somebody asks for one branch to be merged into another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PullRequest {
    /// Its number in the repository that it is made to.
    pub number: u64,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The branch that it comes from, in the repository that it comes from.
    pub source_branch: String,
    /// The branch that it is to be merged into.
    pub target_branch: String,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Where people read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// Whether its author says that it is not ready.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
}

impl Git {
    /// The branch, when the ref is one.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.reference.as_deref()?.strip_prefix("refs/heads/")
    }

    /// The tag, when the ref is one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.reference.as_deref()?.strip_prefix("refs/tags/")
    }
}

/// Paths that a build's commits changed, from the repository's root, with `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Changes {
    /// New files.
    pub added: BTreeSet<String>,
    /// Files with other content.
    pub modified: BTreeSet<String>,
    /// Files that are gone.
    pub removed: BTreeSet<String>,
}

impl Changes {
    /// Every path that was added, modified or removed.
    pub fn touched(&self) -> impl Iterator<Item = &str> {
        self.added.iter().chain(&self.modified).chain(&self.removed).map(String::as_str)
    }
}

impl Trigger {
    /// The branch of the build, when it has one. A pull request is on none, though its commits may be fetched from one:
    /// that is its author's, and may bear the name of any.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        if self.pull_request.is_some() {
            return None;
        }
        self.git.as_ref()?.branch()
    }

    /// The tag of the build, when it has one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.git.as_ref()?.tag()
    }
}
