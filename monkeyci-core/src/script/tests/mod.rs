//! What scripts become, and how their mistakes are shown.

mod bombs;
mod checkout;
mod reference;
mod validate;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use monkeyci_model::trigger::{Changes, Git, PullRequest, Source};
use proptest::prelude::*;
use rustix::time::{ClockId, clock_gettime};

use super::*;

/// The processor time that this thread has had: what something takes of it is the same however busy the machine is.
pub(super) fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("less than a second"))
}

/// A push to `main` that changed a file of `src`.
fn push() -> Trigger {
    let git = Git { reference: Some("refs/heads/main".into()), ..Git::default() };
    let changes = Changes { modified: ["src/lib.rs".to_owned()].into(), ..Changes::default() };
    let params = BTreeMap::from([("TOKEN".to_owned(), "t0ken".into()), ("CHANNEL".to_owned(), "beta".into())]);
    Trigger { source: Source::GithubWebhook, git: Some(git), changes: Some(changes), params, ..Trigger::default() }
}

fn plugins() -> Extensions {
    let mut extensions = Extensions::none();
    extensions.register("acme.plugin/config");
    extensions
}

fn format_of(path: &Path) -> Format {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("json") => Format::Json,
        Some("edn") => Format::Edn,
        _ => Format::Yaml,
    }
}

/// The files of one folder beside this one, with their texts.
fn cases(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/script/tests").join(folder);
    let entries = std::fs::read_dir(folder).expect("the cases lie beside the test");
    let mut paths: Vec<_> =
        entries.map(|entry| entry.expect("readable").path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).expect("readable"))).collect()
}

fn read_case(path: &Path, text: &str) -> Result<Script, ScriptError> {
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    parse(format_of(path), name, text, &push(), &plugins())
}

fn snapshot(folder: &str, path: &Path, value: &str) {
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("{folder}/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, value));
}

#[test]
fn good_scripts_become_jobs() {
    for (path, text) in cases("good") {
        let script = read_case(&path, &text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut shown = String::new();
        for job in &script.jobs {
            shown += &format!("{}\n", serde_json::to_string_pretty(job).expect("serializes"));
        }
        script.left_out.iter().for_each(|id| shown += &format!("left out: {id}\n"));
        script.warnings.iter().for_each(|warning| shown += &format!("warning: {warning}\n"));
        snapshot("good", &path, &shown);
    }
}

#[test]
fn every_mistake_is_shown_where_it_stands() {
    for (path, text) in cases("bad") {
        let error = read_case(&path, &text).map(|script| script.jobs).expect_err(&path.display().to_string());
        snapshot("bad", &path, &error.to_string());
    }
}

#[test]
fn the_same_script_is_the_same_jobs_in_every_format() {
    let yaml = "
- id: test
  image: rust
  script: [cargo test, cargo doc]
  saveArtifacts: [{id: target, path: target}]
  env: {LEVEL: 1, NAME: x}
  timeout: 60000
- script: [publish]
  dependencies: [test]
  blocked: true
  x-note: {a: [1, 2.5, true, null]}
";
    let json = r#"[
  {"id": "test", "image": "rust", "script": ["cargo test", "cargo doc"],
   "save_artifacts": [{"id": "target", "path": "target"}], "env": {"LEVEL": 1, "NAME": "x"}, "timeout": 60000},
  {"script": ["publish"], "dependencies": ["test"], "blocked": true, "x-note": {"a": [1, 2.5, true, null]}}
]"#;
    let edn = r#"[
  {:id "test" :image "rust" :script ["cargo test" "cargo doc"]
   :save-artifacts [{:id "target" :path "target"}] :container/env {"LEVEL" 1 "NAME" "x"} :timeout 60000}
  {:script ["publish"] :dependencies ["test"] :blocked true :x-note {:a [1 2.5 true nil]}}
]"#;
    let jobs = |format, text| parse(format, "build", text, &push(), &Extensions::none()).expect("a good script").jobs;
    assert_eq!(jobs(Format::Yaml, yaml), jobs(Format::Json, json));
    assert_eq!(jobs(Format::Yaml, yaml), jobs(Format::Edn, edn));
}

#[test]
fn a_mark_of_the_encoding_and_line_ends_of_windows_change_nothing() {
    let jobs = |format, text: &str| {
        parse(format, "build", text, &push(), &Extensions::none()).unwrap_or_else(|error| panic!("{error}")).jobs
    };
    let yaml = "- id: a\n  script:\n    - |\n      make\n      make test\n    - ls\n";
    let windows = format!("\u{feff}{}", yaml.replace('\n', "\r\n"));
    assert_eq!(jobs(Format::Yaml, &windows), jobs(Format::Yaml, yaml));
    let json = "[\n{\"id\": \"a\", \"script\": [\"make\\nmake test\\n\", \"ls\"]}\n]";
    assert_eq!(jobs(Format::Json, &format!("\u{feff}{}", json.replace('\n', "\r\n"))), jobs(Format::Yaml, yaml));
    let edn = "[{:id \"a\" :script [\"make\\nmake test\\n\" \"ls\"]}]";
    assert_eq!(jobs(Format::Edn, &format!("\u{feff}{edn}\r\n")), jobs(Format::Yaml, yaml));
}

#[test]
fn unknown_changes_let_jobs_run_whether_they_ask_for_or_against_them() {
    let text = "[{id: a, script: ls, if: {paths: x}}, {id: b, script: ls, if: {not: {paths: x}}}]";
    let trigger = Trigger { changes: None, ..push() };
    let script = parse(Format::Yaml, "build.yaml", text, &trigger, &Extensions::none()).expect("a good script");
    assert_eq!(script.jobs.len(), 2);
    assert_eq!(script.warnings.len(), 1, "{:?}", script.warnings);
}

#[test]
fn a_pull_request_is_known_by_its_target_and_is_on_no_branch() {
    let text = "
- {id: on-main, script: ls, if: {branch: main}}
- {id: pushed, script: ls, if: {event: push}}
- {id: asked, script: ls, if: {event: pull-request}}
- {id: to-main, script: ls, if: {target: ma*}}
- {id: to-other, script: ls, if: {target: release}}
- {id: to-any, script: ls, if: {target: true}}
- {id: to-none, script: ls, if: {target: false}}
";
    let ids = |trigger: &Trigger| {
        let script = parse(Format::Yaml, "build.yaml", text, trigger, &Extensions::none()).expect("a good script");
        script.jobs.iter().map(|job| job.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&push()), ["on-main", "pushed", "to-none"]);
    let [source_branch, target_branch] = ["main", "main"].map(str::to_owned);
    let request = PullRequest { number: 7, source_branch, target_branch, ..PullRequest::default() };
    assert_eq!(ids(&Trigger { pull_request: Some(request), ..push() }), ["asked", "to-main", "to-any"]);
}

#[test]
fn an_artifact_that_may_not_be_there_is_a_warning() {
    let text = "
- {id: make, script: ls, save-artifacts: [{id: out, path: out}]}
- {id: between, script: ls, dependencies: make}
- {id: good, script: ls, dependencies: between, restore-artifacts: [out]}
- {id: early, script: ls, restore-artifacts: [out]}
- {id: lost, script: ls, restore-artifacts: [{id: elsewhere, path: x}]}
- {id: twin, script: ls, save-artifacts: [{id: out, path: other}]}
";
    let script = parse(Format::Yaml, "build.yaml", text, &push(), &Extensions::none()).expect("a good script");
    assert_eq!(
        script.warnings,
        [
            "jobs `make` and `twin` both save the artifact `out`: what is restored is what was saved last",
            "job `early` restores the artifact `out` of `make` and does not depend on it: it may not be there yet",
            "job `lost` restores the artifact `elsewhere`, which no job of this build saves",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_reader_panic(text in "\\PC{0,200}", ending in 0..3_usize) {
        let format = [Format::Yaml, Format::Json, Format::Edn][ending];
        let _ = parse(format, "build", &text, &push(), &Extensions::none()).map_err(|error| error.to_string());
    }

    #[test]
    fn no_change_of_a_good_script_makes_a_reader_panic(
        case in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        length in 0..20_usize,
        put in "[\\[\\]{}:,\"'&*<>|#!/\\\\ \n\ta-c0-9_-]{0,6}|\\$\\{\\{ matrix\\.[a-z]{1,3} \\}\\}|é|\u{0}",
    ) {
        let cases: Vec<_> = cases("good").into_iter().chain(cases("bad")).collect();
        let (path, mut text) = cases[case.index(cases.len())].clone();
        let start = text.floor_char_boundary(at.index(text.len() + 1));
        let end = text.floor_char_boundary((start + length).min(text.len()));
        text.replace_range(start..end, &put);
        let _ = read_case(&path, &text).map_err(|error| error.to_string());
    }
}
