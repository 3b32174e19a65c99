//! Bitbucket Cloud.

use serde_json::{Value, json};

use crate::trigger::tests::event::{
    ACTOR, Act, Event, FORK, FORK_ID, From, REPOSITORY, REPOSITORY_ID, Request, Target, Update,
};

pub(super) fn deliveries(event: &Event) -> Vec<(&'static str, Value)> {
    match event {
        Event::Push(updates) => {
            let changes: Vec<Value> = updates.iter().map(change).collect();
            let repository = repository(REPOSITORY_ID, REPOSITORY);
            vec![("repo:push", json!({"actor": actor(), "repository": repository, "push": {"changes": changes}}))]
        }
        Event::Request(request) => pull_request(request).into_iter().collect(),
        Event::Ping => vec![],
    }
}

fn change(update: &Update) -> Value {
    // A tag is told by the commit that it stands for, annotated or not.
    let side = |id: &str| {
        json!({
            "type": if update.to == Target::Branch { "branch" } else { "tag" }, "name": update.name,
            "target": {
                "type": "commit", "hash": id, "message": update.message,
                "author": {
                    "raw": format!("{} <a@example.com>", update.author),
                    "user": {"display_name": "Not as in the commit", "nickname": ACTOR},
                },
            },
        })
    };
    json!({
        "old": update.before.as_deref().map(side), "new": update.commit().map(side),
        "created": update.before.is_none(), "closed": update.after.is_none(), "forced": update.forced,
        "truncated": false, "commits": [],
    })
}

fn pull_request(request: &Request) -> Option<(&'static str, Value)> {
    let (event, state) = match request.act {
        Act::Open => ("pullrequest:created", "OPEN"),
        Act::Push => ("pullrequest:updated", "OPEN"),
        // There is no way back, and what an update is about is not told.
        Act::Reopen | Act::Ready | Act::Retarget | Act::Label => return None,
        Act::Merge => ("pullrequest:fulfilled", "MERGED"),
        Act::Decline => ("pullrequest:rejected", "DECLINED"),
    };
    let from = match request.from {
        From::Here => repository(REPOSITORY_ID, REPOSITORY),
        From::Fork => repository(FORK_ID, FORK),
        From::DeletedFork => Value::Null,
    };
    let body = json!({
        "actor": actor(),
        "repository": repository(REPOSITORY_ID, REPOSITORY),
        "pullrequest": {
            "type": "pullrequest", "id": request.number, "title": request.title, "state": state, "author": actor(),
            "draft": request.draft, "links": {"html": {"href": request.page()}},
            "source": {
                "branch": {"name": request.source}, "commit": {"hash": request.head[..12]}, "repository": from,
            },
            "destination": {
                "branch": {"name": request.target}, "commit": {"hash": request.base[..12]},
                "repository": repository(REPOSITORY_ID, REPOSITORY),
            },
        },
    });
    Some((event, body))
}

fn actor() -> Value {
    json!({"type": "user", "display_name": "Ann", "nickname": ACTOR, "uuid": "{1}"})
}

fn repository(id: u64, name: &str) -> Value {
    json!({
        "type": "repository", "uuid": id.to_string(), "full_name": name, "is_private": true,
        "mainbranch": {"type": "branch", "name": "main"}, "links": {"html": {"href": "https://bitbucket.org/x"}},
    })
}
