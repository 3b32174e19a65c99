//! When a call is sent again, and when not.

use std::time::Duration;

use oci_services::container_instances::{ContainerInstances, CreateContainerInstance};
use oci_services::{Error, Retry, Service};
use reqwest::Method;
use serde_json::json;

use crate::listener::{Listener, Reply};

/// Pauses that a test can wait for.
fn soon() -> Retry {
    Retry { base: Duration::from_millis(2), most: Duration::from_millis(5), ..Retry::default() }
}

async fn service(answers: impl IntoIterator<Item = Reply>) -> (Listener, Service) {
    let listener = Listener::answering(answers).await;
    let service = Service::at(listener.client.clone(), &listener.url, "v1").expect("an address").retrying(soon());
    (listener, service)
}

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    Reply::new(status, json!({ "code": code, "message": message })).with("opc-request-id", "A/B/C")
}

fn busy() -> Reply {
    refusal(429, "TooManyRequests", "Too many requests for the user")
}

/// So much that its head is sent before it breaks.
fn broken() -> Reply {
    Reply { breaks: true, ..Reply::new(200, format!("[{}", "0,".repeat(1 << 20))) }
}

#[tokio::test]
async fn who_is_refused_for_want_of_patience_asks_again() {
    let (listener, service) =
        service([busy(), refusal(503, "ServiceUnavailable", ""), busy(), Reply::new(200, "{}")]).await;
    service.call("GetThing", Method::GET, &["things", "1"]).send().await.expect("in the end");
    let asked = listener.asked();
    assert_eq!(asked.len(), 4);
    let ids: std::collections::BTreeSet<_> = asked.iter().map(|asked| asked.header("opc-request-id")).collect();
    assert_eq!(ids.len(), 4, "each has an id of its own");
}

#[tokio::test]
async fn it_gives_up_in_the_end_and_tells_what_was_said() {
    let (listener, service) = service(std::iter::repeat_n(busy(), 20)).await;
    let error = service.call("GetThing", Method::GET, &[]).send().await.expect_err("busy for ever");
    assert_eq!(listener.asked().len(), 8);
    assert_eq!(
        error.to_string(),
        "GetThing was refused: 429 TooManyRequests: Too many requests for the user (opc-request-id A/B/C)"
    );
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_twice() {
    let failed = || refusal(500, "InternalServerError", "Something broke");
    let (listener, service) = service([failed()]).await;
    service.call("CreateThing", Method::POST, &["things"]).send().await.expect_err("it may have been done");
    assert_eq!(listener.asked().len(), 1);
    // Refused for its number, it was not.
    let (listener, service) = self::service([busy()]).await;
    service.call("CreateThing", Method::POST, &["things"]).send().await.expect("the second time");
    assert_eq!(listener.asked().len(), 2);
    // And with a token it does no harm.
    let (listener, service) = self::service([failed(), failed()]).await;
    service.call("CreateThing", Method::POST, &["things"]).retry_token("t").send().await.expect("the third time");
    let tokens: Vec<_> =
        listener.asked().iter().map(|asked| asked.header("opc-retry-token").map(str::to_owned)).collect();
    assert_eq!(tokens, vec![Some("t".to_owned()); 3]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_again_where_that_does_no_harm() {
    let (listener, service) = service([broken(), broken()]).await;
    let call = service.call("GetThing", Method::GET, &["things"]);
    assert_eq!(call.value::<serde_json::Value>().await.expect("the third time"), json!({}));
    assert_eq!(listener.asked().len(), 3);
    let (listener, service) = self::service([broken()]).await;
    let call = service.call("CreateThing", Method::POST, &["things"]);
    let error = call.value::<serde_json::Value>().await.expect_err("it breaks off");
    assert!(matches!(error, Error::Unsent { .. }) && error.may_pass(true) && !error.may_pass(false), "{error}");
    assert_eq!(listener.asked().len(), 1);
}

#[tokio::test]
async fn no_room_is_told_at_once() {
    let full = refusal(500, "InternalError", "Out of host capacity.");
    let listener = Listener::answering([full]).await;
    let instances = ContainerInstances::at(listener.client.clone(), &listener.url).expect("an address");
    let instances = instances.with(|service| service.retrying(soon()));
    let error = instances.create(&CreateContainerInstance::default(), "t").await.expect_err("no room");
    assert!(error.is_capacity(), "{error}");
    assert_eq!(listener.asked().len(), 1, "another place may have some");
    let limited = refusal(400, "LimitExceeded", "The following service limits were exceeded");
    let (_listener, service) = service([limited]).await;
    let error = service.call("CreateThing", Method::POST, &[]).send().await.expect_err("a limit");
    assert!(error.is_limit() && !error.is_capacity() && !error.may_pass(true), "{error}");
}

#[tokio::test]
async fn what_something_on_the_way_says_is_shown_as_it_is() {
    let (_listener, service) = service([Reply::new(403, "<html>Blocked by the proxy</html>")]).await;
    let error = service.call("GetThing", Method::GET, &[]).send().await.expect_err("blocked");
    assert!(error.to_string().contains("403 : <html>Blocked by the proxy</html>"), "{error}");
    let (_listener, service) = self::service([Reply::new(200, "no JSON")]).await;
    let error = service.call("GetThing", Method::GET, &[]).value::<Vec<u8>>().await.expect_err("no JSON");
    assert!(matches!(error, Error::Answer { .. }), "{error}");
}

#[tokio::test]
async fn a_service_that_nobody_answers_for_is_named_by_its_call() {
    let (listener, _) = service([]).await;
    // Where nobody listens.
    let nobody = Service::at(listener.client.clone(), "http://127.0.0.1:1", "v1").expect("an address");
    let call = nobody.retrying(Retry::never()).call("GetThing", Method::GET, &["x"]).send().await;
    let error = call.expect_err("nobody answers");
    assert!(error.to_string().starts_with("GetThing could not be asked: "), "{error}");
}

#[test]
fn addresses_that_would_carry_signatures_in_the_clear_are_refused() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let listener = runtime.block_on(Listener::answering([]));
    for wrong in
        ["http://example.com", "ftp://127.0.0.1", "nowhere", "https://ann@example.com", "https://example.com/?a"]
    {
        let error = Service::at(listener.client.clone(), wrong, "v1").expect_err("refused");
        assert!(error.to_string().contains(wrong), "{error}");
    }
    let base = Service::at(listener.client.clone(), "https://example.com/", "v1").expect("taken");
    assert_eq!(base.base().as_str(), "https://example.com/v1");
}
