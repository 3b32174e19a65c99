//! Params that are all there are, and builds that are run.

use std::path::{Path, PathBuf};
use std::process::Command;

use monkeyci_client::rest::ParamBody;

use crate::workspace::Workspace;

const EXCLUSIVE: &str = r#"
resource "monkeyci_org" "acme" {
  slug = "acme"
}

resource "monkeyci_param" "level" {
  scope = monkeyci_org.acme.id
  name  = "LEVEL"
  value = "info"
}

resource "monkeyci_params_exclusive" "acme" {
  scope = monkeyci_org.acme.id
  names = [monkeyci_param.level.name]
}
"#;

#[test]
fn params_that_nobody_declares_are_shown_and_removed() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", EXCLUSIVE);
    assert!(w.apply().contains("3 added"));
    w.is_settled();
    let acme = w.client.org("acme");
    let by_hand = ParamBody { value: Some("x".into()), secret: true, description: None };
    w.ask(acme.param("BY_HAND").put(&by_hand));
    let plan = w.is_unsettled();
    assert!(plan.contains("- \"BY_HAND\""), "{plan}");
    assert!(w.apply().contains("0 added, 1 changed, 0 destroyed"));
    let names: Vec<_> = w.ask(acme.params().all()).into_iter().map(|param| param.name).collect();
    assert_eq!(names, ["LEVEL"]);

    // One that is missing is for its own resource to make.
    w.ask(acme.param("LEVEL").delete());
    assert!(w.apply().contains("1 added, 0 changed, 0 destroyed"));
    w.is_settled();
    w.imports(&[
        ("monkeyci_org.acme", "acme"),
        ("monkeyci_param.level", "acme/param/LEVEL"),
        ("monkeyci_params_exclusive.acme", "acme"),
    ]);

    // Without it, others may have params.
    w.write("main.tf", &EXCLUSIVE[..EXCLUSIVE.find("resource \"monkeyci_params_exclusive\"").expect("it is there")]);
    w.apply();
    w.ask(acme.param("BY_HAND").put(&by_hand));
    w.is_settled();
}

/// A repository of git with a script, in a folder of its own.
pub fn repository(w: &Workspace, script: &str) -> PathBuf {
    let folder = w.home().join("repository");
    std::fs::create_dir_all(folder.join(".monkeyci")).expect("a folder");
    std::fs::write(folder.join(".monkeyci/build.yaml"), script).expect("a script");
    let git = |arguments: &[&str]| {
        let author = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"];
        let ran = Command::new("git").args(author).args(arguments).current_dir(&folder as &Path).output().expect("git");
        assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "--allow-empty", "-m", "a change"]);
    folder
}

#[test]
fn a_build_is_run_once_waited_for_and_run_again_when_its_triggers_change() {
    let Some(w) = Workspace::with_processes() else { return };
    let folder = repository(&w, "- {id: unit, params: [MODE], script: ['echo in $MODE', 'test $MODE != broken']}");
    let text = |mode: &str, version: u32| {
        format!(
            r#"
resource "monkeyci_org" "acme" {{
  slug = "acme"
}}
resource "monkeyci_repo" "web" {{
  org  = monkeyci_org.acme.id
  name = "web"
  url  = "file://{}"
}}
resource "monkeyci_build_run" "first" {{
  repo     = monkeyci_repo.web.id
  branch   = "main"
  params   = {{ MODE = "{mode}" }}
  triggers = {{ version = "{version}" }}
  timeouts = {{ create = "2m" }}
}}
"#,
            folder.display()
        )
    };
    w.write("main.tf", &text("quick", 1));
    w.apply();
    w.is_settled();
    let web = w.client.org("acme").repo("web");
    let builds = || w.ask(web.builds(None, None).all());
    assert_eq!((builds().len(), builds()[0].status.as_str()), (1, "success"));
    w.write("main.tf", &text("quick", 2));
    assert!(w.apply().contains("1 added, 0 changed, 1 destroyed"));
    assert_eq!(builds().len(), 2);

    // One that fails fails the apply, and the next apply runs it again.
    w.write("main.tf", &text("broken", 2));
    let said = w.fails(&["apply", "-auto-approve"]);
    assert!(said.contains("Build acme/web#3 ended as `failure`"), "{said}");
    w.write("main.tf", &text("slow", 2));
    w.apply();
    w.is_settled();
    assert_eq!(builds()[0].number, 4);

    // What others read of it.
    w.write(
        "main.tf",
        &format!(
            "{}{}",
            text("slow", 2),
            r#"
data "monkeyci_build" "bad" {
  repo   = monkeyci_repo.web.id
  status = "failure"
}
data "monkeyci_build" "newest" {
  repo = monkeyci_repo.web.id
}
data "monkeyci_job_log" "unit" {
  repo   = monkeyci_repo.web.id
  number = data.monkeyci_build.newest.number
  job    = "unit"
  lines  = 1
}
data "monkeyci_build_artifacts" "newest" {
  repo   = monkeyci_repo.web.id
  number = data.monkeyci_build.newest.number
}
output "all" {
  value = jsonencode({
    bad       = data.monkeyci_build.bad.id
    newest    = data.monkeyci_build.newest.state
    jobs      = data.monkeyci_build.newest.jobs
    log       = data.monkeyci_job_log.unit.text
    artifacts = length(data.monkeyci_build_artifacts.newest.artifacts)
  })
}
"#
        ),
    );
    w.apply();
    let said: serde_json::Value = serde_json::from_str(&w.succeeds(&["output", "-raw", "all"])).expect("JSON");
    let expected = serde_json::json!({
        "bad": "acme/web#3", "newest": "success", "jobs": { "unit": "success" }, "log": "in slow", "artifacts": 0,
    });
    assert_eq!(said, expected);
    let job = "data \"monkeyci_job_log\" \"gone\" {\n  repo = \"acme/web\"\n  number = 99\n  job = \"unit\"\n}\n";
    w.write("main.tf", &format!("{}{job}", text("slow", 2)));
    assert!(w.fails(&["plan"]).contains("is not there"));
}
