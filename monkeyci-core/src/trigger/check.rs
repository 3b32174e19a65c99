//! What can be relied on of what a forge tells.

use super::change::{Change, Kind};
use super::heard::Unreadable;
use crate::source::{CommitId, GitRef, without_credentials};

/// Bytes of a message, and of other texts, that are kept.
const MAX_MESSAGE: usize = 16 * 1024;
const MAX_WORDS: usize = 1024;

impl Change {
    /// What can be relied on: refs and ids are such that git could have them, and texts are not endless.
    pub(super) fn checked(mut self) -> Result<Self, Unreadable> {
        let cut = |text: &mut Option<String>, most: usize| {
            if let Some(text) = text {
                text.truncate(text.floor_char_boundary(most));
            }
        };
        let repository = &mut self.repository;
        for url in [&mut repository.clone_url, &mut repository.ssh_url].into_iter().flatten() {
            *url = without_credentials(url);
        }
        cut(&mut self.commit.message, MAX_MESSAGE);
        cut(&mut self.commit.author, MAX_WORDS);
        cut(&mut self.actor, MAX_WORDS);
        match &mut self.kind {
            Kind::Push { branch, before, after, .. } => {
                check(GitRef::branch(branch), "ref")?;
                *after = whole_id(after, "after")?;
                check_ids([before], "before")?;
            }
            Kind::Tag { name, before, after } => {
                // It may be of commits that are old.
                self.files = None;
                check(GitRef::tag(name), "ref")?;
                *after = whole_id(after, "after")?;
                check_ids([before], "before")?;
            }
            Kind::PullRequest(request) => {
                if let Some(url) = &mut request.head_url {
                    *url = without_credentials(url);
                }
                cut(&mut request.title, MAX_WORDS);
                cut(&mut request.author, MAX_WORDS);
                check(GitRef::branch(&request.source_branch), "source branch")?;
                check(GitRef::branch(&request.target_branch), "target branch")?;
                request.head = any_id(&request.head, "head")?;
                check_ids([&mut request.before, &mut request.base], "before or base")?;
            }
            Kind::Deleted { reference, before } => {
                check(reference.parse::<GitRef>(), "ref")?;
                check_ids([before], "before")?;
            }
            Kind::Closed { head, .. } => check_ids([head], "head")?,
        }
        if let Some(id) = &mut self.commit.id {
            *id = whole_id(id, "commit")?;
        }
        Ok(self)
    }
}

/// The id, unless it stands for nothing: forges write zeros for what is not there.
pub(super) fn unless_nothing(id: String) -> Option<String> {
    let is_nothing = !id.is_empty() && id.bytes().all(|byte| byte == b'0');
    (!is_nothing).then_some(id)
}

/// What an optional id stands for, if for anything.
pub(super) fn something(id: Option<String>) -> Option<String> {
    id.filter(|id| !id.is_empty()).and_then(unless_nothing)
}

/// The id when it is one of a whole commit.
pub(super) fn if_whole(id: &str) -> Option<String> {
    id.parse::<CommitId>().ok().map(|id| id.as_str().to_owned())
}

fn check<T, E: std::fmt::Display>(checked: Result<T, E>, field: &'static str) -> Result<T, Unreadable> {
    checked.map_err(|error| Unreadable::Wrong { field, reason: error.to_string() })
}

fn whole_id(id: &str, field: &'static str) -> Result<String, Unreadable> {
    check(id.parse::<CommitId>(), field).map(|id| id.as_str().to_owned())
}

/// An id of which Bitbucket Cloud may tell the beginning only.
fn any_id(id: &str, field: &'static str) -> Result<String, Unreadable> {
    let is_beginning = (7..40).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_beginning { Ok(id.to_ascii_lowercase()) } else { whole_id(id, field) }
}

fn check_ids<'i>(ids: impl IntoIterator<Item = &'i mut Option<String>>, field: &'static str) -> Result<(), Unreadable> {
    for id in ids.into_iter().flatten() {
        *id = any_id(id, field)?;
    }
    Ok(())
}
