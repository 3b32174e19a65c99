use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

use crate::server::{Server, cut, ended, problem};

fn event(number: u64, kind: &str) -> String {
    let mut event =
        json!({"position": 100 + number, "subject": "acme/web/build-3", "seq": number, "time": 1, "type": kind});
    if kind == "build/end" {
        event["status"] = Value::from("success");
    }
    format!("id: {number}\nevent: {kind}\ndata: {event}\n\n")
}

#[tokio::test]
async fn events_go_on_where_the_connection_was_cut_each_once() {
    let first = [event(1, "build/initializing"), ": still there\n\n".into(), event(2, "build/start")].concat();
    let again = [event(2, "build/start"), event(3, "build/initializing"), event(4, "build/end")].concat();
    let server = Server::new(vec![
        // In the middle of a message.
        cut(&format!("{first}id: 3\nevent: build/initializing\ndata: {{\"pos")),
        // A server that is started anew.
        problem(503, "retry-after: 0\r\n", "starting"),
        Vec::new(),
        // Its answer ends as it should, and the build goes on.
        ended(""),
        ended(&format!("{again}event: end\n\n")),
    ])
    .await;
    let events: Vec<_> =
        server.client().org("acme").repo("web").build(3).events(0).try_collect().await.expect("events");
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let asked = server.asked();
    let resumed: Vec<_> = asked.iter().map(|request| request.header("last-event-id")).collect();
    assert_eq!(resumed, [None, Some("2"), Some("2"), Some("2"), Some("2")]);
    for request in &asked {
        assert_eq!(request.line, "GET /v1/orgs/acme/repos/web/builds/3/events");
        assert_eq!(request.header("accept"), Some("text/event-stream"));
    }
}

#[tokio::test]
async fn what_a_newer_server_tells_more_is_passed_over() {
    let told = [event(1, "build/start"), event(2, "build/dreamt"), event(3, "build/end")].concat();
    let server = Server::new(vec![ended(&format!("{told}event: end\n\n"))]).await;
    let events: Vec<_> =
        server.client().org("acme").repo("web").build(3).events(0).try_collect().await.expect("events");
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 3]);
}

#[tokio::test]
async fn events_of_an_organisation_go_on_by_their_position() {
    let message = |number: u64| {
        event(number, "build/start").replace(&format!("id: {number}\n"), &format!("id: {}\n", 100 + number))
    };
    let server = Server::new(vec![cut(&message(8)), ended(&message(9))]).await;
    let mut events = server.client().org("acme").events(Some(105));
    for position in [108, 109] {
        assert_eq!(events.next().await.expect("an event").expect("a good one").position, position);
    }
    let resumed: Vec<_> =
        server.asked().iter().map(|request| request.header("last-event-id").map(str::to_owned)).collect();
    assert_eq!(resumed, [Some("105".to_owned()), Some("108".to_owned())]);
}

#[tokio::test]
async fn events_of_what_is_not_there_are_an_error_at_once_and_so_is_one_that_went_meanwhile() {
    let server =
        Server::new(vec![problem(404, "", "no build 3"), cut(&event(1, "build/start")), problem(401, "", "gone")])
            .await;
    let build = server.client().org("acme").repo("web").build(3);
    let mut events = build.events(0);
    assert_eq!(events.next().await.expect("an answer").expect_err("none").to_string(), "no build 3");
    assert!(events.next().await.is_none());
    let mut events = build.events(0);
    events.next().await.expect("one").expect("good");
    assert_eq!(events.next().await.expect("an answer").expect_err("none").status(), Some(401));
    assert_eq!(server.lines().len(), 3);
}
