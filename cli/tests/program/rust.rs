//! A script that is a program: planned, checked and built.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::place::{Place, Ran};

pub const MANIFEST: &str = "[package]\nname = \"script\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

pub const MAIN: &str = r##"
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

/// Runs the program to its end.
fn run(place: &Place, arguments: &[&str]) -> Ran {
    Ran::of(command(place, arguments).output().expect("the program starts"))
}

/// The program where the compiler finds what it needs, though the home is another one.
pub fn command(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.command(arguments);
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    for (name, folder) in [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")] {
        command.env(name, std::env::var_os(name).unwrap_or_else(|| home.join(folder).into()));
    }
    command
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

/// The script with a test that leaves a line in the marker's file, and one that passes as it is told.
fn with_tests(place: &Place, is_well: bool) {
    let tests = r#"
#[test]
fn first() {
    use std::io::Write;
    let ran = std::fs::OpenOptions::new().create(true).append(true).open("MARKER");
    ran.expect("a file").write_all(b"ran\n").expect("written");
}

#[test]
fn second() {
    assert!(WELL, "all is not well");
}
"#;
    let tests = tests.replace("MARKER", &place.marker().display().to_string()).replace("WELL", &is_well.to_string());
    place.write(".monkeyci/src/main.rs", &format!("{MAIN}{tests}"));
}

#[test]
fn a_build_runs_the_tests_of_its_script_once_and_ends_where_they_fail() {
    let Some(place) = place("a_build_runs_the_tests_of_its_script_once_and_ends_where_they_fail") else { return };
    with_tests(&place, true);
    let planned = run(&place, &["plan"]);
    assert!(planned.code == Some(0) && !place.marker().exists(), "{}{}", planned.stdout, planned.stderr);
    assert!(planned.stderr.contains("[script]    Compiling script"), "{}", planned.stderr);
    assert!(planned.stderr.ends_with("[script] asked to plan\n"), "{}", planned.stderr);
    let first = run(&place, &["build"]);
    assert_eq!(first.code, Some(0), "{}{}", first.stdout, first.stderr);
    assert!(first.stdout.contains("\nscript: 2 tests passed\n2 jobs to run\n"), "{}", first.stdout);
    assert!(first.stdout.contains("[script] asked to plan\n"), "{}", first.stdout);
    let again = run(&place, &["build"]);
    assert!(again.code == Some(0) && !again.stdout.contains("tests passed"), "{}{}", again.stdout, again.stderr);

    with_tests(&place, false);
    let failed = run(&place, &["build"]);
    assert_eq!(failed.code, Some(1), "{}{}", failed.stdout, failed.stderr);
    let said = "\na test of the script `.monkeyci/Cargo.toml` fails: `second`\n";
    assert!(failed.stdout.contains(said) && !failed.stdout.contains("[greet]"), "{}", failed.stdout);
    assert_eq!(failed.stdout.matches("all is not well").count(), 1, "{}", failed.stdout);
    assert!(failed.stdout.contains("\nhint: `monkeyci test` runs them alone"), "{}", failed.stdout);
    let without = run(&place, &["build", "--no-script-tests", "--json"]);
    assert_eq!(without.code, Some(0), "{}{}", without.stdout, without.stderr);
    let log = r#"{"type":"log","jobId":"script","attempt":0,"stream":"stdout","text":"asked to plan"}"#;
    assert!(without.stdout.lines().any(|line| line == log), "{}", without.stdout);
}

#[test]
fn tests_are_chosen_by_name_and_run_again_whenever_the_script_changes() {
    let Some(place) = place("tests_are_chosen_by_name_and_run_again_whenever_the_script_changes") else { return };
    with_tests(&place, false);
    let chosen = run(&place, &["test", "--", "first"]);
    assert_eq!(chosen.code, Some(0), "{}{}", chosen.stdout, chosen.stderr);
    assert!(chosen.stdout.contains("1 passed; 0 failed"), "{}", chosen.stdout);

    let count = || std::fs::read_to_string(place.marker()).map_or(0, |text| text.lines().count());
    let until = |runs| {
        let start = std::time::Instant::now();
        while count() < runs {
            assert!(start.elapsed().as_secs() < 60, "the tests did not run {runs} times");
            std::thread::sleep(std::time::Duration::from_millis(5)); // poll
        }
    };
    let child = command(&place, &["test", "--watch"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("the program starts");
    until(2);
    with_tests(&place, true);
    until(3);
    place.write(".monkeyci/src/main.rs", "fn main() { missing(); }\n");
    with_tests(&place, true);
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.expect("kill starts").success());
    let ran = Ran::of(child.wait_with_output().expect("ends"));
    assert_eq!(ran.code, Some(130), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("\ntest second ... FAILED\n"), "{}", ran.stdout);
    let separators = ran.stdout.lines().filter(|line| line.starts_with("── ")).count();
    assert!(separators >= 2, "{}", ran.stdout);
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
