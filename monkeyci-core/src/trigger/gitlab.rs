//! GitLab, hosted or one's own; hooks of a project, of a group and of the system.
//!
//! <https://docs.gitlab.com/user/project/integrations/webhook_events>

use http::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::change::{Action, Change, Commit, Kind, PullRequest, Repository};
use super::check::{if_whole, something, unless_nothing};
use super::files::{self, Commits};
use super::heard::{Heard, Unreadable, need};
use super::list::{List, MAX_LABELS};
use super::push_option::Skip;
use super::pushed_commit::PushedCommit;
use super::{Forge, body};

pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Heard, Unreadable> {
    let event: Event = body::parse(headers, body)?;
    // The header says the same in words for people, or that it is a hook of the system.
    let kind = need(event.object_kind.or(event.event_name), "object_kind")?;
    match kind.as_str() {
        "push" | "tag_push" => push(body::parse(headers, body)?),
        "merge_request" => merge_request(body::parse(headers, body)?),
        other => Ok(Heard::other_event(other)),
    }
}

#[derive(Deserialize)]
struct Event {
    object_kind: Option<String>,
    event_name: Option<String>,
}

#[derive(Deserialize)]
struct Push {
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
    checkout_sha: Option<String>,
    user_username: Option<String>,
    user_name: Option<String>,
    project: Option<Project>,
    commits: Option<Commits<PushedCommit>>,
    total_commits_count: Option<usize>,
    push_options: Option<Skip>,
}

#[derive(Deserialize)]
struct Project {
    id: Option<u64>,
    path_with_namespace: Option<String>,
    git_http_url: Option<String>,
    git_ssh_url: Option<String>,
    default_branch: Option<String>,
}

fn push(push: Push) -> Result<Heard, Unreadable> {
    let reference = need(push.reference, "ref")?;
    let (before, after) = (something(push.before), unless_nothing(need(push.after, "after")?));
    let commits = push.commits.unwrap_or_default();
    // What the ref stands for; an annotated tag points to an object of its own.
    let id = something(push.checkout_sha);
    let count = commits.items.len();
    let is_known = before.is_some() && count > 0 && push.total_commits_count == Some(count);
    let files = is_known.then(|| files::of_all(commits.items.iter().map(PushedCommit::lists))).flatten();
    let head = commits.into_iter().find(|commit| commit.id.is_some() && commit.id == id);
    let mut commit = Commit { id, ..head.map(Commit::from).unwrap_or_default() };
    let kind = match (after, reference.strip_prefix("refs/heads/"), reference.strip_prefix("refs/tags/")) {
        (None, ..) => {
            commit = Commit::default();
            Kind::Deleted { reference, before }
        }
        (Some(after), Some(branch), _) => {
            commit.id = Some(after.clone());
            Kind::Push { branch: branch.to_owned(), created: before.is_none(), before, after, forced: None }
        }
        (Some(after), _, Some(name)) => Kind::Tag { name: name.to_owned(), before, after },
        (Some(_), None, None) => return Ok(Heard::nothing("the ref is neither a branch nor a tag")),
    };
    let change = Change {
        forge: Forge::GitLab,
        kind,
        repository: push.project.map(Repository::from).unwrap_or_default(),
        commit,
        actor: push.user_username.or(push.user_name),
        files,
        told_to_skip: push.push_options.unwrap_or_default().0,
    };
    change.checked().map(Heard::one)
}

#[derive(Deserialize)]
struct MergeRequestEvent {
    user: Option<User>,
    project: Option<Project>,
    object_attributes: Option<Theirs>,
    labels: Option<List<Label, MAX_LABELS>>,
    changes: Option<Edited>,
}

#[derive(Deserialize)]
struct User {
    id: Option<u64>,
    username: Option<String>,
}

#[derive(Deserialize)]
struct Theirs {
    action: Option<String>,
    iid: Option<u64>,
    title: Option<String>,
    url: Option<String>,
    author_id: Option<u64>,
    source_branch: Option<String>,
    target_branch: Option<String>,
    source_project_id: Option<u64>,
    target_project_id: Option<u64>,
    source: Option<Project>,
    last_commit: Option<PushedCommit>,
    oldrev: Option<String>,
    draft: Option<bool>,
    work_in_progress: Option<bool>,
}

#[derive(Deserialize)]
struct Label {
    title: Option<String>,
}

#[derive(Deserialize)]
struct Edited {
    draft: Option<Turned>,
    target_branch: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Turned {
    previous: Option<bool>,
    current: Option<bool>,
}

fn merge_request(event: MergeRequestEvent) -> Result<Heard, Unreadable> {
    let theirs = need(event.object_attributes, "object_attributes")?;
    let number = need(theirs.iid, "object_attributes.iid")?;
    let before = something(theirs.oldrev);
    let edited = event.changes;
    let is_ready = |edited: &Edited| {
        edited.draft.as_ref().is_some_and(|draft| draft.previous == Some(true) && draft.current == Some(false))
    };
    let action = match theirs.action.as_deref().unwrap_or_default() {
        "open" => Some(Action::Opened),
        "reopen" => Some(Action::Reopened),
        "update" if before.is_some() => Some(Action::Pushed),
        "update" if edited.as_ref().is_some_and(|edited| edited.target_branch.is_some()) => Some(Action::Retargeted),
        "update" if edited.as_ref().is_some_and(is_ready) => Some(Action::Ready),
        "update" => return Ok(Heard::nothing("neither the commits of the merge request nor its target changed")),
        "close" | "merge" => None,
        other => return Ok(Heard::other_action(other)),
    };
    let head = theirs.last_commit;
    let actor = event.user;
    // Its author is told by a number only.
    let author = actor.as_ref().filter(|user| user.id.is_some() && user.id == theirs.author_id);
    let author = author.and_then(|user| user.username.clone());
    let kind = match action {
        None => {
            let merged = theirs.action.as_deref() == Some("merge");
            Kind::Closed { number, head: head.as_ref().and_then(|commit| commit.id.clone()), merged }
        }
        Some(_) if head.is_none() => return Ok(Heard::nothing("the merge request has no commits yet")),
        Some(action) => Kind::PullRequest(Box::new(PullRequest {
            action,
            number,
            title: theirs.title,
            source_branch: need(theirs.source_branch, "object_attributes.source_branch")?,
            target_branch: need(theirs.target_branch, "object_attributes.target_branch")?,
            head: need(head.as_ref().and_then(|commit| commit.id.clone()), "object_attributes.last_commit.id")?,
            before,
            base: None,
            author,
            fork: theirs.source_project_id.is_none() || theirs.source_project_id != theirs.target_project_id,
            head_url: theirs.source.and_then(|source| Repository::from(source).url().map(str::to_owned)),
            draft: theirs.draft.or(theirs.work_in_progress).unwrap_or(false),
            labels: event.labels.into_iter().flatten().filter_map(|label| label.title).collect(),
            url: theirs.url,
        })),
    };
    let commit = match &kind {
        Kind::PullRequest(request) => {
            Commit { id: if_whole(&request.head), ..head.map(Commit::from).unwrap_or_default() }
        }
        _ => Commit::default(),
    };
    let change = Change {
        forge: Forge::GitLab,
        kind,
        repository: event.project.map(Repository::from).unwrap_or_default(),
        commit,
        actor: actor.and_then(|user| user.username),
        files: None,
        told_to_skip: false,
    };
    change.checked().map(Heard::one)
}

impl From<Project> for Repository {
    fn from(theirs: Project) -> Self {
        Self {
            id: theirs.id.map(|id| id.to_string()),
            name: theirs.path_with_namespace,
            clone_url: theirs.git_http_url,
            ssh_url: theirs.git_ssh_url,
            default_branch: theirs.default_branch,
        }
    }
}
