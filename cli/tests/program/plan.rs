use crate::place::Place;

const DIAMOND: &str = "
- id: build
  script: [make]
- id: test
  image: docker.io/library/rust:1.95
  script: [cargo test]
  dependencies: [build]
- id: lint
  script: [cargo clippy]
  dependencies: [build]
  allow-failure: true
- id: deploy
  script: [./deploy]
  dependencies: [test, lint]
  blocked: true
";

const WRONG: &str = "
- id: test
  scirpt: [make]
- id: test
  dependencies: [gone]
";

#[test]
fn every_mistake_is_shown_where_it_stands() {
    let place = Place::with_script(WRONG);
    let ran = place.run(&["verify"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(ran.stdout);
    let ran = place.run(&["plan"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.starts_with("error: ") && !ran.stderr.contains("error: error"), "{}", ran.stderr);
}

#[test]
fn a_right_script_has_no_mistakes() {
    let ran = Place::with_script(DIAMOND).run(&["verify"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "No mistakes: 4 jobs in `.monkeyci/build.yaml`\n"));
}

#[test]
fn a_plan_has_a_form_for_everybody() {
    let place = Place::with_script(DIAMOND);
    for format in ["table", "dot", "svg", "mermaid"] {
        let ran = place.run(&["plan", "--format", format]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        insta::assert_snapshot!(format!("plan {format}"), ran.stdout);
    }
    let json: serde_json::Value =
        serde_json::from_str(&place.run(&["plan", "--format", "json"]).stdout).expect("a plan");
    assert_eq!(json["jobs"][3]["dependencies"], serde_json::json!(["test", "lint"]));
}

#[test]
fn a_plan_depends_on_what_the_build_is_told() {
    let place = Place::with_script(
        "- id: always\n  script: [a]\n- id: release\n  script: [b]\n  if: {tag: 'v*'}\n\
         - id: docs\n  script: [c]\n  if: {paths: ['docs/**']}\n",
    );
    let ids = |arguments: &[&str]| {
        let ran = place.run(&[&["plan", "--format", "json"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a plan");
        let jobs = plan["jobs"].as_array().expect("jobs");
        jobs.iter().map(|job| job["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&["-b", "main", "--changed", "src/main.rs"]), ["always"]);
    assert_eq!(ids(&["-t", "v1.2", "--changed", "src/main.rs"]), ["always", "release"]);
    assert_eq!(ids(&["-b", "main", "--changed", "docs/a.md"]), ["always", "docs"]);
}
