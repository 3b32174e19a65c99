//! Gitea and Forgejo, which send much of what GitHub does.
//!
//! <https://docs.gitea.com/usage/webhooks>, <https://forgejo.org/docs/latest/user/webhooks>

use http::HeaderMap;
use serde::Deserialize;

use super::change::{Change, Commit, Kind, Repository};
use super::github::{self, TheirRepository, User};
use super::heard::{Heard, Unreadable, need};
use super::{Forge, body, header};

pub(super) fn read(forge: Forge, headers: &HeaderMap, body: &[u8]) -> Result<Heard, Unreadable> {
    let names = match forge {
        Forge::Forgejo => ["x-forgejo-event", "x-gitea-event"],
        _ => ["x-gitea-event", "x-gogs-event"],
    };
    let event = names.iter().find_map(|name| header::word(headers, name));
    match event.ok_or(Unreadable::Event { header: names[0] })? {
        "push" => github::push(forge, body::parse(headers, body)?),
        "pull_request" | "pull_request_sync" => github::pull_request(forge, body::parse(headers, body)?),
        "create" => created(forge, body::parse(headers, body)?),
        "delete" => deleted(forge, body::parse(headers, body)?),
        other => Ok(Heard::other_event(other)),
    }
}

/// What tells that a branch or tag was made or is gone: its short name, and what kind it is of.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "ref")]
    name: Option<String>,
    ref_type: Option<String>,
    sha: Option<String>,
    repository: Option<TheirRepository>,
    sender: Option<User>,
}

impl Named {
    fn change(self, forge: Forge, kind: Kind) -> Result<Heard, Unreadable> {
        let change = Change {
            forge,
            kind,
            repository: self.repository.map(Repository::from).unwrap_or_default(),
            commit: Commit::default(),
            actor: self.sender.and_then(|user| user.login),
            files: None,
            told_to_skip: false,
        };
        change.checked().map(Heard::one)
    }
}

/// A tag, for hooks that hear of no pushes: it means the same as the push of it.
fn created(forge: Forge, mut named: Named) -> Result<Heard, Unreadable> {
    if named.ref_type.as_deref() != Some("tag") {
        return Ok(Heard::nothing("the push that belongs to it tells more"));
    }
    let name = short(need(named.name.take(), "ref")?, "refs/tags/");
    let after = need(named.sha.take(), "sha")?;
    named.change(forge, Kind::Tag { name, before: None, after })
}

fn deleted(forge: Forge, mut named: Named) -> Result<Heard, Unreadable> {
    let folder = match named.ref_type.as_deref() {
        Some("branch") => "refs/heads/",
        Some("tag") => "refs/tags/",
        _ => return Ok(Heard::nothing("what is gone is neither a branch nor a tag")),
    };
    let reference = format!("{folder}{}", short(need(named.name.take(), "ref")?, folder));
    named.change(forge, Kind::Deleted { reference, before: None })
}

fn short(name: String, folder: &str) -> String {
    name.strip_prefix(folder).map_or(name.clone(), str::to_owned)
}
