use std::collections::VecDeque;
use std::time::{Duration, Instant};

use monkeyci_client::rest::{NewBuild, ParamBody};
use monkeyci_client::{Client, ClientError, Patience};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

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
async fn who_does_not_know_whether_they_asked_asks_by_the_same_key() {
    let server = Server::new(vec![json(&detail()), json(&detail())]).await;
    let wanted = NewBuild::default();
    for _ in 0..2 {
        let client = server.client().once("heard-7").expect("a key");
        client.org("acme").repo("web").start(&wanted).await.expect("started");
    }
    let keys: Vec<_> = server.asked().iter().map(|asked| asked.header("idempotency-key").map(str::to_owned)).collect();
    assert_eq!(keys, [Some("heard-7".to_owned()), Some("heard-7".to_owned())]);
    assert!(matches!(server.client().once("a\nb"), Err(ClientError::Invalid(_))));
}

#[tokio::test]
async fn a_server_that_asks_for_patience_gets_it_and_one_that_asks_for_too_much_is_told_about() {
    let server =
        Server::new(vec![problem(429, "retry-after: 1\r\n", "slowly"), json(&json!({"version": "1.2"}))]).await;
    let begun = Instant::now();
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
async fn what_is_declared_may_be_sent_twice_with_its_condition_and_a_kept_value_may_not() {
    let shown = json!({"name": "REGION", "secret": false, "value": "eu", "version": 13, "revision": 2, "updated": 1});
    let (broke, slow) = (problem(500, "", "broke"), problem(503, "retry-after: 0\r\n", "starting"));
    let server = Server::new(vec![Vec::new(), broke, json(&shown), slow, json(&shown)]).await;
    let param = server.client().org("acme").param("REGION");
    let body = ParamBody { value: Some("eu".into()), ..ParamBody::default() };
    assert_eq!(param.put_if(&body, 12).await.expect("changed").version, 13);
    assert_eq!(param.make(&body).await.expect("made").version, 13);
    let asked = server.asked();
    let conditions: Vec<_> =
        asked.iter().map(|request| (request.header("if-match"), request.header("if-none-match"))).collect();
    assert_eq!(conditions[..3], [(Some("\"12\""), None); 3]);
    assert_eq!(conditions[3..], [(None, Some("*")); 2]);
    assert_eq!(asked[0].body, json!({"value": "eu", "secret": false}));

    // Whoever keeps a value by its version may be asking who was first.
    let server = Server::new(vec![Vec::new()]).await;
    let store = server.client().org("acme").integration("slack").store("lock");
    assert!(matches!(store.put_json(&1, None, None).await, Err(ClientError::Unreachable { .. })));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn patience_is_as_long_as_it_is_said_to_be() {
    let refusals = |count| vec![problem(503, "retry-after: 0\r\n", "starting"); count];
    let quick = Patience { retries: 6, first: Duration::from_millis(1), ..Patience::default() };
    let server = Server::new(refusals(7)).await;
    let error = server.client().with_patience(quick.clone()).version().await.expect_err("refused");
    assert_eq!((error.status(), server.asked().len()), (Some(503), 7));

    let server = Server::new(refusals(1)).await;
    let none = Patience { retries: 0, ..Patience::default() };
    server.client().with_patience(none).version().await.expect_err("refused");
    assert_eq!(server.asked().len(), 1);

    // A server that takes each request and answers none.
    let (url, mut taken) = silent().await;
    let hasty = Patience { answer: Duration::from_millis(500), retries: 2, ..quick };
    let client = Client::new(&url, None).expect("a client").with_patience(hasty);
    let error = client.version().await.expect_err("no answer").to_string();
    assert!(error.ends_with("no answer came within 0.5 s"), "{error}");
    for _ in 0..3 {
        let connection = tokio::time::timeout(Duration::from_secs(60), taken.recv()).await;
        connection.expect("it is tried").expect("a connection");
    }
    assert!(taken.is_empty(), "it was tried more often");
}

#[tokio::test]
async fn whoever_gives_up_waits_no_longer() {
    let server = Server::new(vec![problem(503, "retry-after: 30\r\n", "starting"); 2]).await;
    let client = server.client();
    let begun = Instant::now();
    let (error, ()) = tokio::join!(client.version(), async {
        while server.count() == 0 {
            tokio::task::yield_now().await;
        }
        client.clone().give_up();
    });
    assert_eq!(error.expect_err("given up").status(), Some(503));
    // What is still asked, to tidy up, is asked once, and not waited for either.
    assert_eq!(client.version().await.expect_err("given up").status(), Some(503));
    assert_eq!(server.asked().len(), 2);
    let (url, _taken) = silent().await;
    let client = Client::new(&url, None).expect("a client");
    client.give_up();
    assert_eq!(client.version().await, Err(ClientError::GivenUp));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn no_more_requests_are_on_their_way_than_are_allowed() {
    let (url, mut taken) = silent().await;
    let narrow = Patience { parallel: Some(2), retries: 0, ..Patience::default() };
    let client = Client::new(&url, None).expect("a client").with_patience(narrow);
    let mut asked: JoinSet<_> = (0..5).map(|_| client.clone()).map(async |client| client.version().await).collect();
    let mut open = VecDeque::new();
    for answered in 0..5 {
        while open.len() < 2.min(5 - answered) {
            open.push_back(taken.recv().await.expect("a connection"));
        }
        assert!(taken.is_empty(), "a third is on its way");
        let mut oldest = open.pop_front().expect("one is open");
        assert!(oldest.read(&mut [0; 4096]).await.expect("a request") > 0);
        oldest.write_all(&json(&json!({"version": "1"}))).await.expect("it is taken");
        oldest.shutdown().await.expect("it is closed");
        asked.join_next().await.expect("one was asked").expect("no panic").expect("a version");
    }
}

/// A server that takes connections, and leaves what becomes of them to others.
async fn silent() -> (String, mpsc::UnboundedReceiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (taken, connections) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if taken.send(stream).is_err() {
                break;
            }
        }
    });
    (url, connections)
}

#[tokio::test]
async fn a_token_does_not_follow_where_an_answer_leads() {
    let elsewhere = Server::new(Vec::new()).await;
    let server = Server::new(vec![answer(302, &format!("location: {}/v1/me\r\n", elsewhere.url), "")]).await;
    let error = server.client().me().await.expect_err("leads away").to_string();
    assert!(error.contains(&format!("it leads to `{}/v1/me`", elsewhere.url)), "{error}");
    assert!(elsewhere.lines().is_empty());
}
