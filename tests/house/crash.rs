//! `kill -9` at any moment of a build loses and doubles nothing.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Home, Said, has_docker, until};
use crate::{image, remains};

/// Each job writes down that it starts, where no workspace is. `deploy` may never start twice; what `build` made must
/// reach `check` whole.
pub const SCRIPT: &str = r#"
- id: build
  script:
    - echo build >> @HOME@/started
    - mkdir out && head -c 2000000 /dev/urandom > out/data && sha256sum out/data > out/sum
  save-artifacts: [{id: data, path: out}]
- id: lint
  dependencies: [build]
  script: [echo lint >> @HOME@/started, sleep 0.1]
- id: deploy
  dependencies: [build]
  retry: never
  script: [echo deploy >> @HOME@/started, echo deploying, sleep 0.1, echo deployed]
- id: check
  dependencies: [build, lint]
  restore-artifacts: [{id: data, path: out}]
  script: [echo check >> @HOME@/started, sha256sum -c out/sum]
- id: report
  dependencies: [check, deploy]
  when: always
  script: [echo report >> @HOME@/started]
"#;

/// What is known of the build from what it said before it was killed: how each job ended.
pub type Ended = BTreeMap<String, String>;

#[test]
fn a_build_that_is_killed_at_any_moment_goes_on_where_it_was() {
    let home = Home::new();
    let whole = home.run(&["build", "--json", &home.repository(SCRIPT).display().to_string()]);
    assert_eq!(whole.code, Some(0), "{}", whole.both());
    let lines = whole.out.lines().count();
    let long = std::env::var("MONKEYCI_TEST_LONG").is_ok_and(|value| !value.is_empty());
    let kills = if long { 60 } else { 6 };
    for kill in 0..kills {
        // From before the first line to after the last.
        let moment = kill * lines / (kills - 1);
        killed_after(moment);
    }
}

/// Kills the program once it has said so many lines, looks at what the next start does, and ends the build.
fn killed_after(lines: usize) {
    let home = Home::new();
    let repository = home.repository(SCRIPT).display().to_string();
    let mut lived = live_and_die(&home, &["build", "--json", &repository], lines);
    let mut moment = format!("killed after {} lines", lived.out.lines().count());
    if lines % 2 == 1 && !lived.out.contains("build/end") {
        // It tells again what it did before.
        lived = live_and_die(&home, &["build", "--json", "--resume", "1", &repository], lines + 4);
        moment = format!("{moment} and again after {}", lived.out.lines().count());
    }
    let ended: Ended = lived.jobs();
    let starts = home.text("started");

    let next = home.run(&["build", "--dry-run", &repository]);
    assert_eq!(next.code, Some(0), "{moment}: {}", next.both());
    remains::assert_none(&home, &moment);
    if next.out.contains("monkeyci build --resume 1") {
        let resumed = home.run(&["build", "--json", "--resume", "1", &repository]);
        assert_story(&moment, &home, &resumed, &ended, &starts);
    } else {
        assert!(lived.out.contains("build/end"), "{moment}: it had not ended, and is not offered: {}", next.both());
    }
    remains::assert_none(&home, &moment);
    let again = home.run(&["build", "--resume", "1", &repository]);
    assert_eq!(again.code, Some(2), "{moment}: what has ended goes on: {}", again.both());
}

/// Runs the program until it has said so many lines, kills it, and returns what it said.
fn live_and_die(home: &Home, args: &[&str], lines: usize) -> Said {
    let mut child = home.command(args).stdout(Stdio::piped()).spawn().expect("it starts");
    let is_written_down = || remains::invocations(home).iter().any(|folder| folder.join("invocation.json").exists());
    until("the build is written down", is_written_down);
    let mut out = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut said: Vec<String> = out.by_ref().take(lines).collect();
    child.kill().expect("killed");
    child.wait().expect("it is dead");
    // What was still in the pipe, but for a line that was cut.
    said.extend(out.filter(|line| serde_json::from_str::<Value>(line).is_ok()));
    Said { code: None, out: said.join("\n"), err: String::new() }
}

/// The whole story of a build in several lives holds together.
pub fn assert_story(moment: &str, home: &Home, resumed: &Said, ended: &Ended, starts_before: &str) {
    let story = || format!("{moment}\n{}", resumed.both());
    let starts = home.text("started");
    let count = |text: &str, job: &str| text.lines().filter(|line| *line == job).count();

    let jobs = resumed.jobs();
    for (job, status) in ended {
        assert_eq!(jobs.get(job), Some(status), "`{job}` had ended: {}", story());
        assert_eq!(count(&starts, job), count(starts_before, job), "`{job}` had ended and ran again: {}", story());
    }
    assert!(count(&starts, "deploy") <= 1, "`deploy` was started twice: {}", story());
    let mut results = BTreeMap::new();
    for event in resumed.events() {
        if let ("job/executed", Some(job), Some(attempt)) =
            (event["type"].as_str().unwrap_or_default(), event["jobId"].as_str(), event["attempt"].as_u64())
        {
            *results.entry((job.to_owned(), attempt)).or_insert(0) += 1;
        }
    }
    assert!(results.values().all(|times| *times == 1), "a result took effect twice: {results:?} {}", story());
    for job in ["build", "lint", "check", "report"] {
        assert_eq!(jobs.get(job).map(String::as_str), Some("success"), "`{job}`: {}", story());
    }
    let ends = resumed.events().iter().filter(|event| event["type"] == "build/end").count();
    assert_eq!(ends, 1, "{}", story());
    match jobs["deploy"].as_str() {
        "success" => assert_eq!(resumed.code, Some(0), "{}", story()),
        // Nobody knows how far it came, so it is not tried again.
        "error" => assert!(matches!(resumed.code, Some(1 | 4)), "{}", story()),
        status => panic!("`deploy` ended as {status}: {}", story()),
    }
}

#[test]
fn a_build_does_not_notice_that_another_is_killed() {
    let home = Home::new();
    let repository = home
        .repository(
            "- id: wait\n  script: ['echo $$ >> @HOME@/started', 'until test -e @HOME@/go; do sleep 0.02; done']",
        )
        .display()
        .to_string();
    let start = || {
        let mut command = home.command(&["build", "--json", &repository]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    };
    let (mut dead, alive) = (start(), start());
    until("both run", || home.text("started").lines().count() == 2);
    dead.kill().expect("killed");
    dead.wait().expect("it is dead");
    let listed = home.run(&["build", "--dry-run", &repository]);
    assert_eq!(listed.out.matches("--resume").count(), 1, "{}", listed.both());
    std::fs::write(home.file("go"), "").expect("written");
    let said = Said::of(&alive.wait_with_output().expect("it ends"));
    assert_eq!(said.code, Some(0), "{}", said.both());
    let number =
        listed.out.split("--resume ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a number");
    let resumed = home.run(&["build", "--resume", number, &repository]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.both());
    assert_eq!(home.text("started").lines().count(), 3);
    remains::assert_none(&home, "both are over");
}

#[test]
fn containers_of_a_build_that_was_killed_are_removed() {
    if !has_docker() {
        return;
    }
    let Some(image) = image::Busybox::import() else { return };
    let home = Home::new();
    let script =
        format!("- id: boxed\n  image: {}\n  script: ['if ! test -e /tmp/go; then sleep 600; fi']", image.name());
    let repository = home.repository(&script).display().to_string();
    let mut child = home.command(&["build", "-q", &repository]).stdout(Stdio::null()).spawn().expect("it starts");
    let running = || {
        let instances = remains::invocations(&home).into_iter().filter_map(|folder| remains::instance(&folder));
        instances.flat_map(|instance| remains::containers(&instance)).count() > 0
    };
    until("its container is there", running);
    child.kill().expect("killed");
    child.wait().expect("it is dead");
    let next = home.run(&["build", "--dry-run", &repository]);
    assert!(next.out.contains("--resume 1"), "{}", next.both());
    remains::assert_none(&home, "after the next start");
}
