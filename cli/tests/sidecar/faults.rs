//! Sidecars that are killed, and depots that fail.

use std::fs;

use monkeyci_core::job_dir::outcome::Reason;
use monkeyci_core::sidecar::SidecarError;
use tokio_util::sync::CancellationToken;

use crate::jobs::wait_until;
use crate::story::{Story, has_namespaces};

#[test]
fn a_sidecar_that_is_killed_at_any_step_goes_on() {
    if !has_namespaces() {
        return;
    }
    let mut steps = 0;
    while killed_at(steps) {
        steps += 1;
    }
    assert!(steps >= 9, "a sidecar asks more often than {steps} times");
}

/// Kills a sidecar that waits for the answer to its request with this number, from 0; false when it ended before.
fn killed_at(step: usize) -> bool {
    let story = Story::lines(["cat given; sleep 0.4; echo two", "echo made >made; exit 4"], &["made"]);
    fs::write(story.dir.work().join("given"), "one\n").expect("a file");
    story.prepare();
    story.depot.state().silent_from = Some(step);
    let (mut first, _job) = (story.sidecar(&[]), story.job());
    wait_until(|| story.depot.state().came > step || first.0.try_wait().expect("asked").is_some());
    let reached = story.depot.state().came > step;
    // It may have ended by itself.
    let _ = first.0.kill();
    first.ends();
    story.depot.state().silent_from = None;
    let mut second = story.sidecar(&[]);
    let ran = story.mirror();
    let outcome = ran.outcome();
    assert_eq!((outcome.code, ran.output().as_str()), (Some(4), "one\ntwo\n"), "killed at step {step}");
    assert_eq!(fs::read_to_string(story.dir.work().join("made")).expect("collected"), "made\n", "at step {step}");
    assert_eq!(second.ends(), Some(0), "killed at step {step}: {}", story.logged());
    story.nothing_is_left();
    reached
}

#[test]
fn answers_that_are_lost_and_a_depot_that_is_away_lose_nothing_and_double_nothing() {
    if !has_namespaces() {
        return;
    }
    let counts =
        "n=0; while test $n -lt 40; do n=$((n + 1)); echo $n; sleep 0.05; done; until test -e go; do sleep 0.05; done";
    let story = Story::lines([counts], &[]);
    story.prepare();
    story.depot.state().loses = Some(3);
    let (mut sidecar, _job) = (story.sidecar(&[]), story.job());
    let ran = std::thread::scope(|scope| {
        let mirroring = scope.spawn(|| story.mirror());
        wait_until(|| story.said().contains('5'));
        story.depot.state().away = true;
        let came = story.depot.state().came;
        story.depot.wait_until(|state| state.came > came + 2);
        story.depot.state().away = false;
        fs::write(story.in_volume("work/go"), "").expect("a file");
        mirroring.join().expect("it ends")
    });
    let all: String = (1..=40).map(|n| format!("{n}\n")).collect();
    assert_eq!((ran.outcome().code, ran.output()), (Some(0), all));
    assert_eq!(sidecar.ends(), Some(0), "{}", story.logged());
}

#[test]
fn a_sidecar_that_cannot_go_on_says_why() {
    let story = Story::lines(["echo never"], &[]);
    story.prepare();
    story.depot.state().objects.insert("work/000000".into(), b"no archive".to_vec());
    let mut sidecar = story.sidecar(&[]);
    let error = story.try_mirror(&CancellationToken::new()).expect_err("it gave up");
    assert!(matches!(&error, SidecarError::GaveUp(why) if why.contains("the archive is broken")), "{error}");
    assert_eq!(sidecar.ends(), Some(4));
    assert!(!story.in_volume("job/supervisor").exists(), "nothing of the job can run");
}

#[test]
fn a_job_that_never_begins_is_told_with_what_to_look_at() {
    let mut story = Story::lines(["echo never"], &[]);
    story.order.begin_ms = 500;
    story.prepare();
    let mut sidecar = story.sidecar(&[]);
    let ran = story.mirror();
    assert_eq!(ran.outcome().reason, Reason::CannotStart);
    assert!(ran.outcome().message.contains("does its image have `/bin/sh`"), "{}", ran.outcome().message);
    assert_eq!(sidecar.ends(), Some(0));
}

#[test]
fn a_depot_that_has_forgotten_everything_is_no_end() {
    let mut story = Story::lines(["echo never"], &[]);
    story.order.begin_ms = 1;
    // No sidecar was ever there.
    let error = story.try_mirror(&CancellationToken::new()).expect_err("lost");
    assert!(matches!(error, SidecarError::Lost { .. }), "{error}");
}

#[test]
fn a_sidecar_that_is_over_is_not_waited_for_and_what_it_sent_is_taken() {
    let story = Story::lines(["echo never"], &[]);
    story.depot.state().objects.insert(format!("report/{:020}", 0), b"said".to_vec());
    let host = story.host();
    host.sidecar_is_over();
    let error = story.runtime.block_on(host.mirror(&story.order, &CancellationToken::new())).expect_err("no end");
    assert!(matches!(error, SidecarError::Over), "{error}");
    assert_eq!(fs::read(story.dir.report().join("frames")).expect("a report"), b"said");
}

#[test]
fn what_is_over_is_removed() {
    let story = Story::lines(["true"], &[]);
    story.prepare();
    assert!(story.get("order.json").is_some() && story.get("control/000000").is_some());
    story.runtime.block_on(story.host().clear()).expect("cleared");
    // It puts nothing there by itself.
    assert!(story.depot.state().objects.is_empty());
}
