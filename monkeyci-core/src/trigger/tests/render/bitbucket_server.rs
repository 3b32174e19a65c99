//! Bitbucket Data Center.

use serde_json::{Value, json};

use super::or_nothing;
use crate::trigger::tests::event::{
    ACTOR, Act, Event, FORK, FORK_ID, From, REPOSITORY, REPOSITORY_ID, Request, Target, Update, clone_url, ssh_url,
};

pub(super) fn deliveries(event: &Event) -> Vec<(&'static str, Value)> {
    match event {
        Event::Push(updates) => vec![("repo:refs_changed", push(updates))],
        Event::Request(request) => pull_request(request).into_iter().collect(),
        Event::Ping => vec![("diagnostics:ping", json!({"test": true}))],
    }
}

fn push(updates: &[Update]) -> Value {
    let changes: Vec<Value> = updates
        .iter()
        .map(|update| {
            let how = match (&update.before, &update.after) {
                (None, _) => "ADD",
                (_, None) => "DELETE",
                _ => "UPDATE",
            };
            let kind = if update.to == Target::Branch { "BRANCH" } else { "TAG" };
            json!({
                "ref": {"id": update.reference(), "displayId": update.name, "type": kind}, "refId": update.reference(),
                "fromHash": or_nothing(update.before.as_ref()), "toHash": or_nothing(update.after.as_ref()), "type": how,
            })
        })
        .collect();
    let mut body = json!({
        "eventKey": "repo:refs_changed", "date": "2026-01-02T03:04:05+0000", "actor": actor(),
        "repository": repository(REPOSITORY_ID, REPOSITORY), "changes": changes,
    });
    if let [update] = updates
        && let Some(id) = update.commit()
    {
        body["toCommit"] = json!({
            "id": id, "displayId": &id[..11], "message": update.message,
            "author": {"name": update.author, "emailAddress": "a@example.com"},
        });
    }
    body
}

fn pull_request(request: &Request) -> Option<(&'static str, Value)> {
    let event = match request.act {
        Act::Open => "pr:opened",
        Act::Push => "pr:from_ref_updated",
        Act::Retarget | Act::Label => "pr:modified",
        Act::Reopen | Act::Ready => return None,
        Act::Merge => "pr:merged",
        Act::Decline => "pr:declined",
    };
    // A fork cannot be deleted while there is a pull request of it.
    let (id, name) = match request.from {
        From::Here => (REPOSITORY_ID, REPOSITORY),
        From::Fork => (FORK_ID, FORK),
        From::DeletedFork => return None,
    };
    let side = |branch: &str, commit: &str, id, name| {
        json!({
            "id": format!("refs/heads/{branch}"), "displayId": branch, "latestCommit": commit,
            "repository": repository(id, name),
        })
    };
    let mut body = json!({
        "eventKey": event, "date": "2026-01-02T03:04:05+0000", "actor": actor(),
        "pullRequest": {
            "id": request.number, "version": 3, "title": request.title, "state": "OPEN", "draft": request.draft,
            "fromRef": side(&request.source, &request.head, id, name),
            "toRef": side(&request.target, &request.base, REPOSITORY_ID, REPOSITORY),
            "author": {"user": actor(), "role": "AUTHOR"}, "reviewers": [],
            "links": {"self": [{"href": request.page()}]},
        },
    });
    match request.act {
        Act::Push => body["previousFromHash"] = json!(request.before),
        Act::Retarget => body["previousTarget"] = json!({"id": "refs/heads/-was", "latestCommit": request.before}),
        Act::Label => body["previousTarget"] = json!({"id": format!("refs/heads/{}", request.target)}),
        _ => {}
    }
    Some((event, body))
}

fn actor() -> Value {
    json!({"name": ACTOR, "displayName": "Ann", "id": 1, "type": "NORMAL"})
}

fn repository(id: u64, name: &str) -> Value {
    let (project, slug) = name.split_once('/').expect("both");
    json!({
        "id": id, "slug": slug, "project": {"key": project, "type": "NORMAL"},
        "links": {
            "clone": [{"href": ssh_url(name), "name": "ssh"}, {"href": clone_url(name), "name": "http"}],
            "self": [{"href": "https://git.example.com/browse"}],
        },
    })
}
