use futures::TryStreamExt;
use monkeyci_client::model::BuildStatus;
use serde_json::{Value, json};

use crate::server::{Server, json};

fn org(id: &str) -> Value {
    json!({"id": id, "name": id, "created": 1, "updated": 1, "revision": 1})
}

#[tokio::test]
async fn a_list_is_had_page_by_page_as_far_as_it_is_wanted() {
    let first = json(&json!({"items": [org("a"), org("b")], "next": "b&c"}));
    let server = Server::new(vec![first.clone(), json(&json!({"items": [org("c")]})), first]).await;
    let client = server.client();
    let names = |orgs: Vec<monkeyci_client::rest::Org>| orgs.into_iter().map(|org| org.name).collect::<Vec<_>>();
    assert_eq!(names(client.orgs().all().await.expect("all")), ["a", "b", "c"]);
    assert_eq!(names(client.orgs().first(2).await.expect("two")), ["a", "b"]);
    assert_eq!(
        server.lines(),
        ["GET /v1/orgs?limit=200", "GET /v1/orgs?limit=200&cursor=b%26c", "GET /v1/orgs?limit=2"]
    );
}

#[tokio::test]
async fn builds_are_listed_by_state_and_branch() {
    let server = Server::new(vec![json(&json!({"items": []}))]).await;
    let repo = server.client().org("acme").repo("web");
    assert!(repo.builds(Some(BuildStatus::Failure), Some("x y")).all().await.expect("none").is_empty());
    assert_eq!(server.lines(), ["GET /v1/orgs/acme/repos/web/builds?limit=200&status=failure&branch=x+y"]);
}

#[tokio::test]
async fn a_list_that_leads_to_itself_ends_with_an_error() {
    let page = json(&json!({"items": [org("a")], "next": "here"}));
    let server = Server::new(vec![page.clone(), page]).await;
    let error = server.client().orgs().stream().try_collect::<Vec<_>>().await.expect_err("a circle").to_string();
    assert!(error.contains("leads to itself"), "{error}");
}
