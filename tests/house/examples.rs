//! Every example is built, so that none can rot.

use std::collections::BTreeSet;

use crate::image;
use crate::program::{Home, has, has_docker, is_on_path};
use crate::remains;
use crate::tidy::sources;

/// An example, what the machine must have for it, the exit code, and how its jobs end.
type Example = (&'static str, Option<&'static str>, i32, &'static [(&'static str, &'static str)]);

const OK: &str = "success";

const EXAMPLES: &[Example] = &[
    ("hello", None, 0, &[("greet", OK), ("count", OK), ("bye", OK)]),
    ("hello-json", None, 0, &[("greet", OK), ("count", OK), ("bye", OK)]),
    ("hello-edn", None, 0, &[("greet", OK), ("count", OK), ("bye", OK)]),
    ("diamond", None, 0, &[("prepare", OK), ("test", OK), ("lint", OK), ("publish", OK), ("complain", "skipped")]),
    ("artifacts", None, 0, &[("compile", OK), ("check", OK)]),
    ("failing", None, 1, &[("lint", OK), ("test", "failure"), ("deploy", "skipped"), ("report", OK)]),
    ("rust", Some("cargo"), 0, &[("test", OK), ("package", OK)]),
    ("node", Some("node"), 0, &[("test", OK)]),
];

/// Examples that have a test of their own.
const ELSEWHERE: &[&str] = &["failing-script-test", "mixed", "monkeyci-script", "monorepo", "rust-script", "services"];

#[test]
fn every_example_does_what_it_says() {
    for (name, need, code, jobs) in EXAMPLES {
        if let Some(need) = need
            && !has(need, is_on_path(need), "no such program")
        {
            continue;
        }
        let said = Home::new().run(&["build", "--json", &format!("examples/{name}")]);
        assert_eq!(said.code, Some(*code), "{name}: {}\n{}", said.err, said.out);
        let expected = jobs.iter().map(|(job, status)| ((*job).to_owned(), (*status).to_owned())).collect();
        assert_eq!(said.jobs(), expected, "{name}");
    }
}

/// One test for all of them, so that what they share is compiled once.
#[test]
fn the_examples_of_scripts_in_rust_do_what_they_say() {
    if !has("cargo", is_on_path("cargo"), "no such program") {
        return;
    }
    let home = Home::new();
    for (name, try_it) in SCRIPTS {
        let tested = home.run(&["test", name]);
        assert_eq!(tested.code, Some(0), "{}", tested.both());
        try_it(&home, name);
    }
    failing_script_test(&home, "examples/failing-script-test");
}

/// What an example in this folder does.
type Story = fn(&Home, &str);

const SCRIPTS: [(&str, Story); 3] =
    [("examples/rust-script", rust_script), ("examples/mixed", mixed), ("examples/monorepo", monorepo)];

fn rust_script(home: &Home, name: &str) {
    for (changed, jobs) in [("words/apes.txt", &["apes", "total"][..]), ("README.md", &["total"])] {
        let said = home.run(&["build", "--json", "--changed", changed, name]);
        assert_eq!(said.code, Some(0), "{}", said.both());
        let expected = jobs.iter().map(|job| ((*job).to_owned(), OK.to_owned())).collect();
        assert_eq!(said.jobs(), expected, "{changed}");
    }
}

/// Its test fails, and so no job runs unless it must.
fn failing_script_test(home: &Home, example: &str) {
    let said = home.run(&["build", "--json", example]);
    assert_eq!((said.code, said.jobs().len()), (Some(1), 0), "{}", said.both());
    let end = said.events().into_iter().find(|event| event["type"] == "build/end").expect("an end");
    let message = end["message"].as_str().expect("a message");
    assert_eq!(end["status"], "failure", "{end}");
    assert!(message.contains("fails: `tests::a_branch_is_tested_and_not_published`"), "{message}");
    assert!(message.contains("left: [\"test\", \"publish\"]") && message.contains("--no-script-tests"), "{message}");
    let said = home.run(&["build", "--no-script-tests", "--json", example]);
    assert_eq!(said.code, Some(0), "{}", said.both());
    let expected = ["test", "publish"].map(|job| (job.to_owned(), OK.to_owned()));
    assert_eq!(said.jobs(), expected.into());
}

fn mixed(home: &Home, name: &str) {
    let said = home.run(&["build", "--json", "--dry-run", name]);
    assert_eq!(said.code, Some(0), "what judges a job does not run when the job does not: {}", said.both());
    let said = home.run(&["build", "--json", name]);
    assert_eq!(said.code, Some(0), "{}", said.both());
    let ends = ["unit", "badge", "publish"].map(|job| (job.to_owned(), OK.to_owned()));
    assert_eq!(said.jobs(), ends.into());
    let events = said.events();
    let result = |job: &str| {
        let executed = events.iter().find(|event| event["type"] == "job/executed" && event["jobId"] == job);
        executed.expect("it ran")["result"].clone()
    };
    let (unit, badge) = (result("unit"), result("badge"));
    assert_eq!((&unit["values"]["coverage"]["percent"], &unit["values"]["tests"]["total"]), (&83.33.into(), &3.into()));
    assert_eq!(unit["artifacts"][0]["id"], "coverage-unit", "the plugin keeps the report");
    assert_eq!(badge["values"]["colour"], "yellow", "an action sees what the plugin found");
}

fn monorepo(home: &Home, name: &str) {
    for (changed, jobs) in [
        ("crates/shout/src/lib.rs", &["shout"][..]),
        ("crates/text/src/lib.rs", &["fold", "shout", "text"]),
        ("crates/versions/Cargo.toml", &["versions"]),
        ("README.md", &[]),
    ] {
        let said = home.run(&["plan", "--format", "json", "--changed", changed, name]);
        assert_eq!(said.code, Some(0), "{}", said.both());
        let plan: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
        let ids: Vec<_> = plan["jobs"].as_array().expect("a list").iter().map(|job| job["id"].as_str()).collect();
        assert_eq!(ids, jobs.iter().map(|job| Some(*job)).collect::<Vec<_>>(), "{changed}");
    }
    let said = home.run(&["build", "--json", "--changed", "crates/fold/src/lib.rs", name]);
    assert_eq!(said.code, Some(0), "{}", said.both());
    assert_eq!(said.jobs(), [("fold".to_owned(), OK.to_owned())].into());
}

#[test]
fn the_example_with_a_database_does_what_it_says() {
    let programs = ["redis-server", "redis-cli"];
    let has_redis = programs.iter().all(|program| is_on_path(program)) && is_on_path("busybox");
    if !has_docker() || !has("redis", has_redis, "no redis-server, redis-cli or busybox to make its image of") {
        return;
    }
    let _image = image::with_programs(
        "docker.io/library/redis:7",
        &programs,
        r#"["redis-server", "--protected-mode", "no", "--save", ""]"#,
    );
    let home = Home::new();
    let said = home.run(&["build", "--json", "examples/services"]);
    assert_eq!(said.code, Some(0), "{}", said.both());
    assert_eq!(said.jobs()["integration"], OK, "{}", said.both());
    remains::assert_none(&home, "it is over");
}

#[test]
fn every_example_is_tested() {
    let folders = std::fs::read_dir(sources::root().join("examples")).expect("there are examples");
    let folders = folders.filter_map(|entry| {
        let entry = entry.expect("a folder can be read");
        entry.path().is_dir().then(|| entry.file_name().to_string_lossy().into_owned())
    });
    let tested: BTreeSet<String> =
        EXAMPLES.iter().map(|(name, ..)| *name).chain(ELSEWHERE.iter().copied()).map(str::to_owned).collect();
    assert_eq!(folders.collect::<BTreeSet<_>>(), tested);
}

#[test]
fn a_cache_survives_from_build_to_build() {
    let home = Home::new();
    for expected in ["computed", "from the cache"] {
        let said = home.run(&["build", "examples/artifacts"]);
        assert_eq!(said.code, Some(0), "{}\n{}", said.err, said.out);
        let both = format!("{}{}", said.out, said.err);
        assert!(both.contains(expected), "{expected} is missing in {both}");
    }
}

#[test]
fn a_test_report_is_part_of_the_result() {
    if !has("node", is_on_path("node"), "no such program") {
        return;
    }
    let said = Home::new().run(&["build", "--json", "examples/node"]);
    let executed = said.events().into_iter().find(|event| event["type"] == "job/executed").expect("it ran");
    let suites = executed["result"]["monkey.ci/tests"].as_array().expect("a report").clone();
    let tests: usize = suites.iter().map(|suite| suite["testCases"].as_array().map_or(0, Vec::len)).sum();
    assert_eq!(tests, 2, "{executed}");
}
