//! What holds even for an executor that runs nothing.

use monkeyci_core::executor::Exit;
use monkeyci_core::job_dir::Program;
use monkeyci_core::job_dir::frame::Kind;
use monkeyci_core::job_dir::outcome::Reason;

use crate::fixture::Fixture;

pub async fn a_job_tells_once_that_it_started_and_how_its_lines_ended(fixture: &Fixture) {
    let ran = fixture.run(fixture.job("well", ["echo hello", "true"])).await;
    let outcome = ran.outcome();
    assert_eq!((outcome.reason, outcome.code, outcome.line), (Reason::Exited, Some(0), None));
    assert_eq!(ran.exit.as_ref().expect("it ran"), &Exit::default());
    assert_eq!(ran.started.len(), 1);
    assert!(ran.started[0].is_some());
    let marks = ran.marks();
    assert!(matches!(marks[0], Kind::Started(_)));
    assert_eq!(marks[1..], [Kind::LineStart(0), Kind::LineEnd(0, 0), Kind::LineStart(1), Kind::LineEnd(1, 0)]);
    assert_eq!(ran.output(), "hello\n");
}

pub async fn a_line_that_fails_ends_the_job(fixture: &Fixture) {
    let ran = fixture.run(fixture.job("fails", ["exit 3", "echo never"])).await;
    let outcome = ran.outcome();
    assert_eq!((outcome.reason, outcome.code, outcome.line), (Reason::Exited, Some(3), Some(0)));
    assert_eq!(ran.marks()[1..], [Kind::LineStart(0), Kind::LineEnd(0, 3)]);
}

pub async fn cancel_ends_a_job_that_would_never_end(fixture: &Fixture) {
    let running = fixture.start(fixture.order(fixture.job("hangs", ["sleep 600"]), Program::default()));
    running.has_started().await;
    running.cancel.cancel();
    let ran = running.end().await;
    assert_eq!(ran.outcome().reason, Reason::Canceled);
}

pub async fn an_attempt_is_not_started_twice(fixture: &Fixture) {
    let order = || fixture.order(fixture.job("well", ["echo hello; echo again >> ran"]), Program::default());
    let (first, mut second) = (order(), order());
    second.attempt = first.attempt.clone();
    second.dir = first.dir.clone();
    let ran = fixture.start(first).end().await;
    let again = fixture.start(second).end().await;
    assert_eq!(again.outcome(), ran.outcome());
    assert_eq!(again.frames, ran.frames);
    // Whoever ran it first may not have got to say so.
    assert_eq!(again.started, ran.started, "that it began is said once more");
}
