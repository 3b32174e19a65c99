//! Bitbucket Cloud.
//!
//! It tells neither where a repository is cloned from nor, of a pull request, whole ids of commits; and when a pull request
//! is updated, not whether it was pushed to.
//!
//! <https://support.atlassian.com/bitbucket-cloud/docs/event-payloads>

use std::collections::BTreeSet;

use http::HeaderMap;
use serde::Deserialize;

use super::change::{Action, Change, Commit, Kind, PullRequest, Repository};
use super::check::if_whole;
use super::heard::{Heard, Unreadable, need};
use super::list::{List, MAX_CHANGES};
use super::{Forge, body, header};

pub(super) const EVENT: &str = "x-event-key";

pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Heard, Unreadable> {
    match header::word(headers, EVENT).ok_or(Unreadable::Event { header: EVENT })? {
        "diagnostics:ping" => Ok(Heard::Ping),
        "repo:push" => push(body::parse(headers, body)?),
        "pullrequest:created" => pull_request(Some(Action::Opened), body::parse(headers, body)?),
        "pullrequest:updated" => pull_request(Some(Action::Pushed), body::parse(headers, body)?),
        "pullrequest:fulfilled" | "pullrequest:rejected" => pull_request(None, body::parse(headers, body)?),
        other => Ok(Heard::other_event(other)),
    }
}

#[derive(Deserialize)]
struct PushEvent {
    push: Option<Push>,
    repository: Option<TheirRepository>,
    actor: Option<User>,
}

#[derive(Deserialize)]
struct Push {
    changes: Option<List<TheirChange, MAX_CHANGES>>,
}

#[derive(Deserialize)]
struct TheirChange {
    new: Option<Ref>,
    old: Option<Ref>,
    forced: Option<bool>,
}

#[derive(Deserialize)]
struct Ref {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    hash: Option<String>,
    message: Option<String>,
    author: Option<Author>,
}

#[derive(Deserialize)]
struct Author {
    raw: Option<String>,
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    nickname: Option<String>,
    username: Option<String>,
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct TheirRepository {
    uuid: Option<String>,
    full_name: Option<String>,
    mainbranch: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

fn push(event: PushEvent) -> Result<Heard, Unreadable> {
    let repository = event.repository.map(Repository::from).unwrap_or_default();
    let actor = event.actor.and_then(User::name);
    let changes = need(need(event.push, "push")?.changes, "push.changes")?;
    let changes = changes.into_iter().map(|change| {
        let (kind, commit) = change.read()?;
        let (repository, actor) = (repository.clone(), actor.clone());
        let change =
            Change { forge: Forge::Bitbucket, kind, repository, commit, actor, files: None, told_to_skip: false };
        change.checked()
    });
    Heard::several(changes)
}

impl TheirChange {
    fn read(self) -> Result<(Kind, Commit), Unreadable> {
        let before = self.old.as_ref().and_then(|old| old.target.as_ref()?.hash.clone());
        let Some(new) = self.new else {
            let reference = need(self.old, "push.changes.old")?.full()?;
            return Ok((Kind::Deleted { reference, before }, Commit::default()));
        };
        let (is_tag, is_new) = (new.is_tag(), self.old.is_none());
        let name = need(new.name, "push.changes.new.name")?;
        let target = need(new.target, "push.changes.new.target")?;
        let after = need(target.hash.clone(), "push.changes.new.target.hash")?;
        let kind = if is_tag {
            Kind::Tag { name, before, after }
        } else {
            Kind::Push { branch: name, before, after, created: is_new, forced: self.forced.filter(|_| !is_new) }
        };
        Ok((kind, target.into()))
    }
}

impl Ref {
    /// Both kinds of tags, `tag` and `annotated_tag`.
    fn is_tag(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| kind.ends_with("tag"))
    }

    fn full(self) -> Result<String, Unreadable> {
        let folder = if self.is_tag() { "tags" } else { "heads" };
        Ok(format!("refs/{folder}/{}", need(self.name, "push.changes.old.name")?))
    }
}

#[derive(Deserialize)]
struct PullRequestEvent {
    pullrequest: Option<Theirs>,
    repository: Option<TheirRepository>,
    actor: Option<User>,
}

#[derive(Deserialize)]
struct Theirs {
    id: Option<u64>,
    title: Option<String>,
    state: Option<String>,
    draft: Option<bool>,
    author: Option<User>,
    source: Option<Side>,
    destination: Option<Side>,
    links: Option<Links>,
}

#[derive(Deserialize)]
struct Side {
    branch: Option<Named>,
    commit: Option<Target>,
    repository: Option<TheirRepository>,
}

#[derive(Deserialize)]
struct Links {
    html: Option<Link>,
}

#[derive(Deserialize)]
struct Link {
    href: Option<String>,
}

fn pull_request(action: Option<Action>, event: PullRequestEvent) -> Result<Heard, Unreadable> {
    let theirs = need(event.pullrequest, "pullrequest")?;
    let number = need(theirs.id, "pullrequest.id")?;
    let source = need(theirs.source, "pullrequest.source")?;
    let target = need(theirs.destination, "pullrequest.destination")?;
    let head = source.commit.and_then(|commit| commit.hash);
    let kind = match action {
        None => Kind::Closed { number, head, merged: theirs.state.as_deref() == Some("MERGED") },
        Some(action) => {
            let Some(from) = source.repository else {
                return Ok(Heard::nothing("the repository of the pull request is gone, and its commits with it"));
            };
            Kind::PullRequest(Box::new(PullRequest {
                action,
                number,
                title: theirs.title,
                source_branch: need(source.branch.and_then(|branch| branch.name), "pullrequest.source.branch.name")?,
                target_branch: need(
                    target.branch.and_then(|branch| branch.name),
                    "pullrequest.destination.branch.name",
                )?,
                head: need(head, "pullrequest.source.commit.hash")?,
                before: None,
                base: target.commit.and_then(|commit| commit.hash),
                author: theirs.author.and_then(User::name),
                fork: !target.repository.as_ref().or(event.repository.as_ref()).is_some_and(|to| to.is(&from)),
                // By it alone the commits can be had.
                head_url: Some(need(Repository::from(from).clone_url, "pullrequest.source.repository.full_name")?),
                draft: theirs.draft.unwrap_or(false),
                labels: BTreeSet::new(),
                url: theirs.links.and_then(|links| links.html?.href),
            }))
        }
    };
    let id = match &kind {
        Kind::PullRequest(request) => if_whole(&request.head),
        _ => None,
    };
    let change = Change {
        forge: Forge::Bitbucket,
        kind,
        repository: event.repository.or(target.repository).map(Repository::from).unwrap_or_default(),
        commit: Commit { id, ..Commit::default() },
        actor: event.actor.and_then(User::name),
        files: None,
        told_to_skip: false,
    };
    change.checked().map(Heard::one)
}

impl User {
    fn name(self) -> Option<String> {
        self.nickname.or(self.username).or(self.display_name)
    }
}

impl TheirRepository {
    fn is(&self, other: &Self) -> bool {
        match (&self.uuid, &other.uuid) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self.full_name.is_some() && self.full_name == other.full_name,
        }
    }
}

impl From<TheirRepository> for Repository {
    fn from(theirs: TheirRepository) -> Self {
        Self {
            id: theirs.uuid,
            clone_url: theirs.full_name.as_ref().map(|name| format!("https://bitbucket.org/{name}.git")),
            ssh_url: theirs.full_name.as_ref().map(|name| format!("git@bitbucket.org:{name}.git")),
            name: theirs.full_name,
            default_branch: theirs.mainbranch.and_then(|branch| branch.name),
        }
    }
}

impl From<Target> for Commit {
    fn from(theirs: Target) -> Self {
        let author = theirs.author.and_then(|author| {
            let raw = author.raw.as_deref().map(|raw| raw.split('<').next().unwrap_or(raw).trim().to_owned());
            raw.filter(|raw| !raw.is_empty()).or(author.user.and_then(|user| user.display_name))
        });
        Self { id: theirs.hash, message: theirs.message, author }
    }
}
