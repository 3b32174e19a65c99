//! Builds whose script is a program, compiled and run for real.

use std::path::Path;
use std::time::Duration;

use monkeyci_model::{SecretRef, Text, Trigger};

use super::*;
use crate::program::tests::{ALONE, SCRIPT, cargo, checkout, put};
use crate::secret::Secrets;
use crate::source::Folder;

fn repository() -> tempfile::TempDir {
    checkout(&[(".monkeyci/Cargo.toml", ALONE), (".monkeyci/src/main.rs", SCRIPT)])
}

fn told(folder: &Path, params: &[(&str, Text)]) -> BuildRequest {
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    BuildRequest::new(Folder::new(folder)).trigger(Trigger { params, ..Trigger::default() })
}

/// Whether one of the files below a folder holds these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).any(|path| {
        let is_in = |text: &[u8]| text.windows(bytes.len()).any(|window| window == bytes);
        if path.is_dir() { holds(&path, bytes) } else { std::fs::read(path).is_ok_and(|text| is_in(&text)) }
    })
}

#[tokio::test]
async fn a_program_plans_and_acts_and_its_secrets_are_nowhere_in_the_clear() {
    if !cargo("a_program_plans_and_acts_and_its_secrets_are_nowhere_in_the_clear") {
        return;
    }
    let (repository, state) = (repository(), tempfile::tempdir().expect("a folder"));
    put(repository.path(), ".monkeyci/build.yaml", "- {id: last, script: 'true', dependencies: act-now}\n");
    let token = SecretRef { name: "TOKEN".into(), version: 1 };
    let mut secrets = Secrets::new();
    secrets.insert(token.clone(), "hunter22".into());
    let act = r#"{"protocol":1,"jobs":[{"id":"act-now","script":["\"$MONKEYCI_SCRIPT\" act act-now"]}]}"#;
    let params = [("answer", Text::from(act)), ("TOKEN", Text::secret(token))];
    let engine = Engine::local().state(state.path()).secrets(secrets).open().await.expect("opens");
    let mut build = engine.build(told(repository.path(), &params)).await.expect("begins");
    let mut events = String::new();
    while let Some(event) = build.try_next().await.expect("its events can be told") {
        events += &serde_json::to_string(&*event).expect("serializes");
    }
    let snapshot = engine.snapshot(build.id()).await.expect("known");
    let result = snapshot.job("act-now").and_then(|job| job.result()).expect("a result");
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success, "{events}");
    assert_eq!(result.message.as_deref(), Some("acted with ***"));
    assert_eq!(result.warnings, ["mind ***"]);
    assert_eq!(serde_json::to_string(&result.values).expect("JSON"), r#"{"said":"***","deep":[{"***":1}]}"#);
    assert_eq!(snapshot.jobs().len(), 2);
    engine.close().await;
    assert!(!events.contains("hunter22") && !holds(state.path(), b"hunter22"));
    assert_eq!(std::fs::read_dir(state.path().join("script-runs")).map_or(0, Iterator::count), 0);
}

#[tokio::test]
async fn what_a_program_tells_before_it_breaks_is_in_the_result() {
    if !cargo("what_a_program_tells_before_it_breaks_is_in_the_result") {
        return;
    }
    let (repository, state) = (repository(), tempfile::tempdir().expect("a folder"));
    let engine = Engine::local().state(state.path()).open().await.expect("opens");
    let plan = r#"{"protocol":1,"jobs":[{"id":"a","script":["true"],"hooks":["prepare"]}]}"#;
    let mut build = engine.build(told(repository.path(), &[("answer", plan.into())])).await.expect("begins");
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Failure);
    let snapshot = build.snapshot().await.expect("known");
    let result = snapshot.job("a").and_then(|job| job.result()).expect("a result");
    assert!(result.message.as_deref().is_some_and(|message| message.contains("it cannot be prepared")), "{result:?}");
    assert_eq!(serde_json::to_string(&result.values).expect("JSON"), r#"{"told":"before it broke"}"#);
    engine.close().await;
}

#[tokio::test]
async fn a_build_tells_that_tests_passed_and_what_its_script_printed_can_be_followed() {
    if !cargo("a_build_tells_that_tests_passed_and_what_its_script_printed_can_be_followed") {
        return;
    }
    let repository = repository();
    let tests = |is_well: bool| format!("{SCRIPT}\n#[test]\nfn is_well() {{ assert!({is_well}) }}\n");
    put(repository.path(), ".monkeyci/src/main.rs", &tests(true));
    let state = tempfile::tempdir().expect("a folder");
    let engine = Engine::local().state(state.path()).open().await.expect("opens");
    let params = [("answer", Text::from(r#"{"protocol":1,"jobs":[]}"#))];
    for passed in [Some(1), None] {
        let mut build = engine.build(told(repository.path(), &params)).await.expect("begins");
        let mut log = build.script_log(0).await.expect("it is known");
        let mut text = Vec::new();
        while let Some(bytes) = log.next().await.expect("reads") {
            text.extend_from_slice(&bytes);
        }
        let text = String::from_utf8_lossy(&text);
        assert_eq!(text.contains("test is_well ... ok"), passed.is_some(), "{text}");
        assert!(text.ends_with("the script was asked to plan\n"), "{text}");
        until(&mut build, |kind| matches!(kind, EventKind::ScriptStart { tests, .. } if *tests == passed)).await;
        assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);
    }
    put(repository.path(), ".monkeyci/src/main.rs", &tests(false));
    for (run, status) in [(true, BuildStatus::Failure), (false, BuildStatus::Success)] {
        let request = told(repository.path(), &params).script_tests(run);
        let mut build = engine.build(request).await.expect("begins");
        assert_eq!(build.wait().await.expect("it ends"), status, "tests: {run}");
        let said = build.snapshot().await.expect("known").message().unwrap_or_default().to_owned();
        assert_eq!(said.starts_with("a test of the script `.monkeyci/Cargo.toml` fails: `is_well`\n"), run, "{said}");
    }
}

#[tokio::test]
async fn a_secret_that_a_program_copies_is_a_reference_in_events_and_store() {
    if !cargo("a_secret_that_a_program_copies_is_a_reference_in_events_and_store") {
        return;
    }
    let (repository, state) = (repository(), tempfile::tempdir().expect("a folder"));
    let token = SecretRef { name: "TOKEN".into(), version: 1 };
    let mut secrets = Secrets::new();
    secrets.insert(token.clone(), "hunter22".into());
    let engine = Engine::local().state(state.path()).secrets(secrets).without_worker();
    let process = crate::executor::Process::new(state.path().join("process"));
    let engine = engine.script_executor(process).open().await.expect("opens");
    let params = [("answer", Text::from("env")), ("TOKEN", Text::secret(token))];
    let mut build = engine.build(told(repository.path(), &params)).await.expect("begins");
    until(&mut build, |kind| matches!(kind, EventKind::JobQueued { .. })).await;
    let snapshot = engine.snapshot(build.id()).await.expect("known");
    assert_eq!(snapshot.job("a").expect("a job").job().env["T"].to_string(), "«TOKEN@1»");
    engine.close().await;
    assert!(!holds(state.path(), b"hunter22"));
}

#[tokio::test]
async fn a_build_that_is_canceled_while_its_program_runs_ends_at_once() {
    if !cargo("a_build_that_is_canceled_while_its_program_runs_ends_at_once") {
        return;
    }
    let (repository, state) = (repository(), tempfile::tempdir().expect("a folder"));
    let engine = Engine::local().state(state.path()).open().await.expect("opens");
    let mut build = engine.build(told(repository.path(), &[("answer", "hang".into())])).await.expect("begins");
    let runs = state.path().join("script-runs");
    let plans = || {
        let mut runs = std::fs::read_dir(&runs).into_iter().flatten().flatten();
        runs.any(|run| run.path().join("control/question.json").exists())
    };
    while !plans() {
        tokio::time::sleep(Duration::from_millis(5)).await; // poll
    }
    build.cancel("not wanted").await.expect("told");
    assert_eq!(story(&mut build).await.last().map(String::as_str), Some("build canceled: not wanted"));
    engine.close().await;
    assert!(!plans(), "the program's folder is left");
}

#[tokio::test]
async fn an_engine_that_can_run_nothing_says_so() {
    let repository = repository();
    let engine = Engine::local().without_worker().open().await.expect("opens");
    let mut build = engine.build(repository.path()).await.expect("begins");
    let end = story(&mut build).await.pop().expect("an end");
    assert!(end.starts_with("build error: ") && end.contains("no executor") && end.contains("Cargo.toml"), "{end}");
}
