use monkeyci_client::ClientError;
use monkeyci_client::rest::NewLink;
use serde_json::json;

use crate::server::{Server, answer, json, problem};

fn entry(version: u64) -> Vec<u8> {
    json(&json!({"key": "a/b", "version": version, "size": 2, "json": true, "updated": 1}))
}

#[tokio::test]
async fn an_integration_says_for_whom_it_asks_and_learns_why_not() {
    let refusal = json!({"title": "Forbidden", "status": 403, "detail": "nobody here yet", "code": "not-linked"});
    let refused = answer(403, "content-type: application/problem+json\r\n", &refusal.to_string());
    let offer = json(&json!({"code": "AAAA", "url": "https://x/link#AAAA", "expires": 7}));
    let me = json(&json!({"name": "acme/slack", "admin": false}));
    let server = Server::new(vec![refused, offer, me]).await;
    let (client, slack) = (server.client(), server.client().acting_as("slack:T1/U1").expect("a user"));
    let error = slack.me().await.expect_err("refused");
    assert_eq!(error.problem().and_then(|problem| problem.code.as_deref()), Some("not-linked"));
    let link = NewLink { provider: "slack".into(), subject: "T1/U1".into(), name: None };
    assert_eq!(client.org("acme").integration("slack").offer_link(&link).await.expect("an offer").code, "AAAA");
    client.me().await.expect("itself");
    let asked = server.asked();
    assert_eq!(asked[0].header("monkeyci-act-as"), Some("slack:T1/U1"));
    assert_eq!(asked[1].line, "POST /v1/orgs/acme/integrations/slack/links");
    assert!(asked[1..].iter().all(|request| request.header("monkeyci-act-as").is_none()), "clones ask for themselves");
    assert!(matches!(client.acting_as("slack:\nX: y"), Err(ClientError::Invalid(_))));
}

#[tokio::test]
async fn a_value_is_written_as_it_was_read_and_never_twice() {
    let value = answer(200, "content-type: application/json\r\netag: \"6\"\r\n", "[1]");
    let lost = entry(7)[..40].to_vec();
    let server = Server::new(vec![value, entry(7), lost, entry(8), problem(412, "", "changed")]).await;
    let store = server.client().org("acme").integration("slack").store("a/b");
    let read = store.get().await.expect("a value");
    assert_eq!((read.version, read.json, &read.bytes[..]), (6, true, &b"[1]"[..]));
    assert_eq!(store.put_json(&json!([2]), Some(6), Some(60)).await.expect("written").version, 7);
    // Whether it was written is not known: another try would be refused because of the first.
    assert!(matches!(store.put_json(&json!([3]), None, None).await, Err(ClientError::Unreachable { .. })));
    store.put_json(&json!([3]), None, None).await.expect("written");
    assert!(matches!(store.delete_if(7).await, Err(ClientError::Conflict(_))));
    let asked = server.asked();
    let path = "/v1/orgs/acme/integrations/slack/store/a%2Fb";
    assert_eq!(asked[0].line, format!("GET {path}"));
    assert_eq!((asked[1].line.as_str(), asked[1].header("if-match")), (&*format!("PUT {path}?ttl=60"), Some("\"6\"")));
    assert_eq!((asked[2].header("if-none-match"), asked.len()), (Some("*"), 5));
}
