//! Bitbucket Data Center, and Server before it.
//!
//! <https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html>

use std::collections::BTreeSet;

use http::HeaderMap;
use serde::Deserialize;

use super::bitbucket::EVENT;
use super::change::{Action, Change, Commit, Kind, PullRequest, Repository};
use super::check::{if_whole, something, unless_nothing};
use super::heard::{Heard, Unreadable, need};
use super::list::{List, MAX_CHANGES};
use super::{Forge, body, header};

/// Addresses of a repository that are looked at.
const MAX_LINKS: usize = 10;

pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Heard, Unreadable> {
    match header::word(headers, EVENT).ok_or(Unreadable::Event { header: EVENT })? {
        "diagnostics:ping" => Ok(Heard::Ping),
        "repo:refs_changed" => push(body::parse(headers, body)?),
        event @ ("pr:opened"
        | "pr:from_ref_updated"
        | "pr:modified"
        | "pr:reopened"
        | "pr:merged"
        | "pr:declined"
        | "pr:deleted") => pull_request(event, body::parse(headers, body)?),
        other => Ok(Heard::other_event(other)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PushEvent {
    actor: Option<User>,
    repository: Option<TheirRepository>,
    changes: Option<List<TheirChange, MAX_CHANGES>>,
    /// Newer versions only.
    to_commit: Option<TheirCommit>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TheirChange {
    #[serde(rename = "ref")]
    reference: Option<Ref>,
    from_hash: Option<String>,
    to_hash: Option<String>,
}

#[derive(Deserialize)]
struct Ref {
    id: Option<String>,
}

#[derive(Deserialize)]
struct TheirCommit {
    id: Option<String>,
    message: Option<String>,
    author: Option<User>,
}

#[derive(Deserialize)]
struct User {
    name: Option<String>,
}

#[derive(Deserialize)]
struct TheirRepository {
    id: Option<u64>,
    slug: Option<String>,
    project: Option<Project>,
    links: Option<Links>,
}

#[derive(Deserialize)]
struct Project {
    key: Option<String>,
}

#[derive(Deserialize)]
struct Links {
    clone: Option<List<Link, MAX_LINKS>>,
    #[serde(rename = "self")]
    page: Option<List<Link, MAX_LINKS>>,
}

#[derive(Deserialize)]
struct Link {
    href: Option<String>,
    name: Option<String>,
}

fn push(event: PushEvent) -> Result<Heard, Unreadable> {
    let repository = event.repository.map(Repository::from).unwrap_or_default();
    let actor = event.actor.and_then(|user| user.name);
    let changes = need(event.changes, "changes")?;
    let mut told = event.to_commit.filter(|_| changes.items.len() == 1);
    let changes = changes.into_iter().map(|change| {
        let Some((kind, commit)) = change.read(told.take())? else { return Ok(None) };
        let (repository, actor) = (repository.clone(), actor.clone());
        let change =
            Change { forge: Forge::BitbucketServer, kind, repository, commit, actor, files: None, told_to_skip: false };
        change.checked().map(Some)
    });
    Heard::several(changes.filter_map(Result::transpose))
}

impl TheirChange {
    /// What happened to a branch or tag, and the commit that it is now.
    fn read(self, told: Option<TheirCommit>) -> Result<Option<(Kind, Commit)>, Unreadable> {
        let reference = need(self.reference.and_then(|reference| reference.id), "changes.ref.id")?;
        let before = something(self.from_hash);
        let Some(after) = unless_nothing(need(self.to_hash, "changes.toHash")?) else {
            return Ok(Some((Kind::Deleted { reference, before }, Commit::default())));
        };
        let mut commit = told.map(Commit::from).unwrap_or_default();
        let kind = if let Some(branch) = reference.strip_prefix("refs/heads/") {
            commit.id = Some(after.clone());
            Kind::Push { branch: branch.to_owned(), created: before.is_none(), before, after, forced: None }
        } else if let Some(name) = reference.strip_prefix("refs/tags/") {
            // What it points to may be the object of an annotated tag, which is no commit.
            Kind::Tag { name: name.to_owned(), before, after }
        } else {
            return Ok(None);
        };
        Ok(Some((kind, commit)))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullRequestEvent {
    actor: Option<User>,
    pull_request: Option<Theirs>,
    previous_from_hash: Option<String>,
    previous_target: Option<Ref>,
    previous_draft: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Theirs {
    id: Option<u64>,
    title: Option<String>,
    draft: Option<bool>,
    from_ref: Option<Side>,
    to_ref: Option<Side>,
    author: Option<Participant>,
    links: Option<Links>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Side {
    id: Option<String>,
    latest_commit: Option<String>,
    repository: Option<TheirRepository>,
}

#[derive(Deserialize)]
struct Participant {
    user: Option<User>,
}

fn pull_request(event: &str, body: PullRequestEvent) -> Result<Heard, Unreadable> {
    let theirs = need(body.pull_request, "pullRequest")?;
    let number = need(theirs.id, "pullRequest.id")?;
    let from = need(theirs.from_ref, "pullRequest.fromRef")?;
    let to = need(theirs.to_ref, "pullRequest.toRef")?;
    let draft = theirs.draft.unwrap_or(false);
    let is_other_target = body.previous_target.and_then(|target| target.id).is_some_and(|id| Some(id) != to.id);
    let action = match event {
        "pr:opened" => Some(Action::Opened),
        "pr:reopened" => Some(Action::Reopened),
        "pr:from_ref_updated" => Some(Action::Pushed),
        "pr:modified" if is_other_target => Some(Action::Retargeted),
        "pr:modified" if body.previous_draft == Some(true) && !draft => Some(Action::Ready),
        "pr:modified" => return Ok(Heard::nothing("neither the commits of the pull request nor its target changed")),
        _ => None,
    };
    let branch = |side: &Side| side.id.as_deref().and_then(|id| id.strip_prefix("refs/heads/")).map(str::to_owned);
    let id = |side: &Side| side.repository.as_ref().and_then(|repository| repository.id);
    let kind = match action {
        None => Kind::Closed { number, head: from.latest_commit, merged: event == "pr:merged" },
        Some(action) => Kind::PullRequest(Box::new(PullRequest {
            action,
            number,
            title: theirs.title,
            source_branch: need(branch(&from), "pullRequest.fromRef.id")?,
            target_branch: need(branch(&to), "pullRequest.toRef.id")?,
            fork: id(&from).is_none() || id(&from) != id(&to),
            head: need(from.latest_commit, "pullRequest.fromRef.latestCommit")?,
            before: something(body.previous_from_hash),
            base: to.latest_commit,
            author: theirs.author.and_then(|author| author.user?.name),
            head_url: from.repository.and_then(|from| Repository::from(from).url().map(str::to_owned)),
            draft,
            labels: BTreeSet::new(),
            url: theirs.links.and_then(|links| links.page?.into_iter().next()?.href),
        })),
    };
    let id = match &kind {
        Kind::PullRequest(request) => if_whole(&request.head),
        _ => None,
    };
    let change = Change {
        forge: Forge::BitbucketServer,
        kind,
        repository: to.repository.map(Repository::from).unwrap_or_default(),
        commit: Commit { id, ..Commit::default() },
        actor: body.actor.and_then(|user| user.name),
        files: None,
        told_to_skip: false,
    };
    change.checked().map(Heard::one)
}

impl From<TheirRepository> for Repository {
    fn from(theirs: TheirRepository) -> Self {
        let links = theirs.links.and_then(|links| links.clone).unwrap_or_default();
        let by = |names: &[&str]| {
            let link = links.items.iter().find(|link| link.name.as_deref().is_some_and(|name| names.contains(&name)));
            link.and_then(|link| link.href.clone())
        };
        let project = theirs.project.and_then(|project| project.key);
        Self {
            id: theirs.id.map(|id| id.to_string()),
            name: project.zip(theirs.slug).map(|(project, slug)| format!("{project}/{slug}")),
            clone_url: by(&["http", "https"]),
            ssh_url: by(&["ssh"]),
            default_branch: None,
        }
    }
}

impl From<TheirCommit> for Commit {
    fn from(theirs: TheirCommit) -> Self {
        Self { id: theirs.id, message: theirs.message, author: theirs.author.and_then(|author| author.name) }
    }
}
