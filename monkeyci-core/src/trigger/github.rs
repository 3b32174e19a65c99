//! GitHub, and what Gitea and Forgejo have from it.
//!
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads>

use http::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::change::{Action, Change, Commit, Kind, PullRequest, Repository};
use super::check::{if_whole, something, unless_nothing};
use super::files::{self, Commits};
use super::heard::{Heard, Unreadable, need};
use super::list::{List, MAX_LABELS};
use super::pushed_commit::PushedCommit;
use super::{Forge, body, header};

const EVENT: &str = "x-github-event";

pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Heard, Unreadable> {
    match header::word(headers, EVENT).ok_or(Unreadable::Event { header: EVENT })? {
        "ping" => Ok(Heard::Ping),
        "push" => push(Forge::GitHub, body::parse(headers, body)?),
        "pull_request" => pull_request(Forge::GitHub, body::parse(headers, body)?),
        "merge_group" => merge_group(body::parse(headers, body)?),
        "create" | "delete" => Ok(Heard::nothing("the push that belongs to it tells more")),
        other => Ok(Heard::other_event(other)),
    }
}

#[derive(Deserialize)]
pub(super) struct Push {
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
    created: Option<bool>,
    deleted: Option<bool>,
    forced: Option<bool>,
    head_commit: Option<PushedCommit>,
    commits: Option<Commits<PushedCommit>>,
    /// Gitea and Forgejo only.
    total_commits: Option<usize>,
    repository: Option<TheirRepository>,
    sender: Option<User>,
    pusher: Option<User>,
}

#[derive(Deserialize)]
pub(super) struct TheirRepository {
    id: Option<u64>,
    full_name: Option<String>,
    clone_url: Option<String>,
    ssh_url: Option<String>,
    default_branch: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) login: Option<String>,
    name: Option<String>,
}

pub(super) fn push(forge: Forge, push: Push) -> Result<Heard, Unreadable> {
    let reference = need(push.reference, "ref")?;
    let after = match push.deleted {
        Some(true) => None,
        _ => unless_nothing(need(push.after, "after")?),
    };
    let before = something(push.before);
    let commits = push.commits.unwrap_or_default();
    let all_told = match (push.total_commits, forge) {
        (Some(total), _) => total == commits.items.len(),
        // When there are so many, there may be more.
        (None, Forge::GitHub) => commits.items.len() < files::MAX_COMMITS,
        // Older ones leave out all but the newest without a word.
        (None, _) => false,
    };
    let is_new = push.created.unwrap_or(before.is_none());
    let is_known = all_told && !commits.items.is_empty() && !is_new && push.forced != Some(true);
    let files = is_known.then(|| files::of_all(commits.items.iter().map(PushedCommit::lists))).flatten();
    let is_head = |commit: &PushedCommit| commit.id == after;
    let commit = push.head_commit.or_else(|| commits.into_iter().find(is_head)).map(Commit::from);
    let kind = match (after, reference.strip_prefix("refs/heads/"), reference.strip_prefix("refs/tags/")) {
        (None, ..) => Kind::Deleted { reference, before },
        (Some(after), Some(branch), _) => {
            let branch = branch.to_owned();
            Kind::Push { branch, before, after, created: is_new, forced: push.forced.filter(|_| !is_new) }
        }
        (Some(after), _, Some(name)) => Kind::Tag { name: name.to_owned(), before, after },
        (Some(_), None, None) => return Ok(Heard::nothing("the ref is neither a branch nor a tag")),
    };
    let mut commit = commit.unwrap_or_default();
    match &kind {
        Kind::Push { after, .. } => commit.id = Some(after.clone()),
        // What an annotated tag points to is no commit; the commit is told apart.
        Kind::Tag { .. } => {}
        _ => commit = Commit::default(),
    }
    let change = Change {
        forge,
        kind,
        repository: push.repository.map(Repository::from).unwrap_or_default(),
        commit,
        actor: push.sender.and_then(|user| user.login).or(push.pusher.and_then(|user| user.name)),
        files,
        told_to_skip: false,
    };
    change.checked().map(Heard::one)
}

#[derive(Deserialize)]
pub(super) struct PullRequestEvent {
    action: Option<String>,
    number: Option<u64>,
    /// GitHub only.
    before: Option<String>,
    pull_request: Option<Theirs>,
    changes: Option<Edited>,
    repository: Option<TheirRepository>,
    sender: Option<User>,
}

/// What an edit changed. Gitea and Forgejo tell another target as `ref`.
#[derive(Deserialize)]
struct Edited {
    base: Option<IgnoredAny>,
    #[serde(rename = "ref")]
    reference: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Theirs {
    number: Option<u64>,
    title: Option<String>,
    html_url: Option<String>,
    user: Option<User>,
    draft: Option<bool>,
    merged: Option<bool>,
    labels: Option<List<Label, MAX_LABELS>>,
    head: Option<Side>,
    base: Option<Side>,
}

#[derive(Deserialize)]
struct Label {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Side {
    #[serde(rename = "ref")]
    branch: Option<String>,
    sha: Option<String>,
    repo: Option<TheirRepository>,
}

pub(super) fn pull_request(forge: Forge, event: PullRequestEvent) -> Result<Heard, Unreadable> {
    let action = need(event.action, "action")?;
    let theirs = need(event.pull_request, "pull_request")?;
    let number = need(theirs.number.or(event.number), "pull_request.number")?;
    let is_other_target = event.changes.is_some_and(|changes| changes.base.is_some() || changes.reference.is_some());
    let head = need(theirs.head, "pull_request.head")?;
    let base = need(theirs.base, "pull_request.base")?;
    let action = match action.as_str() {
        "opened" => Some(Action::Opened),
        "reopened" => Some(Action::Reopened),
        "synchronize" | "synchronized" => Some(Action::Pushed),
        "ready_for_review" => Some(Action::Ready),
        "edited" if is_other_target => Some(Action::Retargeted),
        "closed" => None,
        other => return Ok(Heard::other_action(other)),
    };
    let is_fork = match (&head.repo, &base.repo) {
        (Some(head), Some(base)) => !head.is(base),
        // It is gone.
        _ => true,
    };
    let kind = match action {
        None => Kind::Closed { number, head: head.sha, merged: theirs.merged.unwrap_or(false) },
        Some(action) => Kind::PullRequest(Box::new(PullRequest {
            action,
            number,
            title: theirs.title,
            source_branch: need(head.branch, "pull_request.head.ref")?,
            target_branch: need(base.branch, "pull_request.base.ref")?,
            head: need(head.sha, "pull_request.head.sha")?,
            before: something(event.before).filter(|_| action == Action::Pushed),
            base: base.sha,
            author: theirs.user.and_then(|user| user.login),
            fork: is_fork,
            head_url: head.repo.and_then(|repo| Repository::from(repo).url().map(str::to_owned)),
            draft: theirs.draft.unwrap_or(false),
            labels: theirs.labels.into_iter().flatten().filter_map(|label| label.name).collect(),
            url: theirs.html_url,
        })),
    };
    let id = match &kind {
        Kind::PullRequest(request) => if_whole(&request.head),
        _ => None,
    };
    let change = Change {
        forge,
        kind,
        repository: event.repository.or(base.repo).map(Repository::from).unwrap_or_default(),
        commit: Commit { id, ..Commit::default() },
        actor: event.sender.and_then(|user| user.login),
        files: None,
        told_to_skip: false,
    };
    change.checked().map(Heard::one)
}

#[derive(Deserialize)]
struct MergeGroupEvent {
    action: Option<String>,
    merge_group: Option<MergeGroup>,
    repository: Option<TheirRepository>,
    sender: Option<User>,
}

#[derive(Deserialize)]
struct MergeGroup {
    head_ref: Option<String>,
    head_sha: Option<String>,
    head_commit: Option<PushedCommit>,
}

/// A branch of a merge queue: the same as the push of it, for hooks that hear of one of the two only.
fn merge_group(event: MergeGroupEvent) -> Result<Heard, Unreadable> {
    let group = need(event.merge_group, "merge_group")?;
    let mut push = Push {
        reference: group.head_ref,
        before: None,
        after: group.head_sha,
        created: Some(true),
        deleted: None,
        forced: None,
        head_commit: group.head_commit,
        commits: None,
        total_commits: None,
        repository: event.repository,
        sender: event.sender,
        pusher: None,
    };
    match need(event.action, "action")?.as_str() {
        "checks_requested" => {}
        "destroyed" => (push.before, push.deleted) = (push.after.take(), Some(true)),
        _ => return Ok(Heard::other_event("merge_group")),
    }
    self::push(Forge::GitHub, push)
}

impl TheirRepository {
    /// Whether both are the same repository.
    fn is(&self, other: &Self) -> bool {
        match (self.id, other.id) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self.full_name.is_some() && self.full_name == other.full_name,
        }
    }
}

impl From<TheirRepository> for Repository {
    fn from(theirs: TheirRepository) -> Self {
        Self {
            id: theirs.id.map(|id| id.to_string()),
            name: theirs.full_name,
            clone_url: theirs.clone_url,
            ssh_url: theirs.ssh_url,
            default_branch: theirs.default_branch,
        }
    }
}
