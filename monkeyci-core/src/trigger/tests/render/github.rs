//! GitHub; Gitea and Forgejo, which differ in a few names and leave a few things out.

use serde_json::{Value, json};

use super::or_nothing;
use crate::trigger::Forge;
use crate::trigger::tests::event::{
    ACTOR, Act, Event, FORK, FORK_ID, From, REPOSITORY, REPOSITORY_ID, Request, Update, clone_url, ssh_url,
};

pub(super) fn deliveries(forge: Forge, event: &Event) -> Vec<(&'static str, Value)> {
    match event {
        Event::Push(updates) => updates.iter().map(|update| ("push", push(forge, update))).collect(),
        Event::Request(request) => {
            pull_request(forge, request).map(|body| ("pull_request", body)).into_iter().collect()
        }
        Event::Ping if forge == Forge::GitHub => {
            vec![("ping", json!({"zen": "Keep it logically awesome.", "hook_id": 1, "hook": {"type": "Repository"}}))]
        }
        Event::Ping => vec![],
    }
}

fn push(forge: Forge, update: &Update) -> Value {
    let commit = update.commit().map(|id| {
        json!({
            "id": id, "message": update.message, "timestamp": "2026-01-02T03:04:05Z",
            "url": format!("https://git.example.com/acme/web/commit/{id}"),
            "author": {"name": update.author, "email": "a@example.com", "username": ACTOR},
            "committer": {"name": "Somebody else", "email": "b@example.com"},
            "added": [], "removed": [], "modified": [update.file],
        })
    });
    let commits: Vec<Value> = commit.iter().cloned().collect();
    let mut body = json!({
        "ref": update.reference(),
        "before": or_nothing(update.before.as_ref()),
        "after": or_nothing(update.after.as_ref()),
        "commits": commits,
        "head_commit": commit,
        "repository": repository(REPOSITORY_ID, REPOSITORY),
        "pusher": {"name": ACTOR, "login": ACTOR, "email": "a@example.com"},
        "sender": {"id": 1, "login": ACTOR},
    });
    if forge == Forge::GitHub {
        body["created"] = json!(update.before.is_none());
        body["deleted"] = json!(update.after.is_none());
        body["forced"] = json!(update.forced);
        body["base_ref"] = Value::Null;
        body["compare"] = json!("https://git.example.com/compare");
    } else {
        body["total_commits"] = json!(commits.len());
        body["compare_url"] = json!("https://git.example.com/compare");
    }
    body
}

fn pull_request(forge: Forge, request: &Request) -> Option<Value> {
    let is_github = forge == Forge::GitHub;
    let action = match request.act {
        Act::Open => "opened",
        Act::Push if is_github => "synchronize",
        Act::Push => "synchronized",
        Act::Reopen => "reopened",
        Act::Ready if is_github => "ready_for_review",
        // A draft is a title that begins with a word.
        Act::Ready => return None,
        Act::Retarget => "edited",
        Act::Label if is_github => "labeled",
        Act::Label => "label_updated",
        Act::Merge | Act::Decline => "closed",
    };
    let head_repository = match request.from {
        From::Here => repository(REPOSITORY_ID, REPOSITORY),
        From::Fork => repository(FORK_ID, FORK),
        From::DeletedFork => Value::Null,
    };
    let labels: Vec<Value> = request.labels.iter().map(|name| json!({"id": 5, "name": name, "color": "f00"})).collect();
    let mut body = json!({
        "action": action,
        "number": request.number,
        "pull_request": {
            "id": 473, "number": request.number, "title": request.title, "body": null, "html_url": request.page(),
            "state": if action == "closed" { "closed" } else { "open" },
            "user": {"id": 1, "login": ACTOR}, "draft": request.draft, "merged": request.act == Act::Merge,
            "labels": labels,
            "head": {"label": "x", "ref": request.source, "sha": request.head, "repo": head_repository},
            "base": {
                "label": "y", "ref": request.target, "sha": request.base, "repo": repository(REPOSITORY_ID, REPOSITORY),
            },
        },
        "repository": repository(REPOSITORY_ID, REPOSITORY),
        "sender": {"id": 1, "login": ACTOR},
    });
    if is_github && request.act == Act::Push {
        body["before"] = json!(request.before);
        body["after"] = json!(request.head);
    }
    if request.act == Act::Retarget {
        let (name, was) =
            if is_github { ("base", json!({"ref": {"from": "old"}})) } else { ("ref", json!({"from": "old"})) };
        body["changes"] = json!({name: was});
    }
    Some(body)
}

fn repository(id: u64, name: &str) -> Value {
    json!({
        "id": id, "node_id": "x", "full_name": name, "private": true, "fork": id == FORK_ID, "owner": {"login": "o"},
        "clone_url": clone_url(name), "ssh_url": ssh_url(name), "default_branch": "main", "size": 7,
    })
}
