//! MonkeyCI's own build as a script in Rust, and beside it what the script in Clojure resolves to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use clojure_reader::edn::{self, Edn};
use serde_json::Value;

use crate::program::{Home, has, is_on_path};
use crate::tidy::sources;

const EXAMPLE: &str = "examples/monkeyci-script";

/// Folders of all parts, each touched.
const ALL: [&str; 7] = ["app/a", "gui/a", "common/a", "core/a", "cli/a", "script/a", "test-lib/a"];

/// The example as a repository of its own, whose main branch is known.
fn repository(home: &Home) -> PathBuf {
    let repository = home.path().join("repo");
    let script = "mkdir -p \"$TO\" && cp -r \"$FROM/.\" \"$TO\" && cd \"$TO\" && git init -q -b main && git add -A \
                  && git -c user.name=a -c user.email=a@example.com commit -q -m first";
    let mut shell = Command::new("/bin/sh");
    shell.args(["-e", "-c", script]).env("FROM", sources::root().join(EXAMPLE)).env("TO", &repository);
    assert!(shell.status().expect("a shell runs").success(), "the example cannot be made a repository");
    repository
}

/// The jobs that are planned in a context, by their ids.
fn planned(home: &Home, context: &[&str]) -> BTreeMap<String, Value> {
    let repository = home.path().join("repo");
    let mut words = vec!["plan", "--format", "json"];
    words.extend(context);
    words.push(repository.to_str().expect("a path of letters"));
    let said = home.run(&words);
    assert_eq!(said.code, Some(0), "{}", said.both());
    let plan: Value = serde_json::from_str(&said.out).expect("JSON");
    let jobs = plan["jobs"].as_array().expect("jobs").iter();
    jobs.map(|job| (job["id"].as_str().expect("an id").to_owned(), job.clone())).collect()
}

fn on_main() -> Vec<&'static str> {
    ["-b", "main"].into_iter().chain(ALL.iter().flat_map(|path| ["--changed", path])).collect()
}

#[test]
fn the_script_passes_its_tests_and_plans_what_a_context_asks_for() {
    if !has("cargo", is_on_path("cargo"), "no such program") {
        return;
    }
    let home = Home::new();
    let repository = repository(&home);
    let tested = home.run(&["test", repository.to_str().expect("a path of letters")]);
    assert_eq!(tested.code, Some(0), "{}", tested.both());
    for (context, ids) in [
        (&["-b", "main", "--changed", "README.md"][..], &[][..]),
        (&["-b", "feature", "--changed", "core/a", "--changed", "gui/a"], &["test-core", "test-gui"]),
        (&["-b", "main", "--changed", "cli/a"], &["cli-native-img", "cli-uberjar", "test-cli"]),
    ] {
        assert_eq!(planned(&home, context).keys().collect::<Vec<_>>(), ids, "{context:?}");
    }
    assert_eq!(planned(&home, &on_main()).len(), 22);
    assert_eq!(planned(&home, &["-t", "1.2.3"]).len(), 25);
}

#[test]
fn its_jobs_are_those_of_the_script_in_clojure() {
    let golden = sources::root().join("../shared/fixtures/clojure/golden/monkeyci.edn");
    if !has("cargo", is_on_path("cargo"), "no such program")
        || !has("golden", golden.is_file(), "no jobs of the script in Clojure beside this checkout")
    {
        return;
    }
    let golden = std::fs::read_to_string(golden).expect("there");
    let home = Home::new();
    repository(&home);
    let login = ["-p", "CLOJARS_USERNAME=u", "-p", "CLOJARS_PASSWORD=p"];
    let feature = ["-b", "feature", "--changed", "core/a", "--changed", "gui/a"];
    for (name, context) in [("main", on_main()), ("feature", feature.to_vec()), ("tag", vec!["-t", "1.2.3"])] {
        let ours = planned(&home, &[&context[..], &login].concat());
        let theirs = jobs_of(&golden, name);
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "{name}");
        for (id, job) in &theirs {
            let ours = &ours[id];
            assert_eq!(set(&ours["dependencies"]), texts(job, "dependencies").into_iter().collect(), "{name}: {id}");
            // Images are built by another image of Kaniko, and their common tag is pushed by an action.
            if !id.contains("-img-") || id == "cli-native-img" {
                let is_container = text(job, "container/image").is_some();
                assert_eq!(ours["image"].as_str(), text(job, "container/image"), "{name}: {id}");
                let script = is_container.then(|| texts(job, "script"));
                assert!(script.is_none_or(|script| list(&ours["script"]) == script), "{name}: {id}: {ours}");
                assert_eq!(paths(&ours["saveArtifacts"]), their_paths(job, "save-artifacts"), "{name}: {id}");
                assert_eq!(paths(&ours["restoreArtifacts"]), their_paths(job, "restore-artifacts"), "{name}: {id}");
                assert_eq!(paths(&ours["caches"]), their_paths(job, "caches"), "{name}: {id}");
            }
        }
    }
}

/// The jobs of a context, by their ids.
fn jobs_of<'a>(golden: &'a str, context: &str) -> BTreeMap<String, Edn<'a>> {
    let mut rest = golden;
    loop {
        let (key, jobs);
        (key, rest) = edn::read(rest).expect("EDN");
        (jobs, rest) = edn::read(rest).expect("EDN");
        if let (Edn::Key(key), Edn::Vector(jobs)) = (&key, &jobs)
            && key == context
        {
            return jobs.iter().map(|job| (text(job, "id").expect("an id").to_owned(), job.clone())).collect();
        }
    }
}

fn get<'a, 'e>(job: &'a Edn<'e>, key: &'e str) -> Option<&'a Edn<'e>> {
    let Edn::Map(map) = job else { panic!("{job} is no map") };
    map.get(&Edn::Key(key.into()))
}

fn text<'a, 'e>(job: &'a Edn<'e>, key: &'e str) -> Option<&'a str> {
    get(job, key).map(|value| match value {
        Edn::Str(text) => text.as_ref(),
        other => panic!("{other} is no text"),
    })
}

fn vector<'a, 'e>(job: &'a Edn<'e>, key: &'e str) -> &'a [Edn<'e>] {
    match get(job, key) {
        Some(Edn::Vector(values)) => values,
        _ => &[],
    }
}

fn texts(job: &Edn<'_>, key: &'static str) -> Vec<String> {
    let of = |value: &Edn<'_>| match value {
        Edn::Str(text) => text.to_string(),
        other => panic!("{other} is no text"),
    };
    vector(job, key).iter().map(of).collect()
}

fn their_paths(job: &Edn<'_>, key: &'static str) -> Vec<(String, String)> {
    let of = |it: &Edn<'_>, key: &'static str| text(it, key).unwrap_or_default().to_owned();
    vector(job, key).iter().map(|it| (of(it, "id"), of(it, "path"))).collect()
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|it| Some(it.as_str()?.to_owned())).collect()
}

fn set(value: &Value) -> BTreeSet<String> {
    list(value).into_iter().collect()
}

fn paths(value: &Value) -> Vec<(String, String)> {
    let of = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    value.as_array().into_iter().flatten().map(|it| (of(it, "id"), of(it, "path"))).collect()
}
