//! A script that is a program: planned, checked and built.

use std::path::PathBuf;
use std::process::Command;

use crate::place::{Place, Ran};

const MANIFEST: &str = "[package]\nname = \"script\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

const MAIN: &str = r##"
use std::{env, fs};

fn main() {
    let verb = env::args().nth(1).expect("a verb");
    let answer = env::var("MONKEYCI_SCRIPT_ANSWER").expect("set");
    println!("asked to {verb}");
    match verb.as_str() {
        "plan" => {
            let line = r#""\"$MONKEYCI_SCRIPT\" act greet""#;
            let jobs = format!(r#"{{"id":"greet","script":[{line}]}},{{"id":"after","script":["true"],"dependencies":["greet"]}}"#);
            fs::write(answer, format!(r#"{{"protocol":1,"jobs":[{jobs}]}}"#)).expect("written");
        }
        _ => fs::write(answer, r#"{"message":"hello from an action","values":{"answer":42}}"#).expect("written"),
    }
}
"##;

/// A repository with a script in Rust, unless there is no compiler.
fn place(test: &str) -> Option<Place> {
    if Command::new("cargo").arg("--version").output().is_err() {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| name == "cargo"), "cargo is required and not on the PATH");
        eprintln!("skipped: {test}: there is no cargo here");
        return None;
    }
    let place = Place::empty();
    place.write(".monkeyci/Cargo.toml", MANIFEST);
    place.write(".monkeyci/src/main.rs", MAIN);
    Some(place)
}

/// Runs the program where the compiler finds what it needs, though the home is another one.
fn run(place: &Place, arguments: &[&str]) -> Ran {
    let mut command = place.command(arguments);
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    for (name, folder) in [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")] {
        command.env(name, std::env::var_os(name).unwrap_or_else(|| home.join(folder).into()));
    }
    Ran::of(command.output().expect("the program starts"))
}

#[test]
fn a_script_in_rust_is_checked_planned_and_built() {
    let Some(place) = place("a_script_in_rust_is_checked_planned_and_built") else { return };
    let ran = run(&place, &["verify"]);
    assert_eq!(ran.stdout, "No mistakes: 2 jobs in `.monkeyci/Cargo.toml`\n", "{}", ran.stderr);
    let ran = run(&place, &["plan", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a plan");
    assert_eq!(plan["jobs"][1]["dependencies"], serde_json::json!(["greet"]));
    let ran = run(&place, &["build", "--json"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("hello from an action") && ran.stdout.contains(r#""answer":42"#), "{}", ran.stdout);
    let ran = run(&place, &["build", "--dry-run"]);
    assert!(ran.code == Some(0) && ran.stdout.contains("greet"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_script_that_does_not_compile_is_its_author_s_to_mend() {
    let Some(place) = place("a_script_that_does_not_compile_is_its_author_s_to_mend") else { return };
    place.write(".monkeyci/src/main.rs", "fn main() {\n    missing();\n}\n");
    for command in ["verify", "plan", "build"] {
        let ran = run(&place, &[command]);
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, Some(1), "{command}: {told}");
        assert!(told.contains("does not compile") && told.contains("src/main.rs:2:5"), "{command}: {told}");
    }
    let path = place.repo().join("nothing").into_os_string();
    let ran = Ran::of(place.command(&["plan"]).env("PATH", path).output().expect("the program starts"));
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(ran.stderr.contains("`cargo` is not among the programs of this machine: install Rust"), "{}", ran.stderr);
}

#[test]
fn a_first_script_in_rust_is_tested_planned_and_built() {
    let name = "a_first_script_in_rust_is_tested_planned_and_built";
    let Some(place) = place(name) else { return };
    std::fs::remove_dir_all(place.repo().join(".monkeyci")).expect("removed");
    assert_eq!(run(&place, &["init", "--lang", "rust"]).code, Some(0));

    let tested = run(&place, &["test"]);
    assert_eq!(tested.code, Some(0), "{}{}", tested.stdout, tested.stderr);
    assert!(tested.stdout.contains("test result: ok. 2 passed"), "{}", tested.stdout);
    let plan = run(&place, &["plan", "--tag", "v1.0.0"]);
    assert!(plan.code == Some(0) && plan.stdout.contains("needs approval"), "{}{}", plan.stdout, plan.stderr);
    let built = run(&place, &["build", "--tag", "v1.0.0", "--approve", "release"]);
    assert_eq!(built.code, Some(0), "{}{}", built.stdout, built.stderr);
    assert!(built.stdout.contains("[release] releasing v1.0.0"), "{}", built.stdout);

    let script = place.repo().join(".monkeyci/src/main.rs");
    let text = std::fs::read_to_string(&script).expect("there").replace(".after(&test)", "");
    std::fs::write(script, text).expect("written");
    let tested = run(&place, &["test"]);
    assert_eq!(tested.code, Some(1), "{}{}", tested.stdout, tested.stderr);
    assert!(tested.stdout.contains("a_tag_is_released_only_after_its_tests ... FAILED"), "{}", tested.stdout);
}

const HOOKED: &str = r##"
use std::{env, fs, process};

fn main() {
    let answer = env::var("MONKEYCI_SCRIPT_ANSWER").expect("set");
    match env::args().nth(1).expect("a verb").as_str() {
        "plan" => {
            let timed = r#"{"id":"timed","script":["exit 3"],"hooks":["after"]}"#;
            let never = r#"{"id":"never","script":["true"],"hooks":["prepare"]}"#;
            fs::write(answer, format!(r#"{{"protocol":1,"jobs":[{timed},{never}]}}"#)).expect("written");
        }
        "after" => {
            let question = fs::read_to_string(env::var("MONKEYCI_SCRIPT_QUESTION").expect("set")).expect("there");
            let knows = question.contains(r#""cause":"failure""#) && question.contains(r#""lines":[{"index":0,"exit":3"#);
            fs::write(answer, format!(r#"{{"warnings":["it knows all: {knows}"]}}"#)).expect("written");
        }
        _ => {
            eprintln!("looking for it\nerror: no such version");
            process::exit(1);
        }
    }
}
"##;

#[test]
fn a_program_is_told_all_of_a_job_that_ran_and_says_in_its_own_words_why_one_cannot() {
    let name = "a_program_is_told_all_of_a_job_that_ran_and_says_in_its_own_words_why_one_cannot";
    let Some(place) = place(name) else { return };
    place.write(".monkeyci/src/main.rs", HOOKED);
    let ran = run(&place, &["build"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("it knows all: true"), "{}", ran.stdout);
    let why = "never] failure: the script program could not `prepare` it: no such version looking for it\n";
    assert!(ran.stdout.contains(why), "{}", ran.stdout);
}

#[test]
fn only_programs_have_tests() {
    let ran = Place::with_script("- {id: a, script: [true]}").run(&["test"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("only programs have tests"), "{}", ran.stderr);
}
