//! What happened in a repository.

use std::collections::BTreeSet;

use monkeyci_model::Trigger;
use monkeyci_model::trigger::{Changes, Git};

use super::Forge;
use super::skip::skip_marker;

/// One thing that happened in a repository, in the same words for all forges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Who tells of it.
    pub forge: Forge,
    /// What happened.
    pub kind: Kind,
    /// Where it happened; for a pull request the repository that it is made to.
    pub repository: Repository,
    /// The commit that it is about.
    pub commit: Commit,
    /// Who did it, by the name under which the forge knows them.
    pub actor: Option<String>,
    /// The files that the commits of a push changed, where all of them are told. What was in commits that the push took
    /// away is not among them.
    pub files: Option<Changes>,
    /// Whether who pushed said that nothing is to be built (`git push -o ci.skip`).
    pub told_to_skip: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A branch was made, or points elsewhere. Branches of a merge queue are such ones.
    Push {
        /// Its name.
        branch: String,
        /// The commit before; none when it is new, or when that is not told.
        before: Option<String>,
        /// The commit now.
        after: String,
        /// Whether it is new.
        created: bool,
        /// Whether commits were taken away from it, where that is told.
        forced: Option<bool>,
    },
    /// A tag was made, or points elsewhere.
    Tag {
        /// Its name.
        name: String,
        /// What it pointed to.
        before: Option<String>,
        /// What it points to: a commit, or the object of an annotated tag.
        after: String,
    },
    /// A pull or merge request was opened or changed in a way that matters to builds.
    PullRequest(Box<PullRequest>),
    /// A branch or tag is gone: what runs for it need not go on.
    Deleted {
        /// The full ref.
        reference: String,
        /// What it pointed to, where that is told.
        before: Option<String>,
    },
    /// A pull request is merged or declined: what runs for it need not go on.
    Closed {
        /// Its number.
        number: u64,
        /// Its newest commit, where that is told; the beginning of its id from Bitbucket Cloud.
        head: Option<String>,
        /// Whether it was merged.
        merged: bool,
    },
}

/// A pull request, or merge request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// What was done to it.
    pub action: Action,
    /// Its number.
    pub number: u64,
    /// What it is called.
    pub title: Option<String>,
    /// The branch that it comes from.
    pub source_branch: String,
    /// The branch that it is to be merged into.
    pub target_branch: String,
    /// Its newest commit. Bitbucket Cloud tells the first 12 digits only.
    pub head: String,
    /// Its newest commit before a push to it, where that is told.
    pub before: Option<String>,
    /// The commit of the target branch, where that is told; short as `head` may be.
    pub base: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// Whether it comes from another repository, or from one that is gone or not told.
    pub fork: bool,
    /// Where the repository is cloned from that it comes from, where that is told.
    pub head_url: Option<String>,
    /// Whether its author says that it is not ready.
    pub draft: bool,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// Where people read it.
    pub url: Option<String>,
}

/// What was done to a pull request, as far as it matters to builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It is new.
    Opened,
    /// Its commits are others. From Bitbucket Cloud perhaps only its words.
    Pushed,
    /// It was closed, and is open again.
    Reopened,
    /// It was a draft, and is none any more.
    Ready,
    /// It is to be merged into another branch.
    Retargeted,
}

/// A repository as its forge tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repository {
    /// What stays when it is renamed.
    pub id: Option<String>,
    /// Owner and name: `acme/web`.
    pub name: Option<String>,
    /// Where it is cloned from by HTTP.
    pub clone_url: Option<String>,
    /// Where it is cloned from by SSH.
    pub ssh_url: Option<String>,
    /// Its default branch.
    pub default_branch: Option<String>,
}

/// A commit, as far as it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// Its whole id.
    pub id: Option<String>,
    /// Its message.
    pub message: Option<String>,
    /// The name of its author.
    pub author: Option<String>,
}

impl Repository {
    /// Where it is cloned from: by HTTP, else by SSH.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.clone_url.as_deref().or(self.ssh_url.as_deref())
    }
}

impl Change {
    /// The trigger of the build that follows from it; none when something ended.
    ///
    /// Where it has no commit, what its ref stands for is built. A pull request is fetched from the repository that it is
    /// made to, where its forge keeps a ref for it; from Bitbucket Cloud, which keeps none, its branch is fetched from the
    /// repository that it comes from.
    #[must_use]
    pub fn trigger(&self) -> Option<Trigger> {
        let mut url = self.repository.url();
        let (reference, request) = match &self.kind {
            Kind::Push { branch, .. } => (format!("refs/heads/{branch}"), None),
            Kind::Tag { name, .. } => (format!("refs/tags/{name}"), None),
            Kind::PullRequest(request) => {
                if self.forge == Forge::Bitbucket {
                    url = request.head_url.as_deref();
                }
                (request.reference(self.forge), Some(request))
            }
            Kind::Deleted { .. } | Kind::Closed { .. } => return None,
        };
        let git = Git {
            url: url.map(str::to_owned),
            reference: Some(reference),
            commit_id: self.commit.id.clone(),
            main_branch: self.repository.default_branch.clone(),
            message: self.commit.message.clone(),
            author: self.commit.author.clone(),
            // The checkout tells, for every forge alike.
            author_email: None,
        };
        Some(Trigger {
            source: self.forge.source(),
            actor: self.actor.clone(),
            git: Some(git),
            pull_request: request.map(|request| request.model()),
            changes: self.files.clone(),
            fork: request.is_some_and(|request| request.fork),
            ..Trigger::default()
        })
    }

    /// The full ref that is gone, by which its builds are known; none where nothing ended.
    #[must_use]
    pub fn ended(&self) -> Option<String> {
        match &self.kind {
            Kind::Deleted { reference, .. } => Some(reference.clone()),
            Kind::Closed { number, .. } => Some(match self.forge {
                Forge::GitLab => format!("refs/merge-requests/{number}/head"),
                Forge::BitbucketServer => format!("refs/pull-requests/{number}/from"),
                _ => format!("refs/pull/{number}/head"),
            }),
            _ => None,
        }
    }

    /// What it means, as a short text that two deliveries have in common which tell of the same thing: what another hook
    /// tells, or the same one again. That the repository is the same is for the caller to see to.
    ///
    /// A push forth, back, and forth again means the same the third time as the first, and so do pushes to a pull request
    /// of a forge that does not tell what was before: let a meaning hold for minutes, not for ever.
    #[must_use]
    pub fn meaning(&self) -> String {
        let or_none = |id: &Option<String>| id.clone().unwrap_or_else(|| "-".to_owned());
        match &self.kind {
            Kind::Push { branch, before, after, .. } => format!("push refs/heads/{branch} {} {after}", or_none(before)),
            Kind::Tag { name, before, after } => format!("tag refs/tags/{name} {} {after}", or_none(before)),
            Kind::PullRequest(request) => {
                let PullRequest { number, target_branch, before, head, .. } = &**request;
                // What is opened and what is pushed to is built for the same reason.
                let why = match request.action {
                    Action::Opened | Action::Pushed | Action::Retargeted => "",
                    Action::Reopened => " reopened",
                    Action::Ready => " ready",
                };
                format!("pull-request {number} refs/heads/{target_branch} {} {head}{why}", or_none(before))
            }
            Kind::Deleted { reference, before } => format!("deleted {reference} {}", or_none(before)),
            Kind::Closed { number, head, merged } => {
                let how = if *merged { "merged" } else { "declined" };
                format!("closed {number} {} {how}", or_none(head))
            }
        }
    }

    /// What says that nothing is to be built, if anything does: a marker in the message of the commit, or an option of the
    /// push. A tag is always built.
    ///
    /// GitHub, Gitea, Forgejo and Bitbucket do not tell the message of a pull request's commit: look for its
    /// [marker](skip_marker) again once that is known.
    #[must_use]
    pub fn skip(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Push { .. } | Kind::PullRequest(_) if self.told_to_skip => Some("ci.skip"),
            Kind::Push { .. } | Kind::PullRequest(_) => self.commit.message.as_deref().and_then(skip_marker),
            Kind::Tag { .. } | Kind::Deleted { .. } | Kind::Closed { .. } => None,
        }
    }
}

impl PullRequest {
    /// The ref that its commits are fetched by.
    fn reference(&self, forge: Forge) -> String {
        let number = self.number;
        match forge {
            Forge::GitHub | Forge::Gitea | Forge::Forgejo => format!("refs/pull/{number}/head"),
            Forge::GitLab => format!("refs/merge-requests/{number}/head"),
            Forge::BitbucketServer => format!("refs/pull-requests/{number}/from"),
            Forge::Bitbucket => format!("refs/heads/{}", self.source_branch),
        }
    }

    fn model(&self) -> monkeyci_model::trigger::PullRequest {
        monkeyci_model::trigger::PullRequest {
            number: self.number,
            title: self.title.clone(),
            source_branch: self.source_branch.clone(),
            target_branch: self.target_branch.clone(),
            author: self.author.clone(),
            url: self.url.clone(),
            labels: self.labels.clone(),
            draft: self.draft,
        }
    }
}
