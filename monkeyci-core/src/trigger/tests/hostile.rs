//! Deliveries that are cut, wrong, strange or meant ill. Nothing of them panics.

use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::event::event;
use super::golden::fixtures;
use super::render::deliveries;
use super::{event_header, headers};
use crate::trigger::{Action, Change, Forge, Heard, Kind, Unreadable, read};

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const NOTHING: &str = "0000000000000000000000000000000000000000";

fn hear(forge: Forge, event: &str, body: &Value) -> Result<Heard, Unreadable> {
    read(forge, &event_header(forge, event), body.to_string().as_bytes())
}

fn one(forge: Forge, event: &str, body: &Value) -> Change {
    match hear(forge, event, body) {
        Ok(Heard::Changes(mut changes)) if changes.len() == 1 => changes.remove(0),
        other => panic!("{forge} {event}: {other:?}"),
    }
}

fn push(reference: &str, before: &str, after: &str) -> Value {
    json!({"ref": reference, "before": before, "after": after})
}

#[test]
fn what_is_wrong_is_named_and_what_nobody_builds_says_why() {
    let headers_only = |forge, headers: &HeaderMap| read(forge, headers, b"{}").expect_err("no event");
    for forge in [Forge::GitHub, Forge::Bitbucket, Forge::BitbucketServer, Forge::Gitea, Forge::Forgejo] {
        assert!(matches!(headers_only(forge, &HeaderMap::new()), Unreadable::Event { .. }), "{forge}");
    }
    let twice = headers(&[("X-GitHub-Event", "push"), ("X-GitHub-Event", "ping")]);
    assert_eq!(headers_only(Forge::GitHub, &twice), Unreadable::Event { header: "x-github-event" });

    for (forge, event, body, told) in [
        (Forge::GitHub, "push", json!([]), "is not what this forge sends: invalid length 0"),
        (Forge::GitHub, "push", json!({}), "lacks `ref`"),
        (Forge::GitHub, "push", json!({"ref": "refs/heads/main"}), "lacks `after`"),
        (Forge::GitHub, "push", json!({"ref": 7}), "invalid type: integer `7`, expected a string"),
        (Forge::GitHub, "push", push("refs/heads/-x", A, B), "`ref` is not usable: `-x` is not a valid branch"),
        (Forge::GitHub, "push", push("refs/heads/a b", A, B), "`ref` is not usable"),
        (
            Forge::GitHub,
            "push",
            push("refs/heads/main", A, "main"),
            "`after` is not usable: `main` is not a valid commit id",
        ),
        (Forge::GitHub, "push", push("refs/heads/main", A, ""), "`after` is not usable"),
        (Forge::GitHub, "push", push("refs/heads/main", "--all", B), "`before` is not usable"),
        (Forge::GitHub, "pull_request", json!({"action": "opened"}), "lacks `pull_request`"),
        (Forge::GitLab, "Push Hook", json!({}), "lacks `object_kind`"),
        (Forge::GitLab, "Push Hook", json!({"object_kind": "push"}), "lacks `ref`"),
        (Forge::GitLab, "x", json!({"object_kind": "merge_request"}), "lacks `object_attributes`"),
        (Forge::Bitbucket, "repo:push", json!({"push": {}}), "lacks `push.changes`"),
        (Forge::Bitbucket, "repo:push", json!({"push": {"changes": [{}]}}), "lacks `push.changes.old`"),
        (Forge::BitbucketServer, "repo:refs_changed", json!({"changes": [{}]}), "lacks `changes.ref.id`"),
        (Forge::Gitea, "delete", json!({"ref_type": "branch"}), "lacks `ref`"),
    ] {
        let error = hear(forge, event, &body).expect_err("unreadable").to_string();
        assert!(error.contains(told), "{forge} {event}: {error}");
    }
    for (forge, event, body, why) in [
        (Forge::GitHub, "issues", json!({}), "nothing is built on the event `issues`"),
        (Forge::GitHub, "create", json!({}), "the push that belongs to it tells more"),
        (Forge::GitHub, "push", push("refs/notes/x", A, B), "the ref is neither a branch nor a tag"),
        (Forge::GitLab, "x", json!({"object_kind": "pipeline"}), "nothing is built on the event `pipeline`"),
        (
            Forge::GitLab,
            "x",
            json!({"object_kind": "merge_request", "object_attributes": {"iid": 7, "action": "open", "last_commit": null}}),
            "the merge request has no commits yet",
        ),
        (Forge::Bitbucket, "repo:fork", json!({}), "nothing is built on the event `repo:fork`"),
        (Forge::Bitbucket, "repo:push", json!({"push": {"changes": []}}), "no branch or tag changed"),
        (Forge::BitbucketServer, "pr:comment:added", json!({}), "nothing is built on the event `pr:comment:added`"),
        (Forge::Gitea, "create", json!({"ref_type": "branch"}), "the push that belongs to it tells more"),
    ] {
        assert_eq!(hear(forge, event, &body), Ok(Heard::Nothing(why.into())), "{forge} {event}");
    }
    for forge in [Forge::Bitbucket, Forge::BitbucketServer] {
        assert_eq!(read(forge, &event_header(forge, "diagnostics:ping"), b""), Ok(Heard::Ping));
    }
}

#[test]
fn a_body_may_be_a_form_and_is_not_nested_without_end() {
    let body = push("refs/heads/main", A, B).to_string();
    let form: String = form_urlencoded::Serializer::new(String::new()).append_pair("payload", &body).finish();
    let as_form = |body: &str| {
        let kind = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
        read(Forge::GitHub, &headers(&[("X-GitHub-Event", "push"), kind]), body.as_bytes())
    };
    let as_json = read(Forge::GitHub, &event_header(Forge::GitHub, "push"), body.as_bytes());
    assert!(matches!(&as_json, Ok(Heard::Changes(changes)) if changes.len() == 1), "{as_json:?}");
    assert_eq!(as_form(&form), as_json);
    assert_eq!(as_form(&format!("x=1&{form}&y=2")), as_json);
    assert_eq!(as_form(&format!("{form}&{form}")), Err(Unreadable::Form));
    assert_eq!(as_form(""), Err(Unreadable::Form));
    assert!(matches!(as_form("payload=%7B"), Err(Unreadable::Json(_))));
    for deep in ["[".repeat(1_000_000), format!("{{\"ref\": {}", "{\"a\":".repeat(1_000_000)), "\u{1}".into()] {
        assert!(matches!(
            read(Forge::GitHub, &event_header(Forge::GitHub, "push"), deep.as_bytes()),
            Err(Unreadable::Json(_))
        ));
    }
    let twice = br#"{"ref": "refs/heads/a", "ref": "refs/heads/b"}"#;
    let error = read(Forge::GitHub, &event_header(Forge::GitHub, "push"), twice).expect_err("twice");
    assert!(error.to_string().contains("duplicate field `ref`"), "{error}");
}

#[test]
fn one_push_to_bitbucket_is_several_changes_and_a_bad_one_hides_no_good_one() {
    let branch = |name: &str, id: &str| json!({"type": "branch", "name": name, "target": {"hash": id}});
    let changes = json!([
        {"old": branch("main", A), "new": branch("main", B), "forced": true},
        {"old": null, "new": branch("-bad", B)},
        {"old": branch("gone", A), "new": null},
        {"old": null, "new": {"type": "annotated_tag", "name": "v1", "target": {"hash": B}}},
    ]);
    let Ok(Heard::Changes(changes)) = hear(Forge::Bitbucket, "repo:push", &json!({"push": {"changes": changes}}))
    else {
        panic!("changes");
    };
    let meanings: Vec<_> = changes.iter().map(Change::meaning).collect();
    assert_eq!(
        meanings,
        [
            format!("push refs/heads/main {A} {B}"),
            format!("deleted refs/heads/gone {A}"),
            format!("tag refs/tags/v1 - {B}"),
        ]
    );
}

#[test]
fn the_same_push_means_the_same_and_a_push_back_means_another() {
    let meaning =
        |before: &str, after: &str| one(Forge::GitHub, "push", &push("refs/heads/x", before, after)).meaning();
    assert_eq!(meaning(A, B), meaning(A, B));
    assert_ne!(meaning(A, B), meaning(B, A));
    assert_ne!(meaning(NOTHING, B), meaning(A, B));

    // A tag is told twice by Gitea, as a push and as what was made; so is what is gone.
    let pushed = one(Forge::Gitea, "push", &push("refs/tags/v1", NOTHING, B));
    let created = one(Forge::Gitea, "create", &json!({"ref": "v1", "ref_type": "tag", "sha": B}));
    assert_eq!(pushed.meaning(), created.meaning());
    let deleted = one(Forge::Forgejo, "delete", &json!({"ref": "x", "ref_type": "branch"}));
    assert_eq!(deleted.kind, Kind::Deleted { reference: "refs/heads/x".into(), before: None });

    // A branch of a merge queue is told as a push and as a group.
    let queue = "refs/heads/gh-readonly-queue/main/pr-7-aaaa";
    let group = |action: &str| json!({"action": action, "merge_group": {"head_ref": queue, "head_sha": B}});
    let asked = one(Forge::GitHub, "merge_group", &group("checks_requested"));
    assert_eq!(asked.meaning(), one(Forge::GitHub, "push", &push(queue, NOTHING, B)).meaning());
    let destroyed = one(Forge::GitHub, "merge_group", &group("destroyed"));
    assert_eq!(destroyed.meaning(), one(Forge::GitHub, "push", &push(queue, B, NOTHING)).meaning());

    let request = |action: &str, head: &str, target: &str| {
        let side = |branch: &str, sha: &str| json!({"ref": branch, "sha": sha, "repo": {"id": 1}});
        let body = json!({
            "action": action, "changes": {"base": {}},
            "pull_request": {"number": 7, "head": side("x", head), "base": side(target, A)},
        });
        one(Forge::GitHub, "pull_request", &body).meaning()
    };
    assert_eq!(request("opened", B, "main"), format!("pull-request 7 refs/heads/main - {B}"));
    assert_eq!(request("opened", B, "main"), request("synchronize", B, "main"), "for the same reason");
    let all = [
        request("opened", B, "main"),
        request("opened", A, "main"),
        request("edited", B, "release"),
        request("reopened", B, "main"),
        request("ready_for_review", B, "main"),
        request("closed", B, "main"),
    ];
    for (place, meaning) in all.iter().enumerate() {
        assert!(!all[..place].contains(meaning), "{meaning}");
    }
}

#[test]
fn who_pushes_or_commits_may_ask_that_nothing_is_built() {
    let with = |reference: &str, message: &str, options: Value| {
        let commit = json!({"id": B, "message": message});
        let body = json!({
            "object_kind": if reference.starts_with("refs/tags") { "tag_push" } else { "push" }, "ref": reference,
            "before": A, "after": B, "checkout_sha": B, "commits": [commit], "push_options": options,
        });
        one(Forge::GitLab, "x", &body).skip()
    };
    let none = || json!(null);
    assert_eq!(with("refs/heads/x", "mend", none()), None);
    assert_eq!(with("refs/heads/x", "mend [skip ci]", none()), Some("[skip ci]"));
    assert_eq!(with("refs/heads/x", "mend", json!({"ci": {"skip": true}})), Some("ci.skip"));
    assert_eq!(with("refs/heads/x", "mend", json!({"ci.skip": ""})), Some("ci.skip"));
    assert_eq!(with("refs/heads/x", "mend", json!({"ci": {"skip": false, "variable": {}}})), None);
    for strange in
        [json!(["ci.skip"]), json!("ci.skip"), json!({"ci": 7}), json!({"skip": true}), json!(true), json!(-1.5)]
    {
        assert_eq!(with("refs/heads/x", "mend", strange), None, "is built, and not lost");
    }
    assert_eq!(with("refs/tags/v1", "mend [skip ci]", json!({"ci": {"skip": true}})), None, "a tag is built");
}

#[test]
fn nobody_s_secrets_or_endless_words_are_kept() {
    let mut body = push("refs/heads/main", A, B);
    body["repository"] = json!({"id": 1, "clone_url": "https://robot:hunter2@git.example.com/acme/web.git"});
    body["sender"] = json!({"login": "é".repeat(5000)});
    body["head_commit"] = json!({"id": B, "message": "é".repeat(50_000)});
    let change = one(Forge::GitHub, "push", &body);
    assert_eq!(change.repository.clone_url.as_deref(), Some("https://git.example.com/acme/web.git"));
    assert_eq!(change.actor.map(|actor| actor.len()), Some(1024));
    assert_eq!(change.commit.message.map(|message| message.len()), Some(16 * 1024));
}

#[test]
fn a_push_whose_commits_are_not_all_told_does_not_say_what_changed() {
    let commit = |id: &str| json!({"id": id, "added": ["a", "b"], "modified": ["b", "c"], "removed": []});
    let body = |before: &str, total: Value, forced: bool| {
        let mut body = push("refs/heads/main", before, B);
        body["commits"] = json!([commit(A), commit(B)]);
        (body["total_commits"], body["forced"]) = (total, json!(forced));
        body
    };
    let files = |forge, body: &Value| one(forge, "push", body).files;
    let known = files(Forge::Gitea, &body(A, json!(2), false)).expect("known");
    assert_eq!(known.added.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(known.modified.into_iter().collect::<Vec<_>>(), ["c"], "what is new is not said to be old too");
    assert!(files(Forge::GitHub, &body(A, json!(null), false)).is_some());
    for (forge, body) in [
        (Forge::Gitea, body(A, json!(3), false)),
        (Forge::Gitea, body(A, json!(null), false)),
        (Forge::GitHub, body(A, json!(null), true)),
        (Forge::GitHub, body(NOTHING, json!(null), false)),
    ] {
        assert_eq!(files(forge, &body), None, "{forge}: {body}");
    }
}

#[test]
fn endless_lists_are_read_as_far_as_anybody_needs() {
    let mut body = push("refs/heads/main", A, B);
    body["commits"] = json!(vec![json!({}); 3000]);
    let change = one(Forge::GitHub, "push", &body);
    assert_eq!((change.files, change.commit.id.as_deref()), (None, Some(B)));
    let paths: Vec<String> = (0..301).map(|number| number.to_string()).collect();
    body["commits"] = json!([{"id": B, "added": paths}]);
    assert_eq!(one(Forge::GitHub, "push", &body).files, None);
    body["commits"] = json!([{"id": B, "added": paths[..300]}]);
    assert_eq!(one(Forge::GitHub, "push", &body).files.expect("known").added.len(), 300);
    body["commits"] = json!([[]]);
    assert!(matches!(hear(Forge::GitHub, "push", &body), Err(Unreadable::Json(_))), "a list is no commit");
}

/// Case F9: a pull request that hides where it comes from.
#[test]
fn what_nobody_tells_of_is_taken_for_a_fork() {
    let side = |repo: Value| json!({"ref": "x", "sha": B, "repo": repo});
    let is_fork = |head: Value, base: Value| {
        let body = json!({
            "action": "opened", "pull_request": {"number": 7, "head": side(head), "base": side(base)},
        });
        let Kind::PullRequest(request) = one(Forge::GitHub, "pull_request", &body).kind else { panic!("a request") };
        assert_eq!(request.action, Action::Opened);
        request.fork
    };
    let ours = || json!({"id": 1, "full_name": "acme/web"});
    assert!(!is_fork(ours(), ours()));
    assert!(!is_fork(json!({"id": 1, "full_name": "renamed/web"}), ours()));
    assert!(!is_fork(json!({"full_name": "acme/web"}), ours()));
    for head in [json!(null), json!({}), json!({"id": 2, "full_name": "acme/web"}), json!({"full_name": "ann/web"})] {
        assert!(is_fork(head.clone(), ours()), "{head}");
    }
    assert!(is_fork(json!({}), json!({})));
}

#[test]
fn a_pull_request_is_fetched_by_the_ref_that_its_forge_keeps() {
    let of = |forge: Forge, event: &str, body: &Value| {
        let trigger = one(forge, event, body).trigger().expect("it is built");
        let git = trigger.git.expect("a commit");
        (git.reference.expect("a ref"), git.url.expect("a url"), git.commit_id)
    };
    let repo = |id: u64, name: &str| json!({"id": id, "full_name": name, "clone_url": format!("https://h/{name}.git")});
    let github = json!({
        "action": "opened", "repository": repo(1, "acme/web"), "pull_request": {
            "number": 7, "head": {"ref": "x", "sha": B, "repo": repo(2, "ann/web")},
            "base": {"ref": "main", "sha": A, "repo": repo(1, "acme/web")},
        },
    });
    let base = || "https://h/acme/web.git".to_owned();
    for forge in [Forge::GitHub, Forge::Gitea, Forge::Forgejo] {
        assert_eq!(of(forge, "pull_request", &github), ("refs/pull/7/head".into(), base(), Some(B.into())), "{forge}");
    }
    let gitlab = json!({
        "object_kind": "merge_request", "project": {"id": 1, "git_http_url": base()}, "object_attributes": {
            "action": "open", "iid": 7, "source_branch": "x", "target_branch": "main", "source_project_id": 2,
            "target_project_id": 1, "last_commit": {"id": B},
        },
    });
    assert_eq!(of(Forge::GitLab, "x", &gitlab), ("refs/merge-requests/7/head".into(), base(), Some(B.into())));
    let server = |id: u64| json!({"id": id, "links": {"clone": [{"name": "http", "href": base()}]}});
    let server = json!({"pullRequest": {
        "id": 7, "fromRef": {"id": "refs/heads/x", "latestCommit": B, "repository": server(2)},
        "toRef": {"id": "refs/heads/main", "latestCommit": A, "repository": server(1)},
    }});
    let expected = ("refs/pull-requests/7/from".into(), base(), Some(B.into()));
    assert_eq!(of(Forge::BitbucketServer, "pr:opened", &server), expected);
    let side = |branch: &str, name: &str| json!({"branch": {"name": branch}, "commit": {"hash": &B[..12]}, "repository": {"full_name": name}});
    let cloud = json!({
        "repository": {"full_name": "acme/web"},
        "pullrequest": {"id": 7, "source": side("main", "ann/web"), "destination": side("main", "acme/web")},
    });
    let expected = ("refs/heads/main".into(), "https://bitbucket.org/ann/web.git".into(), None);
    assert_eq!(of(Forge::Bitbucket, "pullrequest:created", &cloud), expected);
    let trigger = one(Forge::Bitbucket, "pullrequest:created", &cloud).trigger().expect("it is built");
    assert_eq!((trigger.fork, trigger.branch()), (true, None), "the branch of a fork is none of ours");
}

/// Changes one value somewhere in a body: it is taken away, null, or of another type.
fn spoil(value: &mut Value, place: usize, how: usize) {
    let mut pointers = Vec::new();
    collect(value, String::new(), &mut pointers);
    let pointer = &pointers[place % pointers.len()];
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    let name = name.replace("~1", "/").replace("~0", "~");
    match (how, value.pointer_mut(parent)) {
        (0, Some(Value::Object(fields))) => drop(fields.remove(&name)),
        (0, Some(Value::Array(items))) => items.clear(),
        (how, _) => {
            let other =
                [json!(null), json!(7), json!(-1.5), json!("x"), json!([]), json!({}), json!(true), json!("é\0\n")];
            *value.pointer_mut(pointer).expect("is there") = other[how % other.len()].clone();
        }
    }
}

fn collect(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(value, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), into);
            }
        }
        Value::Array(items) => {
            for (place, value) in items.iter().enumerate() {
                collect(value, format!("{at}/{place}"), into);
            }
        }
        _ => {}
    }
    into.push(at);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn no_spoiled_body_makes_anything_panic(
        event in event(),
        spoils in prop::collection::vec((any::<usize>(), 0..9_usize), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        for forge in Forge::ALL {
            for (headers, body) in deliveries(forge, &event) {
                let mut value: Value = serde_json::from_slice(&body).expect("JSON");
                spoils.iter().for_each(|(place, how)| spoil(&mut value, *place, *how));
                use_all(read(forge, &headers, value.to_string().as_bytes()));
                use_all(read(forge, &headers, &body[..cut.index(body.len())]));
            }
        }
    }

    #[test]
    fn no_bytes_make_anything_panic(body in prop::collection::vec(any::<u8>(), 0..200), event in "[a-z_:]{0,12}") {
        for forge in Forge::ALL {
            use_all(read(forge, &event_header(forge, &event), &body));
            use_all(read(forge, &event_header(forge, "push"), &body));
        }
    }
}

#[test]
fn no_field_of_a_real_payload_makes_anything_panic_when_it_is_spoiled() {
    for (number, fixture) in fixtures().into_iter().enumerate() {
        let value: Value = serde_json::from_str(&fixture.body).expect("JSON");
        let mut pointers = Vec::new();
        collect(&value, String::new(), &mut pointers);
        // Some fields of each, in one of the ways: others in the next payload, which is much alike.
        for place in (number % 7..pointers.len()).step_by(7) {
            let mut spoiled = value.clone();
            spoil(&mut spoiled, place, (place / 7) % 9);
            use_all(read(fixture.forge, &fixture.headers, spoiled.to_string().as_bytes()));
        }
    }
}

/// Asks everything of what was heard.
fn use_all(heard: Result<Heard, Unreadable>) {
    match heard {
        Ok(Heard::Changes(changes)) => {
            assert!(!changes.is_empty());
            for change in changes {
                let _ = (change.trigger(), change.skip(), change.repository.url());
                assert!(!change.meaning().contains('\n'), "{}", change.meaning());
            }
        }
        Ok(other) => drop(other),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
