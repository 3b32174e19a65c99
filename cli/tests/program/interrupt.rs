//! What keys and crashes do to a build.

use std::process::{Child, Stdio};

use crate::place::{Place, Ran, wait_for};

const SLOW: &str = "
- id: slow
  script: ['echo begun; touch \"$MARKER\"; if [ -e \"$MARKER.again\" ]; then echo went on; else sleep 60; fi']
- id: after
  script: ['echo after']
  dependencies: [slow]
";

/// The marker's path reaches jobs as a parameter: they see nothing of this program's environment.
fn script() -> String {
    SLOW.replace("- id: slow", "- id: slow\n  params: [MARKER]")
}

fn start(place: &Place) -> Child {
    let marker = format!("MARKER={}", place.marker().display());
    let child = place.command(&["build", "-p", &marker]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("the program starts");
    wait_for(&place.marker());
    child
}

fn signal(child: &Child, signal: &str) {
    let kill = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(kill.expect("kill starts").success());
}

#[test]
fn an_interrupted_build_is_canceled_in_good_order() {
    let place = Place::with_script(&script());
    let child = start(&place);
    signal(&child, "-INT");
    let ran = Ran::of(child.wait_with_output().expect("ends"));
    assert_eq!(ran.code, Some(130), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("Canceling") && ran.stdout.contains("Build canceled"), "{}", ran.stdout);
    assert!(ran.stdout.contains("s: interrupted\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("[after] after"));
}

#[test]
fn a_build_that_was_killed_can_be_gone_on_with() {
    let place = Place::with_script(&script().replace("- id: slow", "- id: slow\n  retry: {max: 2, on: [lost]}"));
    let mut child = start(&place);
    child.kill().expect("killed");
    child.wait().expect("ends");
    std::fs::write(place.marker().with_extension("again"), "").expect("written");

    let other = place.run(&["build", "-p", "MARKER=none", "--dry-run"]);
    assert!(other.stdout.contains("monkeyci build --resume 1"), "{}", other.stdout);
    let marker = place.marker().display().to_string();
    let ran = place.run(&["build", "--resume", "1"]);
    assert_eq!(ran.code, Some(0), "{}{} {marker}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("[slow] went on") && ran.stdout.contains("[after] after"), "{}", ran.stdout);
    let first = ran.stdout.lines().next();
    assert_eq!(first, Some("Resuming build local/repo/build-1: 0 of 2 jobs ended before"), "{}", ran.stdout);
    let begun = ran.stdout.lines().filter(|line| *line == "[slow] begun").count();
    assert_eq!(begun, 1, "what the dead attempt wrote is not shown again: {}", ran.stdout);
}

#[test]
fn two_builds_at_once_do_not_disturb_each_other() {
    let place = Place::with_script(&script());
    let child = start(&place);
    let ran = place.run(&["build", "-p", "MARKER=none", "--dry-run"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let ran = place.run(&["build", "--resume", "1"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stdout);
    assert!(ran.stderr.contains("is running"), "{}", ran.stderr);
    signal(&child, "-TERM");
    assert_eq!(child.wait_with_output().expect("ends").status.code(), Some(130));
}
