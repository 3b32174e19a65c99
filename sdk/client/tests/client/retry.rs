use monkeyci_client::ClientError;
use monkeyci_client::rest::{NewBuild, ParamBody};
use serde_json::json;

use crate::server::{Server, answer, json, problem};

fn detail() -> serde_json::Value {
    json!({"org": "acme", "repo": "web", "number": 7, "status": "pending", "trigger": {}, "created": 1, "events": 1, "jobs": []})
}

#[tokio::test]
async fn a_build_is_asked_for_once_however_often_the_answer_is_lost() {
    let whole = json(&detail());
    let broken = whole[..whole.len() - 5].to_vec();
    let server = Server::new(vec![Vec::new(), problem(503, "retry-after: 0\r\n", "starting"), broken, whole]).await;
    let wanted = NewBuild { branch: Some("main".into()), ..NewBuild::default() };
    let started = server.client().org("acme").repo("web").start(&wanted).await.expect("started");
    assert_eq!(started.build.number, 7);
    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    let keys: Vec<_> =
        asked.iter().map(|request| request.header("idempotency-key").expect("a key").to_owned()).collect();
    assert!(keys.iter().all(|key| *key == keys[0] && key.len() == 32), "{keys:?}");
    assert_eq!(asked[0].line, "POST /v1/orgs/acme/repos/web/builds");
    assert_eq!(asked[0].body, json!({"branch": "main"}));
}

#[tokio::test]
async fn a_server_that_asks_for_patience_gets_it_and_one_that_asks_for_too_much_is_told_about() {
    let server =
        Server::new(vec![problem(429, "retry-after: 1\r\n", "slowly"), json(&json!({"version": "1.2"}))]).await;
    let begun = std::time::Instant::now();
    assert_eq!(server.client().version().await.expect("a version"), "1.2");
    assert!(begun.elapsed().as_millis() >= 1000);
    assert_eq!(server.lines(), ["GET /v1/version"; 2]);

    let server = Server::new(vec![problem(429, "retry-after: 3600\r\n", "come back in an hour")]).await;
    let error = server.client().version().await.expect_err("refused");
    assert_eq!((error.status(), error.to_string().as_str()), (Some(429), "come back in an hour"));
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn refusals_are_told_apart_and_not_tried_again() {
    let answers = [404, 409, 412, 403, 500].map(|status| problem(status, "", &format!("because {status}"))).to_vec();
    let server = Server::new(answers).await;
    let build = server.client().org("acme").repo("web").build(3);
    assert!(matches!(build.get().await, Err(ClientError::NotFound(_))));
    assert!(matches!(build.cancel(Some("enough")).await, Err(ClientError::Conflict(_))));
    assert!(matches!(build.retry(true).await, Err(ClientError::Conflict(_))));
    assert!(matches!(build.job("deploy").approve(None).await, Err(ClientError::Refused(_))));
    assert_eq!(build.job("deploy").reject(None).await.expect_err("broken").to_string(), "because 500");
    let asked = server.asked();
    let lines: Vec<_> = asked.iter().map(|request| request.line.as_str()).collect();
    let at = "/v1/orgs/acme/repos/web/builds/3";
    assert_eq!(
        lines,
        [
            format!("GET {at}"),
            format!("POST {at}/cancel"),
            format!("POST {at}/retry"),
            format!("POST {at}/jobs/deploy/approve"),
            format!("POST {at}/jobs/deploy/reject"),
        ]
    );
    assert_eq!(asked[1].body, json!({"reason": "enough"}));
    assert_eq!(asked[2].body, json!({"failed": true}));
}

#[tokio::test]
async fn what_was_removed_by_a_try_whose_answer_was_lost_is_removed() {
    let server = Server::new(vec![Vec::new(), problem(404, "", "no such param")]).await;
    server.client().org("acme").param("REGION").delete().await.expect("removed");
    assert_eq!(server.lines(), ["DELETE /v1/orgs/acme/params/REGION"; 2]);
}

#[tokio::test]
async fn a_change_of_one_revision_is_sent_with_it_and_not_twice() {
    let server = Server::new(vec![Vec::new()]).await;
    let param = server.client().org("acme").param("REGION");
    let body = ParamBody { value: Some("eu".into()), ..ParamBody::default() };
    assert!(matches!(param.put_if(&body, 12).await, Err(ClientError::Unreachable { .. })));
    let asked = server.asked();
    assert_eq!((asked.len(), asked[0].header("if-match")), (1, Some("\"12\"")));
    assert_eq!(asked[0].body, json!({"value": "eu", "secret": false}));
}

#[tokio::test]
async fn a_token_does_not_follow_where_an_answer_leads() {
    let elsewhere = Server::new(Vec::new()).await;
    let server = Server::new(vec![answer(302, &format!("location: {}/v1/me\r\n", elsewhere.url), "")]).await;
    let error = server.client().me().await.expect_err("leads away").to_string();
    assert!(error.contains(&format!("it leads to `{}/v1/me`", elsewhere.url)), "{error}");
    assert!(elsewhere.lines().is_empty());
}
