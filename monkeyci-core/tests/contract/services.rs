//! Services beside a job.

use std::time::Duration;

use monkeyci_core::job_dir::Program;
use monkeyci_core::job_dir::outcome::Reason;
use monkeyci_core::model::job::{Health, Service};
use monkeyci_core::model::{Cause, Job, JobId};

use crate::fixture::Fixture;
use crate::image::BUSYBOX;

/// A service that runs a line, on port 8080.
fn service(id: &str, line: &str) -> Service {
    Service {
        id: JobId::new(id).expect("an id"),
        image: BUSYBOX.into(),
        ports: vec![8080],
        env: [("ANSWER".to_owned(), "pong".into())].into(),
        command: ["sh", "-c", line].map(Into::into).to_vec(),
        health: None,
    }
}

/// A service that answers every connection.
pub fn echo(id: &str) -> Service {
    service(id, "while nc -l -p 8080 -e echo $ANSWER; do :; done")
}

pub async fn a_service_is_reached_by_its_name(fixture: &Fixture) {
    let lines = ["until nc web 8080; do sleep 0.1; done", "until nc api 9090; do sleep 0.1; done"];
    let web = service("web", "sleep 0.3; while nc -l -p 8080 -e echo $ANSWER; do :; done");
    let api = Service {
        ports: vec![9090],
        health: Some(Health { command: "test -f /tmp/ready".into(), timeout: 30_000 }),
        ..service("api", "touch /tmp/ready; while nc -l -p 9090 -e echo api; do :; done")
    };
    let ran = fixture.run(Job { services: vec![web, api], ..fixture.job("client", lines) }).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "pong\napi\n"));
    assert_eq!(ran.exit.expect("it ran").service_logs.len(), 2);
}

pub async fn a_service_that_never_gets_ready_is_told_with_its_last_words(fixture: &Fixture) {
    let told = async |service: Service| {
        let ran = fixture.run(Job { services: vec![service], ..fixture.job("client", ["true"]) }).await;
        let error = ran.exit.expect_err("not ready");
        assert_eq!(error.cause(), Cause::Service);
        error.to_string()
    };
    let text = told(service("db", "echo no disk; exit 3")).await;
    let ended = text.starts_with("service `db`: it ended with code 3 before it was ready");
    assert!(ended && text.contains("no disk"), "{text}");
    let health = Some(Health { command: "echo not yet; false".into(), timeout: 15_000 });
    let text = told(Service { health, ..service("db", "sleep 600") }).await;
    assert!(text.contains("did not end with 0 within 15 s; its check ends with: not yet"), "{text}");
}

pub async fn a_service_that_writes_without_end_keeps_the_end_of_its_log(fixture: &Fixture) {
    // No end of a line for a long time: what holds a line holds all of it.
    let line = "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo last words; \
                while nc -l -p 8080 -e echo pong; do :; done";
    let job = fixture.job("client", ["until nc loud 8080; do sleep 0.1; done"]);
    let ran = fixture.run(Job { services: vec![service("loud", line)], ..job }).await;
    assert_eq!(ran.outcome().code, Some(0));
    let logs = ran.exit.expect("it ran").service_logs;
    let log = String::from_utf8_lossy(&logs[0].1);
    assert!(log.len() <= 1024 * 1024 && log.contains("last words"), "{} bytes: {:.80}", log.len(), log);
}

pub async fn a_cancel_at_any_moment_leaves_no_service_and_no_network(fixture: &Fixture) {
    for millis in [0, 100, 400, 1_200] {
        let job = Job { services: vec![echo("web")], ..fixture.job("raced", ["sleep 600"]) };
        let running = fixture.start(fixture.order(job, Program { grace_ms: 200, ..Program::default() }));
        tokio::time::sleep(Duration::from_millis(millis)).await; // moment
        running.cancel.cancel();
        assert_eq!(running.end().await.outcome().reason, Reason::Canceled, "after {millis} ms");
        assert_eq!(fixture.left().await, Vec::<String>::new(), "after {millis} ms");
    }
}
