//! Which files of a checkout are read.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

const JOB: &str = "- {id: NAME, script: [ls]}\n";

fn checkout(files: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().expect("a folder");
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }
    dir
}

fn load_from(dir: &TempDir) -> Result<Script, ScriptError> {
    load(dir.path(), None, &push(), &Extensions::none())
}

fn error(dir: &TempDir) -> String {
    load_from(dir).expect_err("no script").to_string()
}

#[test]
fn all_files_that_exist_are_joined_in_order() {
    let dir = checkout(&[
        (".monkeyci/build.edn", "[{:id \"from-edn\" :script [\"ls\"] :dependencies [\"job-1\"]}]"),
        (".monkeyci/build.json", "{\"id\": \"from-json\", \"script\": [\"ls\"]}"),
        (".monkeyci/build.yml", &JOB.replace("NAME", "from-yml")),
        (".monkeyci/build.yaml", "- script: ls\n"),
        (".monkeyci/other.yaml", "not: read"),
    ]);
    let script = load_from(&dir).expect("a good script");
    let ids: Vec<_> = script.jobs.iter().map(|job| job.id.as_str()).collect();
    assert_eq!(ids, ["job-1", "from-yml", "from-json", "from-edn"]);
    assert_eq!(script.files[0], Path::new(".monkeyci/build.yaml"));
    assert_eq!(script.files.len(), 4);
}

#[test]
fn mistakes_of_all_files_are_shown_at_once() {
    let dir = checkout(&[
        (".monkeyci/build.yaml", "- {id: a, script: ls, imgae: x}\n"),
        (".monkeyci/build.yml", "- [\n"),
        (".monkeyci/build.json", "[{\"id\": \"a\", \"script\": [\"ls\"]}]"),
    ]);
    let Err(ScriptError::Invalid(errors)) = load_from(&dir) else { panic!("a bad script was taken") };
    let shown: Vec<_> = errors.iter().map(|e| format!("{} {}", e.place.file.display(), e.message)).collect();
    assert_eq!(shown.len(), 3, "{shown:#?}");
    assert!(shown[2].contains("two jobs have the id `a`"), "{shown:#?}");
    assert_eq!(errors[2].related[0].1.file, Path::new(".monkeyci/build.yaml"));
}

#[test]
fn no_script_lists_what_was_looked_for() {
    let dir = checkout(&[("README.md", "")]);
    insta::assert_snapshot!(error(&dir), @"there is no build script: looked for `.monkeyci/build.yaml`, `.monkeyci/build.yml`, `.monkeyci/build.json`, `.monkeyci/build.edn`, `.monkeyci/build.clj`, `.monkeyci/Cargo.toml`");
    assert!(load_from(&dir).expect_err("no script").is_no_script());
    fs::create_dir(dir.path().join(".monkeyci")).expect("made");
    assert!(error(&dir).starts_with("there is no build script"));
}

#[test]
fn what_this_version_cannot_run_is_named_and_never_skipped() {
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[(".monkeyci/build.clj", ""), (".monkeyci/build.yaml", "[]")], "`.monkeyci/build.clj` (a Clojure script)"),
        (&[(".monkeyci/Cargo.toml", "")], "`.monkeyci/Cargo.toml` (a Rust script)"),
        (&[(".monkeyci/deps.edn", "{}")], "`.monkeyci/deps.edn` (a Clojure project)"),
        (
            &[(".github/workflows/ci.yml", ""), (".github/workflows/a.yaml", ""), (".gitlab-ci.yml", "")],
            "`.github/workflows/a.yaml` (a workflow of GitHub Actions), `.github/workflows/ci.yml` (a workflow of GitHub \
             Actions), `.gitlab-ci.yml` (a pipeline of GitLab)",
        ),
        (&[("Jenkinsfile", ""), (".monkeyci/README", "")], "`Jenkinsfile` (a pipeline of Jenkins)"),
    ];
    for (files, named) in cases {
        let dir = checkout(files);
        assert_eq!(error(&dir), format!("this version cannot run {named}"));
        assert!(load_from(&dir).expect_err("no script").is_no_script());
    }
}

#[test]
fn files_of_other_tools_beside_a_script_are_left_aside_with_a_warning() {
    let dir = checkout(&[(".monkeyci/build.yaml", &JOB.replace("NAME", "a")), (".travis.yml", "")]);
    let script = load_from(&dir).expect("a good script");
    assert_eq!(
        script.warnings,
        ["`.monkeyci` is the script of this build; `.travis.yml` (a pipeline of Travis) is not run"]
    );
}

#[test]
fn nothing_outside_the_checkout_is_read() {
    let secret = checkout(&[("build.yaml", &JOB.replace("NAME", "outside"))]);
    let dir = checkout(&[("inside.yaml", &JOB.replace("NAME", "inside")), (".monkeyci/README", "")]);
    let file = dir.path().join(".monkeyci/build.yaml");
    symlink(secret.path().join("build.yaml"), &file).expect("linked");
    assert!(error(&dir).contains("leaves the checkout"));
    fs::remove_file(&file).expect("removed");
    symlink("../inside.yaml", &file).expect("linked");
    assert_eq!(load_from(&dir).expect("a good script").jobs[0].id.as_str(), "inside");
    fs::remove_file(&file).expect("removed");
    symlink("nothing", &file).expect("linked");
    assert!(error(&dir).contains("cannot be read"));
    for outside in ["../other", "/etc", "a/../../b"] {
        let refused = load(dir.path(), Some(outside), &push(), &Extensions::none()).expect_err("outside");
        assert!(matches!(refused, ScriptError::Outside(_)), "{outside}");
    }
}

#[test]
fn files_that_are_no_text_are_refused() {
    let dir = checkout(&[(".monkeyci/build.yaml/folder", "")]);
    assert!(error(&dir).contains("no regular file"));
    let dir = checkout(&[(".monkeyci/README", "")]);
    let file = dir.path().join(".monkeyci/build.yaml");
    fs::write(&file, b"- id: a\n- id: caf\xe9\n").expect("written");
    let picture = error(&dir);
    assert!(picture.starts_with("error: the file is not UTF-8\n --> .monkeyci/build.yaml:2:10\n"), "{picture}");
    assert!(picture.contains("2 | - id: caf\u{fffd}\n  |          ^\n"), "{picture}");
    fs::write(&file, vec![b'#'; 16 * 1024 * 1024 + 1]).expect("written");
    assert!(error(&dir).contains("more than 16 MB"));
    fs::remove_file(&file).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(&file).status().expect("mkfifo runs");
    assert!(made.success());
    assert!(error(&dir).contains("no regular file"));
}

#[test]
fn another_folder_can_hold_the_script() {
    let dir = checkout(&[("ci/main/build.yaml", &JOB.replace("NAME", "a"))]);
    let script = load(dir.path(), Some("ci/main"), &push(), &Extensions::none()).expect("a good script");
    assert_eq!(script.files, [PathBuf::from("ci/main/build.yaml")]);
}
