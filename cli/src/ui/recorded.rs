//! Builds as they were recorded, for tests of everything that shows one.

use monkeyci_core::model::{Event, Millis};
use serde_json::{Value, json};

use super::output::{Output, Stream};
use super::progress::Progress;

/// Three jobs: `lint` fails, `test` succeeds, `deploy` is skipped because of `lint`.
pub fn failed() -> Progress {
    let mut progress = running();
    for event in failed_end() {
        progress.event(&event);
    }
    progress
}

/// The same build at 3.2 s, while `lint` and `test` run.
pub fn running() -> Progress {
    let mut progress = Progress::default();
    for event in begin() {
        progress.event(&event);
    }
    for (job, output) in outputs() {
        progress.output(&job.parse().expect("an id"), 1, &output);
    }
    progress
}

/// What the jobs of that build write.
pub fn outputs() -> Vec<(&'static str, Output)> {
    let line = |text: &str| Output::Line(Stream::Stdout, text.into());
    vec![
        ("lint", Output::CommandStart(0)),
        ("lint", line("\u{1b}[31merror\u{1b}[0m: 日本語 is no \u{1b}]0;evil\u{7}name")),
        ("lint", Output::CommandEnd(0, 0)),
        ("lint", Output::CommandStart(1)),
        ("test", Output::CommandStart(0)),
        ("test", line("running 3 tests\tof 3")),
    ]
}

/// The events until all that can run runs.
pub fn begin() -> Vec<Event> {
    events(&[
        (0, json!({"type": "build/triggered", "trigger": {"source": "cli"}})),
        (1, json!({"type": "build/initializing"})),
        (5, json!({"type": "build/start"})),
        (5, json!({"type": "script/initializing", "scriptDir": ".monkeyci"})),
        (
            20,
            json!({"type": "script/start", "warnings": ["`x-old` is of no use"], "jobs": [
                {"id": "lint", "script": ["cargo fmt --check", "cargo clippy"]},
                {"id": "test", "image": "docker.io/library/rust:1.95", "script": ["cargo test"]},
                {"id": "deploy", "dependencies": ["lint", "test"], "blocked": true, "script": ["./deploy"]},
            ]}),
        ),
        (21, json!({"type": "job/queued", "jobId": "lint", "attempt": 1})),
        (21, json!({"type": "job/queued", "jobId": "test", "attempt": 1})),
        (30, json!({"type": "job/initializing", "jobId": "lint", "attempt": 1, "fence": 1, "worker": "local"})),
        (30, json!({"type": "job/initializing", "jobId": "test", "attempt": 1, "fence": 2, "worker": "local"})),
        (40, json!({"type": "job/start", "jobId": "lint", "attempt": 1, "guarantee": "subreaper"})),
        (50, json!({"type": "job/start", "jobId": "test", "attempt": 1, "guarantee": "pid-namespace"})),
    ])
}

/// The events from there to the end.
pub fn failed_end() -> Vec<Event> {
    let lines = json!([
        {"index": 0, "exit": 0, "duration": 1000, "logOffset": 0},
        {"index": 1, "exit": 2, "duration": 2000, "logOffset": 30},
    ]);
    let tests = json!([{"name": "unit", "tests": 2, "errors": 0, "failures": 1, "skipped": 0, "time": 0.5, "testCases": [
        {"testCase": "adds", "className": "math", "time": 0.25},
        {"testCase": "divides", "className": "math", "time": 0.25,
         "failures": [{"message": "1/0", "type": "panic", "description": "\u{1b}[31mat math.rs:3"}]},
    ]}]);
    events(&[
        (
            3200,
            json!({"type": "job/executed", "jobId": "lint", "attempt": 1, "result": {"exit": 2, "lines": lines, "cause": "failure"}}),
        ),
        (3240, json!({"type": "job/end", "jobId": "lint", "status": "failure", "cause": "failure"})),
        (3240, json!({"type": "job/skipped", "jobId": "deploy", "reason": "`lint` failed"})),
        (
            8000,
            json!({"type": "job/executed", "jobId": "test", "attempt": 1, "result": {
            "exit": 0, "warnings": ["the cache `deps` could not be saved"], "monkey.ci/tests": tests}}),
        ),
        (8050, json!({"type": "job/end", "jobId": "test", "status": "success"})),
        (8050, json!({"type": "script/end", "status": "failure"})),
        (8060, json!({"type": "build/end", "status": "failure"})),
    ])
}

fn events(kinds: &[(Millis, Value)]) -> Vec<Event> {
    let event = |(at, (time, kind)): (usize, &(Millis, Value))| {
        let mut event = kind.clone();
        let envelope = event.as_object_mut().expect("an object");
        envelope.insert("position".into(), json!(at + 1));
        envelope.insert("seq".into(), json!(at + 1));
        envelope.insert("subject".into(), json!("local/hello/build-1"));
        envelope.insert("time".into(), json!(1_700_000_000_000 + time));
        serde_json::from_value(event).expect("an event")
    };
    kinds.iter().enumerate().map(event).collect()
}
