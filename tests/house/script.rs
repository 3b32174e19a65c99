//! Scripts in Rust that change jobs, judge them and ask their build, compiled and run for real.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::program::{Home, Said, has, has_docker, is_on_path};
use crate::{image, remains};

/// What every script here depends on.
const MANIFEST: &str = "[package]\nname = \"script\"\nedition = \"2024\"\n\n[dependencies]\nmonkeyci-sdk = \"0.1\"\n";

const SECRET: &str = "s3cr3t-Kangaroo/42+Wombat";

fn has_cargo() -> bool {
    has("cargo", is_on_path("cargo"), "no such program")
}

/// A repository with this script in Rust, and this `build.yaml` beside it.
fn repository(home: &Home, script: &str, yaml: &str) -> PathBuf {
    let repository = home.repository(yaml);
    let put = |name: &str, text: &str| {
        let path = repository.join(".monkeyci").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    put("Cargo.toml", MANIFEST);
    put("src/main.rs", script);
    put("../src/lib.rs", "");
    repository
}

fn find<'a>(events: &'a [Value], kind: &str, job: &str) -> &'a Value {
    let is_it = |event: &&Value| event["type"] == kind && event["jobId"] == job;
    events.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} of {job}"))
}

fn result<'a>(events: &'a [Value], job: &str) -> &'a Value {
    &find(events, "job/executed", job)["result"]
}

fn clear(home: &Home, said: &Said) {
    assert!(!said.both().contains(SECRET), "the secret was printed: {}", said.both());
    for folder in ["data", "cache"] {
        assert!(!holds(&home.file(folder), SECRET.as_bytes()), "`{folder}` holds the secret");
    }
}

fn holds(path: &Path, clear: &[u8]) -> bool {
    std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).any(|path| {
        let is_in = |bytes: Vec<u8>| bytes.windows(clear.len()).any(|window| window == clear);
        if path.is_dir() { holds(&path, clear) } else { std::fs::read(path).is_ok_and(is_in) }
    })
}

#[test]
fn a_plugin_changes_jobs_and_judges_them_and_an_action_asks_its_build() {
    if !has_cargo() {
        return;
    }
    let home = Home::new();
    let yaml = "- {id: of-yaml, script: ['echo \"said $WORD\"', 'echo 7 > count'], loud: very}\n";
    let folder = repository(&home, include_str!("script/asks.rs.txt"), yaml).display().to_string();
    let mut command = home.command(&["build", "--json", "--secret", "TOKEN", "-p", "STAGE=prod", &folder]);
    command.env("TOKEN", SECRET);
    let said = crate::program::finish(command);
    let events = said.events();
    assert_eq!(said.code, Some(1), "{}", said.both());
    let ends = [
        ("ask", "success"),
        ("dislike", "failure"),
        ("make", "success"),
        ("of-yaml", "success"),
        ("spilt", "failure"),
        ("spoilt", "failure"),
    ];
    let ends = ends.map(|(job, end)| (job.to_owned(), end.to_owned()));
    assert_eq!(said.jobs(), ends.into(), "{}", said.both());

    let started = &find(&events, "job/start", "of-yaml")["job"];
    assert_eq!(started["env"]["WORD"], "very", "{started}");
    assert_eq!(started["script"].as_array().map(Vec::len), Some(3), "the plugin has added a line: {started}");
    assert_eq!(started["env"]["LOGIN"], json!([{ "secret": "TOKEN@1" }]), "a secret is a reference");
    assert!(find(&events, "job/start", "ask").get("job").is_none(), "nothing changed");
    assert_eq!(result(&events, "of-yaml")["values"], json!({ "count": 7, "told": "late" }));
    assert_eq!(result(&events, "of-yaml")["warnings"], json!(["it was very loud"]));
    assert_eq!(result(&events, "make")["values"], json!({ "begun": true, "token": "***" }));
    assert_eq!(result(&events, "make")["artifacts"][0]["id"], "made");
    assert_eq!(
        result(&events, "ask")["values"],
        json!({ "of-yaml": 7, "stage": "prod", "made": "made", "log": "said very", "none": false, "jobs": 6 })
    );
    assert_eq!(result(&events, "dislike")["message"], "I do not like it");
    let spilt = &result(&events, "spilt")["message"];
    assert!(spilt.as_str().is_some_and(|text| text.contains("secret stands in `labels` of job `spilt`")), "{spilt}");
    let spoilt = &result(&events, "spoilt")["message"];
    assert!(
        spoilt.as_str().is_some_and(|text| text.contains("`after`") && text.contains("the judge broke")),
        "{spoilt}"
    );
    clear(&home, &said);
    remains::assert_none(&home, "it is over");
}

#[test]
fn what_a_plugin_does_to_a_job_holds_in_a_container_too() {
    if !has_cargo() || !has_docker() {
        return;
    }
    let Some(image) = image::Busybox::import() else { return };
    let (image, home) = (image.name(), Home::new());
    let yaml =
        format!("- {{id: of-yaml, image: {image}, script: ['echo \"said $WORD\"', 'echo 7 > count'], loud: very}}\n");
    let script = include_str!("script/asks.rs.txt");
    let folder = repository(&home, script, &yaml).display().to_string();
    let mut command = home.command(&["build", "--json", "--secret", "TOKEN", "-f", "of-yaml", &folder]);
    command.env("TOKEN", SECRET);
    let said = crate::program::finish(command);
    assert_eq!(said.code, Some(0), "{}", said.both());
    assert_eq!(result(&said.events(), "of-yaml")["values"], json!({ "count": 7, "told": "late" }), "{}", said.both());
    clear(&home, &said);
    remains::assert_none(&home, "it is over");
}
