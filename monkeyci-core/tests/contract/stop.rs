//! How jobs are stopped, and that nothing of them is left.

use std::time::{Duration, Instant};

use monkeyci_core::job_dir::Program;
use monkeyci_core::job_dir::outcome::Reason;

use crate::fixture::Fixture;

/// How long after its grace time a job may still live, which would last for minutes; an engine's own calls to end and remove it
/// take seconds where others use it too.
const KILL: Duration = Duration::from_secs(30);

/// Leaves its session, its parent and its terminal in several ways, and then says so.
const ESCAPE: &str = "setsid sh -c 'setsid sleep 600 & :' & nohup sleep 600 >/dev/null 2>&1 & (sleep 600 &) & \
                      sh -c 'trap \"\" TERM HUP; while :; do sleep 600; done' & sleep 0.2; echo escaped";

pub async fn cancel_leaves_nothing(fixture: &Fixture) {
    let limits = Program { grace_ms: 200, ..Program::default() };
    let mut running = fixture.start(fixture.order(fixture.job("cancel", [&*format!("{ESCAPE}; sleep 600")]), limits));
    running.said("escaped").await;
    running.cancel.cancel();
    let ran = running.end().await;
    let outcome = ran.outcome();
    assert_eq!((outcome.reason, outcome.line), (Reason::Canceled, Some(0)));
}

pub async fn a_job_that_ignores_the_end_is_killed(fixture: &Fixture) {
    // Long enough for a shell on a busy machine to say that it was asked.
    let grace = Duration::from_secs(3);
    let limits = Program { grace_ms: 3_000, ..Program::default() };
    // It ticks as long as it lives: the supervisor's own clock says how long that is after it was asked.
    let line = "trap 'echo asked' TERM; trap '' INT HUP; echo ready; while :; do sleep 0.05; echo tick; done";
    let mut running = fixture.start(fixture.order(fixture.job("stubborn", [line]), limits));
    running.said("ready").await;
    let asked = Instant::now();
    running.cancel.cancel();
    let ran = running.end().await;
    let took = asked.elapsed();
    assert_eq!(ran.outcome().reason, Reason::Canceled);
    let asked = ran.said_at("asked").expect("it was asked before it was killed");
    let lived = ran.said_at("tick").expect("it ticks").saturating_sub(asked);
    assert!(lived < grace + KILL, "{lived:?} after it was asked");
    assert!(took < grace + KILL, "{took:?}");
}

pub async fn what_detached_itself_ends_with_the_job(fixture: &Fixture) {
    let began = Instant::now();
    let ran = fixture.run(fixture.job("detached", [ESCAPE])).await;
    assert_eq!((ran.outcome().reason, ran.outcome().code), (Reason::Exited, Some(0)));
    assert!(began.elapsed() < Duration::from_secs(60));
}

pub async fn time_is_limited(fixture: &Fixture) {
    // Long enough for a first line on a busy machine.
    let limits = Program { timeout_ms: 3_000, grace_ms: 200, ..Program::default() };
    let ran = fixture.run_within(fixture.job("late", ["echo begun", "sleep 600"]), limits).await;
    let outcome = ran.outcome();
    assert_eq!((outcome.reason, outcome.line), (Reason::Timeout, Some(1)));
    assert_eq!(ran.output().lines().next(), Some("begun"));
}

pub async fn the_log_is_limited(fixture: &Fixture) {
    let limits = Program { log_limit: 1_000_000, ..Program::default() };
    let ran = fixture.run_within(fixture.job("loud", ["yes monkey"]), limits).await;
    assert_eq!(ran.outcome().reason, Reason::LogLimit);
    assert_eq!(ran.output().len(), 1_000_000);
}

pub async fn a_job_canceled_before_it_started_does_not_run(fixture: &Fixture) {
    let order = fixture.order(fixture.job("early", ["echo never"]), Program::default());
    order.dir.cancel().expect("canceled");
    let ran = fixture.start(order).end().await;
    assert_eq!(ran.outcome().reason, Reason::Canceled);
    assert_eq!((ran.output().as_str(), ran.started.len()), ("", 0));
}

pub async fn a_cancel_at_any_moment_ends_it_canceled(fixture: &Fixture) {
    for millis in [0, 30, 150, 500] {
        let limits = Program { grace_ms: 200, ..Program::default() };
        let running = fixture.start(fixture.order(fixture.job("raced", ["sleep 600"]), limits));
        tokio::time::sleep(Duration::from_millis(millis)).await; // moment
        running.cancel.cancel();
        assert_eq!(running.end().await.outcome().reason, Reason::Canceled, "after {millis} ms");
    }
}
