//! GitLab.

use serde_json::{Value, json};

use super::or_nothing;
use crate::trigger::tests::event::{
    ACTOR, Act, Event, FORK, FORK_ID, From, REPOSITORY, REPOSITORY_ID, Request, Target, Update, clone_url, ssh_url,
};

pub(super) fn deliveries(event: &Event) -> Vec<(&'static str, Value)> {
    match event {
        Event::Push(updates) => updates.iter().map(push).collect(),
        Event::Request(request) => vec![("Merge Request Hook", merge_request(request))],
        Event::Ping => vec![],
    }
}

fn push(update: &Update) -> (&'static str, Value) {
    let (header, kind) =
        if update.to == Target::Branch { ("Push Hook", "push") } else { ("Tag Push Hook", "tag_push") };
    let commits: Vec<Value> = update
        .commit()
        .map(|id| {
            json!({
                "id": id, "message": update.message, "title": "x", "timestamp": "2026-01-02T03:04:05Z",
                "author": {"name": update.author, "email": "a@example.com"},
                "added": [], "modified": [update.file], "removed": [],
            })
        })
        .into_iter()
        .collect();
    let body = json!({
        "object_kind": kind, "event_name": kind, "ref": update.reference(), "ref_protected": true,
        "before": or_nothing(update.before.as_ref()), "after": or_nothing(update.after.as_ref()),
        "checkout_sha": update.commit(), "message": null,
        "user_id": 1, "user_name": "Ann", "user_username": ACTOR, "user_email": null,
        "project_id": REPOSITORY_ID, "project": project(REPOSITORY_ID, REPOSITORY),
        "total_commits_count": commits.len(), "commits": commits, "push_options": {},
    });
    (header, body)
}

fn merge_request(request: &Request) -> Value {
    let action = match request.act {
        Act::Open => "open",
        Act::Reopen => "reopen",
        Act::Push | Act::Ready | Act::Retarget | Act::Label => "update",
        Act::Merge => "merge",
        Act::Decline => "close",
    };
    let (source_id, source) = match request.from {
        From::Here => (json!(REPOSITORY_ID), project(REPOSITORY_ID, REPOSITORY)),
        From::Fork => (json!(FORK_ID), project(FORK_ID, FORK)),
        From::DeletedFork => (Value::Null, Value::Null),
    };
    let labels: Vec<Value> = request.labels.iter().map(|title| json!({"id": 206, "title": title})).collect();
    let mut body = json!({
        "object_kind": "merge_request", "event_type": "merge_request",
        "user": {"id": 1, "name": "Ann", "username": ACTOR},
        "project": project(REPOSITORY_ID, REPOSITORY),
        "object_attributes": {
            "id": 99, "iid": request.number, "title": request.title, "author_id": 1, "action": action,
            "state": "opened", "source_branch": request.source, "target_branch": request.target,
            "source_project_id": source_id, "target_project_id": REPOSITORY_ID, "source": source,
            "target": project(REPOSITORY_ID, REPOSITORY), "draft": request.draft, "work_in_progress": request.draft,
            "url": request.page(),
            "last_commit": {
                "id": request.head, "message": request.message, "author": {"name": "Ann", "email": "a@example.com"},
            },
        },
        "labels": labels,
        "changes": {},
    });
    match request.act {
        Act::Push => body["object_attributes"]["oldrev"] = json!(request.before),
        Act::Ready => body["changes"] = json!({"draft": {"previous": true, "current": false}}),
        Act::Retarget => body["changes"] = json!({"target_branch": {"previous": "old", "current": request.target}}),
        Act::Label => body["changes"] = json!({"labels": {"previous": [], "current": [{"title": "x"}]}}),
        _ => {}
    }
    body
}

fn project(id: u64, name: &str) -> Value {
    json!({
        "id": id, "name": "web", "path_with_namespace": name, "visibility_level": 0, "default_branch": "main",
        "git_http_url": clone_url(name), "git_ssh_url": ssh_url(name), "web_url": "https://git.example.com",
    })
}
