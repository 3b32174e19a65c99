//! What is believed, what deliveries say, and when schedules are due.

mod agree;
mod event;
mod golden;
mod hostile;
mod render;
mod schedule;
mod verify;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

/// Headers by name and value, of which several may have one name.
fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name.parse().expect("a name");
        headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    headers
}

/// The header that names an event, and what it says for it.
fn event_header(forge: Forge, event: &str) -> HeaderMap {
    match forge {
        Forge::GitHub => headers(&[("X-GitHub-Event", event)]),
        Forge::GitLab => headers(&[("X-Gitlab-Event", event)]),
        Forge::Bitbucket | Forge::BitbucketServer => headers(&[("X-Event-Key", event)]),
        Forge::Gitea => headers(&[("X-GitHub-Event", event), ("X-Gogs-Event", event), ("X-Gitea-Event", event)]),
        Forge::Forgejo => headers(&[("X-GitHub-Event", event), ("X-Gitea-Event", event), ("X-Forgejo-Event", event)]),
    }
}

#[test]
fn a_forge_has_one_name_everywhere() {
    let names = ["github", "gitlab", "bitbucket", "bitbucket-server", "gitea", "forgejo"];
    assert_eq!(Forge::ALL.map(|forge| forge.to_string()), names);
    for forge in Forge::ALL {
        assert_eq!(forge.as_str().parse(), Ok(forge));
        let json = serde_json::to_string(&forge).expect("serializes");
        assert_eq!(json, format!("{:?}", forge.as_str()));
        assert_eq!(serde_json::from_str::<Forge>(&json).expect("reads back"), forge);
    }
    let error = "git\nhub".parse::<Forge>().expect_err("no forge");
    assert!(error.to_string().starts_with("`git\\nhub` is no forge; known are `github`"), "{error}");
    assert!(serde_json::from_str::<Forge>("\"GitHub\"").is_err());
}

#[test]
fn a_delivery_that_is_sent_again_has_the_same_id_and_no_other_has() {
    for (forge, pairs, id) in [
        (Forge::GitHub, &[("X-GitHub-Delivery", "72d3162e-cc78-11e3")][..], Some("72d3162e-cc78-11e3")),
        (Forge::GitLab, &[("Idempotency-Key", "key"), ("X-Gitlab-Event-UUID", "shared")], Some("key")),
        (Forge::GitLab, &[("webhook-id", "msg_1"), ("X-Gitlab-Webhook-UUID", "of the hook")], Some("msg_1")),
        (Forge::GitLab, &[("X-Gitlab-Event-UUID", "shared"), ("X-Gitlab-Webhook-UUID", "of the hook")], None),
        (Forge::Bitbucket, &[("X-Request-UUID", "r"), ("X-Hook-UUID", "h"), ("X-Attempt-Number", "2")], Some("r")),
        (Forge::BitbucketServer, &[("X-Request-Id", "r")], Some("r")),
        (Forge::Gitea, &[("X-Gitea-Delivery", "g"), ("X-GitHub-Delivery", "g")], Some("g")),
        (Forge::Forgejo, &[("X-Forgejo-Delivery", "f"), ("X-Gitea-Delivery", "g")], Some("f")),
        (Forge::Forgejo, &[("X-Gitea-Delivery", "g")], Some("g")),
        (Forge::GitHub, &[("X-GitHub-Delivery", "a"), ("X-GitHub-Delivery", "b")], None),
        (Forge::GitHub, &[("X-GitHub-Delivery", "")], None),
        (Forge::GitHub, &[("X-GitHub-Delivery", "a b")], None),
        (Forge::GitHub, &[], None),
    ] {
        assert_eq!(delivery_id(forge, &headers(pairs)).as_deref(), id, "{forge} {pairs:?}");
    }
    let long = "x".repeat(201);
    assert_eq!(delivery_id(Forge::GitHub, &headers(&[("X-GitHub-Delivery", &long)])), None);
}
