//! What a user's keys do to a build.

use std::process::{Child, Stdio};

use crate::program::{Home, Said, signal, until};
use crate::remains;

/// Two jobs that end only when they are told to, and one after them.
const SCRIPT: &str = r#"
- id: left
  script: [echo left >> @HOME@/started, "until test -e @HOME@/go; do sleep 0.02; done"]
- id: right
  timeout: 300s
  script: [echo right >> @HOME@/started, "until test -e @HOME@/go; do sleep 0.02; done"]
- id: after
  dependencies: [left, right]
  script: [echo after >> @HOME@/started]
"#;

/// One that does not listen.
const DEAF: &str = r#"
- id: deaf
  script:
    - |
      trap '' TERM INT HUP
      echo deaf >> @HOME@/started
      while true; do sleep 0.02; done
"#;

fn start(home: &Home, script: &str, jobs: usize) -> Child {
    let repository = home.repository(script).display().to_string();
    let mut command = home.command(&["build", "-j", "2", &repository]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    until("its jobs run", || home.text("started").lines().count() == jobs);
    child
}

fn end(child: Child) -> Said {
    Said::of(&child.wait_with_output().expect("it ends"))
}

#[test]
fn an_interrupt_ends_the_jobs_and_the_build() {
    for name in ["INT", "TERM"] {
        let home = Home::new();
        let child = start(&home, SCRIPT, 2);
        signal(&child, name);
        let said = end(child);
        assert_eq!(said.code, Some(130), "{}", said.both());
        assert!(said.out.contains("Build canceled"), "{}", said.both());
        assert!(!home.text("started").contains("after"), "{}", said.both());
        remains::assert_none(&home, name);
        let next = home.run(&["build", "--dry-run", &home.file("repo").display().to_string()]);
        assert!(!next.both().contains("--resume"), "a canceled build is over: {}", next.both());
    }
}

#[test]
fn a_second_interrupt_kills() {
    let home = Home::new();
    let mut child = start(&home, DEAF, 1);
    let began = std::time::Instant::now();
    // Two signals that come together may arrive as one, so that the user goes on until it helps.
    until("it has ended", || {
        let has_ended = child.try_wait().expect("it is ours").is_some();
        if !has_ended {
            signal(&child, "INT");
        }
        has_ended
    });
    let said = end(child);
    assert_eq!(said.code, Some(130), "{}", said.both());
    assert!(began.elapsed().as_secs() < 10, "it took {:?}", began.elapsed());
    assert!(said.both().contains("Ending at once"), "{}", said.both());
    until("its processes are gone", || !remains::of(&home).iter().any(|left| left.starts_with("process")));
    let repository = home.file("repo").display().to_string();
    let next = home.run(&["build", "--dry-run", &repository]);
    assert_eq!(next.code, Some(0), "{}", next.both());
    remains::assert_none(&home, "after the next start");
}

#[test]
fn a_build_that_was_held_goes_on() {
    let home = Home::new();
    let child = start(&home, SCRIPT, 2);
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    let is_stopped = || state().rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'));
    signal(&child, "TSTP");
    until("it holds still", is_stopped);
    std::fs::write(home.file("go"), "").expect("written");
    signal(&child, "CONT");
    let said = end(child);
    assert_eq!(said.code, Some(0), "{}", said.both());
    assert_eq!(home.text("started").lines().count(), 3, "{}", said.both());
    remains::assert_none(&home, "it is over");
}
